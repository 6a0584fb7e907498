"""Compile files in every way; name each before it is begun: compile.py FILE..."""

import ast
import sys
import warnings

REJECTIONS = (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError)


def attempt(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except REJECTIONS as error:
        repr(error), str(error)


def main(files):
    warnings.simplefilter("ignore")
    for file in files:
        print(file, flush=True)
        with open(file, "rb") as stream:
            source = stream.read()
        text = source.decode("utf-8", "replace")
        attempt(compile, source, file, "exec", dont_inherit=True)
        attempt(compile, text, file, "exec", dont_inherit=True, optimize=2)
        first = text.partition("\n")[0]
        attempt(compile, first, file, "eval")
        attempt(compile, text, file, "single", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        attempt(ast.parse, first, mode="func_type")
        attempt(ast.parse, text, feature_version=(3, 7), type_comments=True)
        tree = attempt(ast.parse, text)
        if tree is not None:
            attempt(compile, tree, file, "exec")
            again = attempt(ast.unparse, tree)
            if again is not None:
                attempt(ast.parse, again)


main(sys.argv[1:])
