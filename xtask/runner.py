"""Run one of CPython's test files and write each outcome as a line of JSON.

    runner.py RESULTS NAME RESOURCES MATCH REPEAT SKIP

RESULTS is the file to append to, NAME a module of the package `test`, RESOURCES a comma-separated
list as for regrtest's -u, MATCH an fnmatch pattern for test ids or '', REPEAT how often to run the
suite (leak check), SKIP a file of test ids to leave out or ''.

It needs as little of the interpreter as it can: unittest, but neither regrtest nor json, so that a
young runtime gets results. Each line is written at once; what was running when the process died is
the last "start" without an outcome.
"""

import fnmatch
import os
import sys


def quote(text):
    out = ['"']
    for c in text:
        code = ord(c)
        if c == '"' or c == "\\":
            out.append("\\" + c)
        elif 32 <= code < 127:
            out.append(c)
        elif code < 0x10000:
            out.append("\\u%04x" % (0xFFFD if 0xD800 <= code < 0xE000 else code))
        else:
            code -= 0x10000
            out.append("\\u%04x\\u%04x" % (0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF)))
    out.append('"')
    return "".join(out)


def write(event, id="", reason="", where="", trace=""):
    if os.getpid() != owner:
        return  # a child that a test forked
    fields = [("event", event), ("id", id), ("reason", reason), ("where", where), ("trace", trace)]
    line = "{" + ",".join('"%s":%s' % (k, quote(v)) for k, v in fields if v) + "}\n"
    os.write(output, line.encode("ascii"))


def first_line(type, value):
    try:
        text = str(value)
    except BaseException as error:
        text = "<str() raised %s>" % error.__class__.__name__
    lines = [line for line in text.splitlines() if line.strip()]
    name = type.__name__
    # unittest prints long differences below a first line; the exception's name is needed, too.
    return (name + ": " + lines[0].strip() if lines else name)[:400]


def place(tb):
    """The innermost line of the tests themselves."""
    found = ""
    while tb is not None:
        path = tb.tb_frame.f_code.co_filename
        if "/test/" in path and "/test/support/" not in path:
            found = "%s:%d" % (path.rpartition("/test/")[2], tb.tb_lineno)
        tb = tb.tb_next
    return found


def problem(event, id, error):
    type, value, tb = error
    try:
        import traceback

        trace = "".join(traceback.format_exception(type, value, tb))[-6000:]
    except BaseException as second:
        trace = "(no traceback: %s)" % first_line(second.__class__, second)
    write(event, id, first_line(type, value), place(tb), trace)


def identity(test):
    id = type(test).id(test)  # a test may have an attribute of that name
    for prefix in ("test." + NAME + ".", NAME + ".", "test."):
        if id.startswith(prefix):
            return id[len(prefix):]
    return id


def run():
    import unittest
    from test import support

    class Result(unittest.TestResult):
        def startTest(self, test):
            super().startTest(test)
            write("start", identity(test))

        def addSuccess(self, test):
            super().addSuccess(test)
            write("pass", identity(test))

        def addFailure(self, test, error):
            super().addFailure(test, error)
            problem("fail", identity(test), error)

        def addError(self, test, error):
            super().addError(test, error)
            problem("fail", identity(test), error)

        def addSubTest(self, test, subtest, error):
            super().addSubTest(test, subtest, error)
            if error is not None:
                problem("fail", identity(test), error)

        def addSkip(self, test, reason):
            super().addSkip(test, reason)
            write("skip", identity(test), str(reason)[:400])

        def addExpectedFailure(self, test, error):
            super().addExpectedFailure(test, error)
            write("pass", identity(test))

        def addUnexpectedSuccess(self, test):
            super().addUnexpectedSuccess(test)
            write("fail", identity(test), "unexpected success")

    def keep(suite, wanted):
        tests = []
        for test in suite._tests:
            if isinstance(test, unittest.TestSuite):
                keep(test, wanted)
                tests.append(test)
            elif wanted(identity(test)):
                tests.append(test)
        suite._tests = tests

    def chosen(suite):
        if MATCH:
            keep(suite, lambda id: fnmatch.fnmatchcase(id, MATCH))
        return suite

    support.verbose = 0
    support.use_resources = dict.fromkeys(RESOURCES.split(",")) if RESOURCES else {}
    support.junit_xml_list = None
    support.record_original_stdout(sys.stdout)
    try:
        from test.libregrtest import setup

        setup.setup_unraisable_hook()
        setup.setup_threading_excepthook()
        setup.adjust_rlimit_nofile()
    except Exception as error:
        # A comfort only: without the hooks a test that looks for their effect fails by itself.
        print("runner: no hooks:", first_line(error.__class__, error), file=sys.stderr)

    try:
        __import__("test." + NAME)
        module = sys.modules["test." + NAME]
        loader = unittest.TestLoader()
        suite = loader.loadTestsFromModule(module)
        if loader.errors:
            lines = loader.errors[0].strip().splitlines()
            write("fail", "(load)", lines[-1][:400], "", loader.errors[0][-6000:])
            return
    except unittest.SkipTest as error:
        write("skip", "(load)", str(error)[:400])
        return
    except BaseException as error:
        problem("fail", "(load)", (error.__class__, error, error.__traceback__))
        return
    if REPEAT != "1":
        hunt_leaks(int(REPEAT), lambda: chosen(loader.loadTestsFromModule(module))(Result()))
        return
    suite = chosen(suite)
    if SKIP:
        with open(SKIP, encoding="utf-8") as file:
            done = set(file.read().splitlines())
        keep(suite, lambda id: id not in done)

    result = Result()
    suite(result)
    if not result.testsRun and not result.skipped and not result.errors and not SKIP:
        write("skip", "(load)", "no tests ran")


def references():
    """The references to all objects that the collector knows and to those that these refer to:
    what a release build can say of leaked references to objects that live on anyway."""
    import gc

    objects = gc.get_objects()
    objects = {id(o): o for o in objects + gc.get_referents(*objects)}
    immortal = 1 << 28
    return sum(count for o in objects.values() if (count := sys.getrefcount(o)) < immortal)


def hunt_leaks(times, test):
    """Run a test as regrtest's -R does and write what there is after each time."""
    from test.libregrtest import refleak, runtests
    from test.support import os_helper

    total = getattr(sys, "gettotalrefcount", references)
    files = os_helper.fd_count

    def measure():
        # Nothing was allocated since regrtest's collection.
        blocks = sys.getallocatedblocks() - sys.getunicodeinternedsize(_only_immortal=True)
        count = files()
        write("count", "", "%d %d %d" % (total(), blocks, count))
        return count

    os_helper.fd_count = measure
    sys.gettotalrefcount = lambda: 0
    hunt = runtests.HuntRefleak(0, times, os.devnull)
    refleak.runtest_refleak(NAME, test, hunt, quiet=True)


# multiprocessing and subinterpreters import the main module once more, under another name.
if __name__ == "__main__":
    RESULTS, NAME, RESOURCES, MATCH, REPEAT, SKIP = sys.argv[1:7]
    sys.argv[1:] = []
    # As in regrtest's workers, which are started with -m: modules come from the working directory.
    sys.path[0] = os.getcwd()
    # regrtest's check that programs work with such a variable; one of its tests looks for it.
    os.environb.setdefault(b"PYTHONREGRTEST_UNICODE_GUARD", b"\xc3\xa6\xff")
    output = os.open(RESULTS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    owner = os.getpid()
    try:
        run()
        write("end")
    except BaseException as error:
        problem("fail", "(run)", (error.__class__, error, error.__traceback__))
        write("end")
