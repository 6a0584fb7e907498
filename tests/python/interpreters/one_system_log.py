"""The system log belongs to the process: only the main interpreter opens and closes it."""
import _interpreters
import syslog

CODE = """if True:
    import syslog
    for attempt in [lambda: syslog.openlog("other"), syslog.closelog, lambda: syslog.syslog("message")]:
        try:
            print(attempt())
        except RuntimeError as error:
            print(error)
"""


def run():
    interpreter = _interpreters.create()
    print(_interpreters.exec(interpreter, CODE))
    _interpreters.destroy(interpreter)


run()
syslog.openlog("krait test", syslog.LOG_PID)
run()
syslog.closelog()
run()
