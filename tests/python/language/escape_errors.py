# Escapes that no string can be made of, in each kind of literal.
ESCAPES = [
    "\\x", "\\x1", "\\u12", "\\U0011", "\\U00110000", "\\N", "\\N{", "\\N{}", "\\Na}",
    "\\N{NOPE}", "\\N{DIGIT ONE", "é\\N{}", "ok\\x4",
]
for escape in ESCAPES:
    for literal in ("'%s'", "'''%s'''", "f'%s'", "f'{1}%s'", "t'%s'", "t'{1}%s'", "t'a' t'%s'", "b'%s'"):
        source = literal % escape
        try:
            compile(source, "<escape>", "eval")
        except SyntaxError as error:
            print(ascii(source), error.msg, error.offset, error.end_offset)
        else:
            print(ascii(source), "compiles")
