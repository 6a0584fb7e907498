"""Each interpreter interns its own strings; attributes are found by them in either."""
import sys
import textwrap
from concurrent import interpreters

name = sys.intern("only_known_here_" + str(len(sys.argv)))
static = sys.intern("__init__")

interp = interpreters.create()


def run(code):
    sys.stdout.flush()
    interp.exec(textwrap.dedent(code) + "\nimport sys; sys.stdout.flush()")


run(f"""
    import sys
    same = sys.intern(str({name.encode()!r}, 'utf-8'))
    print('interned here', sys._is_interned(same), 'the same', id(same) == {id(name)})
    print('of the runtime', id(sys.intern(str({static.encode()!r}, 'utf-8'))) == {id(static)})
""")


class Plain:
    pass


def attributes(names):
    """Set and get attributes by computed names and by names in code."""
    plain = Plain()
    for each in names:
        setattr(plain, each, each.upper())
    plain.only_known_here_1 = "in code"
    return sorted(vars(plain).items()), getattr(plain, "only_known_" + "here_1")


print(attributes([name, "zipped_" + "later"]))
run("""
    class Plain:
        pass

    plain = Plain()
    for each in dir(memoryview)[-3:] + dir(type(zip()))[-2:] + ['only_known_' + 'here_1']:
        setattr(plain, each, each.upper())
    print(sorted(vars(plain).items()))
    print(plain.tolist, plain.only_known_here_1, hasattr(plain, 'tobytes'))
    plain.tolist = 'again'
    print(getattr(plain, 'to' + 'list'), len(vars(plain)))
""")


def keywords(*, first=0, second=0, **others):
    return first, second, others


print(keywords(**{"fir" + "st": 1, "thi" + "rd": 3}))
run("""
    def keywords(*, first=0, second=0, **others):
        return first, second, others

    print(keywords(**{'fir' + 'st': 1, 'thi' + 'rd': 3}), keywords(second=2, fourth=4))
""")
interp.close()

again = interpreters.create()
sys.stdout.flush()
again.exec(f"import sys; print(id(sys.intern({name!r})) == {id(name)}, flush=True)")
again.close()
print(sys.intern("only_known_here_" + "1") is name)
