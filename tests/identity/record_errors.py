"""Record the sources that the reference's own tests compile and CPython rejects.

    record_errors.py OUT TEST...        JSON lines: source, mode, error
"""

import builtins
import json
import sys
import unittest
import warnings

seen = {}
real_compile = builtins.compile
KINDS = (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError)


def record(source, mode, flags):
    if not isinstance(source, str) or flags & ~0x1FE0000 or mode not in ("exec", "eval", "single"):
        return
    key = (source, mode)
    if key in seen or len(source) > 100_000:
        return
    try:
        source.encode()
    except UnicodeEncodeError:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            real_compile(source, "<string>", mode, flags, True)
            seen[key] = None
        except SyntaxError as error:
            position = [error.lineno, error.offset, error.end_lineno, error.end_offset]
            seen[key] = [type(error).__name__, error.msg, *(value or 0 for value in position), error.text]
        except KINDS as error:
            seen[key] = [type(error).__name__, str(error), 0, 0, 0, 0, None]


def compile_(source, filename, mode, flags=0, *args, **kwargs):
    record(source, mode, flags)
    return real_compile(source, filename, mode, flags, *args, **kwargs)


def main(out, *tests):
    builtins.compile = compile_
    real_exec, real_eval = builtins.exec, builtins.eval

    def exec_(source, *args, **kwargs):
        record(source, "exec", 0)
        if not args and not kwargs:
            frame = sys._getframe(1)
            args = (frame.f_globals, frame.f_locals)
        return real_exec(source, *args, **kwargs)

    def eval_(source, *args, **kwargs):
        record(source.lstrip(" \t") if isinstance(source, str) else source, "eval", 0)
        if not args and not kwargs:
            frame = sys._getframe(1)
            args = (frame.f_globals, frame.f_locals)
        return real_eval(source, *args, **kwargs)

    builtins.exec, builtins.eval = exec_, eval_
    for name in tests:
        try:
            suite = unittest.defaultTestLoader.loadTestsFromName(f"test.{name}")
            unittest.TextTestRunner(stream=open("/dev/null", "w"), verbosity=0).run(suite)
        except Exception as error:
            print(name, error, file=sys.stderr)
    rejected = 0
    with open(out, "w", encoding="utf-8", errors="surrogatepass") as stream:
        for (source, mode), error in seen.items():
            rejected += error is not None
            print(json.dumps({"source": source, "mode": mode, "error": error}), file=stream)
    print(f"{len(seen)} sources, {rejected} rejected", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
