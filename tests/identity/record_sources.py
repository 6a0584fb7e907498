"""Write the sources that the reference's own tests compile to files.

    record_sources.py FOLDER TEST...

A file is FOLDER/TEST/NUMBER.MODE. Only what a text alone decides is written: sources that are given as
bytes or with flags, and those that are not UTF-8, are left out.
"""

import builtins
import pathlib
import sys
import unittest

FUTURES = 0x1FE0000
LONGEST = 100_000

real_compile, real_exec, real_eval = builtins.compile, builtins.exec, builtins.eval
sources = {}


def record(source, mode, flags=0):
    if not isinstance(source, str) or len(source) > LONGEST or flags & ~FUTURES:
        return
    if mode in ("exec", "eval", "single"):
        sources.setdefault((source, mode))


def compile_(source, filename, mode, flags=0, *args, **kwargs):
    record(source, mode, flags)
    return real_compile(source, filename, mode, flags, *args, **kwargs)


def namespaces(args, kwargs):
    if args or kwargs:
        return args
    frame = sys._getframe(2)
    return frame.f_globals, frame.f_locals


def exec_(source, *args, **kwargs):
    record(source, "exec")
    return real_exec(source, *namespaces(args, kwargs), **kwargs)


def eval_(source, *args, **kwargs):
    record(source.lstrip(" \t") if isinstance(source, str) else source, "eval")
    return real_eval(source, *namespaces(args, kwargs), **kwargs)


def main(folder, *tests):
    builtins.compile, builtins.exec, builtins.eval = compile_, exec_, eval_
    for name in tests:
        sources.clear()
        suite = unittest.defaultTestLoader.loadTestsFromName(f"test.{name}")
        with open("/dev/null", "w") as nowhere:
            unittest.TextTestRunner(stream=nowhere, verbosity=0).run(suite)
        target = pathlib.Path(folder, name)
        target.mkdir(parents=True, exist_ok=True)
        for number, (source, mode) in enumerate(sources):
            try:
                (target / f"{number:04}.{mode}").write_bytes(source.encode())
            except UnicodeEncodeError:
                pass


if __name__ == "__main__":
    main(*sys.argv[1:])
