sources = [
    "x = (1,\n", "if x\n  pass", "f(a b)", "def f(:\n pass", "1 +", "x = = 2", "'abc", "'''abc",
    "f'{'", "f'{x!z}'", "return 1", "break", "for x in y: continue\ncontinue", "a, *b, *c = x",
    "del f()", "f() = 1", "x + 1 = 2", "nonlocal x", "def f():\n  x = 1\n  global x", "if 1:\npass",
    "  x", "if 1:\n    a\n  b", "print 'x'", "exec 'x'", "class C: x y", "lambda: (yield)\nyield",
    "async def f(): yield from x", "await x", "0777", "1_", "0x", "1e", "5abc", "\\x", "é = $",
    "def f(a, a): pass", "f(a=1, a=2)", "f(**x, *y)", "f(a=1, 2)", "None = 1", "x: int: str",
    "try:\n  pass", "try: pass\nexcept: pass\nexcept A: pass", "with x as 1: pass", "{**x for x in y}",
    "match x:\n  case a: pass\n  case b: pass", "import a.b as c.d", "from x import *, y", "a := 1",
    "from __future__ import nope", "(x for x in y, 1)", "f(x for x in y, 1)", "[i := 0 for i in x]",
]
for source in sources:
    try:
        compile(source, "<s>", "exec")
        print(repr(source), "ok")
    except SyntaxError as error:
        print(repr(source), type(error).__name__, error.msg, error.lineno, error.offset,
              error.end_lineno, error.end_offset)
