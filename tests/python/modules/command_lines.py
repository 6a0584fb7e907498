"""Options and what they refuse, closed streams, broken programs: output, errors, exit codes."""
import os
import subprocess
import sys
import tempfile


def run(*args, stdin="", **environment):
    inherited = {key: os.environ[key] for key in ["PATH", "PYTHONHOME"] if key in os.environ}
    result = subprocess.run(
        [sys.executable, *args], input=stdin, capture_output=True, text=True,
        env=inherited | {"LANG": "C.UTF-8"} | environment,
    )
    errors = result.stderr.replace(sys.executable, "python").replace(os.getcwd(), "folder")
    print(args[:6], environment or "", result.returncode, repr(result.stdout))
    print("".join(f"    {line}\n" for line in errors.splitlines() if "0x" not in line), end="")


for option in [
    "gil=0", "gil=x", "cpu_count=0", "cpu_count=x", "importtime=3", "tracemalloc=x", "frozen_modules=bad",
    "thread_inherit_context=2", "context_aware_warnings", "int_max_str_digits=10", "utf8=2", "nosuch", "showrefcount",
]:
    run("-X", option, "-c", "print('ran')")
for name, value in [
    ("PYTHON_GIL", "0"), ("PYTHON_CPU_COUNT", "x"), ("PYTHON_THREAD_INHERIT_CONTEXT", "2"),
    ("PYTHON_FROZEN_MODULES", "x"), ("PYTHONTRACEMALLOC", "x"), ("PYTHONHASHSEED", "x"), ("PYTHONUTF8", "2"),
]:
    run("-c", "print('ran')", **{name: value})
run("-X", "cpu_count=3", "-c", "import os; print(os.cpu_count(), os.process_cpu_count())")
run("-X", "faulthandler", "-c", "import faulthandler; print(faulthandler.is_enabled())")
run("-X", "frozen_modules=off", "-c", "import os; print(os.__spec__.loader is __import__('_frozen_importlib').FrozenImporter)")
run("-X", "dev", "-c", "import sys, faulthandler; print(sys.flags.dev_mode, faulthandler.is_enabled(), sys.warnoptions)")
run("-c", "  x = 1\n  if x:\n    print('dedented')\n")
run("-c", "\tif 1:\n\t\tprint('tabs')")
run("-c", "  print(1)\n print(2)")
for option in ["-J", "-Z", "--nosuch", "-c", "-m", "-W", "-X", "--check-hash-based-pycs"]:
    run(option)
run("-", "a", stdin="import sys\nprint(sys.argv, __name__)\n1/0\n")
run(stdin="def f():\n    return undefined\nf()\n")
run("-i", "-q", stdin="class\nx = [\n1]\nx\n1 / 0\ndef f():\n  return 5\n\nf()\n_ + 1\n")
run("-i", "-q", stdin="1 / 0 / 3")

with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for name, data in {
        "magic.pyc": b"abcd" + bytes(12), "short.pyc": b"\x2b\x0e\x0d\x0a", "garbage.pyc": b"\x2b\x0e\x0d\x0a" + bytes(12) + b"?",
        "null.py": b"print(1)\n\0print(2)\n", "latin.py": b'print("caf\xe9")\n', "cookie.py": b"# coding: nosuch\nprint(1)\n",
    }.items():
        with open(name, "wb") as file:
            file.write(data)
    os.mkdir("empty")
    for name in ["magic.pyc", "short.pyc", "garbage.pyc", "null.py", "latin.py", "cookie.py", "empty", "missing.py"]:
        run(name)
    for close in ["<&-", ">&-", "2>&-"]:
        command = f"{sys.executable} -c 'import sys; print(sys.stdin is None, sys.stdout is None, sys.stderr is None, file=sys.stderr or sys.stdout)' {close}"
        result = subprocess.run(command, shell=True, capture_output=True, text=True)
        print(close, result.returncode, result.stdout, result.stderr)
