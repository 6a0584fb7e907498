"""Statements typed in: their file names, errors found after parsing; the C locale; allocators."""
import os
import subprocess
import sys


def run(*args, stdin="", **environment):
    inherited = {key: os.environ[key] for key in ["PATH", "PYTHONHOME"] if key in os.environ}
    result = subprocess.run(
        [sys.executable, *args], input=stdin, capture_output=True, text=True, env=inherited | environment,
    )
    print(args, environment, result.returncode)
    for line in (result.stdout + result.stderr).splitlines():
        print("   ", line)


where = "print(__import__('sys')._getframe().f_code.co_filename)\n"
run("-i", "-q", stdin=where + "# nothing\n" + where + "x x\n" + where, LANG="C.UTF-8")
run("-i", "-q", stdin="return 1\ndef f(x, x): ...\n\ndef g():\n  nonlocal y\n\n1 / 0\n", LANG="C.UTF-8")
run("-i", "-q", stdin="import warnings\nwarnings.warn('careful')\n1 is 1\n", LANG="C.UTF-8")
for unended in ["if 1:\n  print(3)", "if 1:\n  print(3)\n", "print(3)", "(1,\n", "x = \"\"\"\n", "if 1: print(3)\n",
                "def f(x, x): ...\n", "class A: x = 1 +\n"]:
    run("-i", "-q", stdin=unended, LANG="C.UTF-8")
hook = "import sys\nsys.excepthook = lambda kind, error, _: print(error.filename, repr(error.text))\n"
run("-i", "-q", stdin=hook + "break\nx x\n", LANG="C.UTF-8")

what = "import sys, os; print(sys.flags.utf8_mode, os.environ.get('LC_CTYPE'), sys.stdin.errors)"
for setting in [None, "0", "1", "warn"]:
    for name in ["LANG", "LC_CTYPE", "LC_ALL"]:
        settings = {} if setting is None else {"PYTHONCOERCECLOCALE": setting}
        run("-c", what, **{name: "C"}, **settings)
run("-I", "-c", what, LANG="POSIX")
run("-X", "utf8=0", "-c", what, LANG="C")
what = ("import sys, os; print(sys.getfilesystemencoding(), sys.stdout.encoding, open(0).encoding, ascii(sys.argv), "
        "ascii(os.environ['NAME']), os.environb[b'NAME'], os.fsencode(sys.argv[1]))\n"
        "try: os.stat('\\xe9')\nexcept (UnicodeError, OSError) as error: print(ascii(error))")
for settings in [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"LANG": "C", "PYTHONUTF8": "0"},
                 {"LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]:
    run("-c", what, "caf\xe9", NAME="\xe9\u20ac", **settings)
for name in ["mimalloc", "mimalloc_debug", "nosuch"]:
    run("-c", "print(list(range(3)))", LANG="C.UTF-8", PYTHONMALLOC=name)
