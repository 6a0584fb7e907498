# Attributes and methods of instances that got theirs in different orders; class methods of classes.
class Node:
    kind = "node"

    def __init__(self, *names):
        for i, name in enumerate(names):
            setattr(self, name, i)

    def method(self):
        return self.a

    def other(self):
        return self.kind


def read(node):
    return node.method(), node.other(), node.a


orders = ["a", "ab", "ba", "cab", "abcdefgh", "hgfedcba", "xyza"]
for turn in range(60):
    got = [read(Node(*order)) for order in orders]
    shadowed = Node("a")
    shadowed.other = lambda: "own"
    got.append(read(shadowed))
    as_dict = Node("b", "a")
    as_dict.__dict__["other"] = lambda: "in dict"
    got.append(read(as_dict))
    if turn in (0, 59):
        print(got)

Node.other = lambda self: "changed"
print([read(Node(*order)) for order in orders])


class Base:
    @classmethod
    def name(cls, *args):
        return cls.__name__, args

    number = classmethod(5)


class Derived(Base):
    pass


def ask(cls):
    return cls.name(1)


for turn in range(60):
    assert ask(Base) == ("Base", (1,)) and ask(Derived) == ("Derived", (1,))
method = Base.__dict__["name"]
method.__init__(lambda cls, *args: ("again", cls.__name__))
print(ask(Base), ask(Derived))
Base.name = classmethod(lambda cls, *args: ("new", cls.__name__))
print(ask(Base), ask(Derived))
Base.name = staticmethod(lambda *args: ("static", args))
print(ask(Base), ask(Derived))
for turn in range(60):
    try:
        Base.number()
    except TypeError as e:
        text = str(e)
print(text)
