"""Elements of _elementtree: sequence of children, texts, copies, errors."""

import copy
import pickle
import xml.etree.ElementTree as ET


def attempt(what, *args, **kwargs):
    try:
        print(what(*args, **kwargs))
    except Exception as error:
        print(type(error).__name__, error)


def tags(elements):
    return [element.tag for element in elements]


root = ET.Element("root", {"a": "1"}, b="2")
children = [ET.SubElement(root, f"c{i}", i=str(i)) for i in range(6)]
print(ET.tostring(root), root.attrib, len(root))

for args in [(), ("a", 1), ("a", {}, 1)]:
    attempt(ET.Element, *args)
attempt(ET.Element, "a", attrib=1)
attempt(ET.SubElement, "a", "b")
attempt(ET.SubElement, root)
attempt(root.append, 5)
attempt(root.insert, 0, 5)
attempt(root.extend, 5)
attempt(root.extend, [5])
attempt(root.remove, 5)
attempt(root.remove, ET.Element("z"))
attempt(root.makeelement, 1)
for key in (10, -10, "a", 2**70):
    attempt(root.__getitem__, key)
    attempt(root.__setitem__, key, root)
    attempt(root.__delitem__, key)
attempt(root.__setitem__, 0, 5)
attempt(root.__setitem__, slice(0, 2), 5)
attempt(root.__setitem__, slice(0, 2), [5])
attempt(root.__setitem__, slice(0, 4, 2), [root])

print(tags(root[::-2]), tags(root[1:3]))
root[0], root[-1] = root[-1], root[0]
print(tags(root))
root[1:3] = [ET.Element("x"), ET.Element("y"), ET.Element("z")]
root[::3] = [ET.Element("p"), ET.Element("q"), ET.Element("r")]
print(tags(root))
del root[1::2]
print(tags(root))
root.insert(-100, children[0])
root.insert(100, children[1])
del root[2:]
print(tags(root))

for name in ("tag", "text", "tail", "attrib"):
    attempt(delattr, root, name)
attempt(setattr, root, "attrib", 5)
attempt(setattr, root, "other", 5)

root.text, root[0].tail = "text", "tail"
again = pickle.loads(pickle.dumps(root))
print(ET.tostring(again) == ET.tostring(root), again is root)
shallow, deep = copy.copy(root), copy.deepcopy(root)
print(shallow[0] is root[0], deep[0] is root[0], ET.tostring(deep))
state = root.__getstate__()
print(sorted(state), state["tag"], state["text"], state["tail"])
for state in (5, {}, {"tag": 1, "_children": 5}, {"tag": 1, "_children": [5]}):
    attempt(ET.Element("a").__setstate__, state)

print(root.find("c0").tag, root.find("none"), root.findtext("c0"), root.findtext("none", "?"))
print(tags(root.findall("c0")), tags(root.findall("*")), tags(root.iterfind("./c1")))
print(root.get("a"), root.get("none"), root.get("none", 7), root.keys(), root.items())
print(tags(root.iter()), tags(root.iter("c0")), list(root.itertext()))

comment = ET.Comment("said")
comment.append(ET.Element("in"))
comment[0].text = "inner"
root.append(comment)
print(list(root.itertext()))
root.clear()
print(root.attrib, len(root), root.text)


class Nosy(str):
    """Compares by emptying the tree that is searched."""

    def __eq__(self, other):
        root.clear()
        return False

    __hash__ = str.__hash__


root.extend(ET.Element(Nosy("n")) for _ in range(3))
print(root.find("n"), len(root))

deepest = top = ET.Element("top")
for _ in range(100_000):
    deepest = ET.SubElement(deepest, "deeper")
print(sum(1 for _ in top.iter()))
