"""Warnings come in source order, also before an error; as errors they have a place."""

import ast
import symtable
import warnings

SOURCES = [
    "'\\e' + b'\\w'[0] + f'{x}\\q'",
    "x = 1if y else 2",
    "x is 1; 'a' is y; 3()",
    "[(1, 2) (3), t'{x}' [0], 'a' ['b']]",
    "assert (1, 'never')",
    "def f():\n    try:\n        pass\n    finally:\n        return 1",
    # Rejected later on: by the parser, by the tokenizer, by the compiler.
    "'\\e' 1",
    "'\\e' + (",
    "x '\\e'",
    "1if x else y; '\\e'; return",
    "x is 1\nreturn",
    "'a\\e' b'\\w'",
]


def describe(error):
    place = error.lineno, error.offset, error.end_lineno, error.end_offset
    return f"{error.msg} {place} {error.text!r}"


def attempt(what, source):
    try:
        what(source)
    except SyntaxError as error:
        print("   ", describe(error))


for source in SOURCES:
    print(repr(source))
    for action in "always", "error":
        with warnings.catch_warnings(record=True) as issued:
            warnings.simplefilter(action)
            attempt(lambda text: compile(text, "<text>", "exec"), source)
        for warning in issued:
            print("   ", warning.category.__name__, warning.lineno, warning.message)

print("parts of the compiler")
for what in ast.parse, lambda text: symtable.symtable(text, "<text>", "exec"):
    with warnings.catch_warnings(record=True) as issued:
        warnings.simplefilter("always")
        attempt(what, "'\\e' is x")
    print([str(warning.message)[:30] for warning in issued])

print("where the parser gave up")
for source in "with a ad b: pass", "if x:\n    pass\nelse if y:\n    pass", "def f():\n  for x in y: pass\n  z z":
    try:
        compile(source, "<text>", "exec")
    except SyntaxError as error:
        print(error._metadata)
