"""Parsers and builders of _elementtree."""

import io
import xml.etree.ElementTree as ET


def attempt(what, *args, **kwargs):
    try:
        print(what(*args, **kwargs))
    except Exception as error:
        place = getattr(error, "code", None), getattr(error, "position", None)
        print(type(error).__name__, error, *place)


TEXT = """<!DOCTYPE r [<!ENTITY e "en<i>t</i>ity"><!ATTLIST r z CDATA "default">]>
<r xmlns="u" xmlns:b="v" b:c="d" e="&lt;&#65;">one
two&e;<![CDATA[<cdata>]]><!-- comment --><?pi data?><b:empty/>tail</r>"""
root = ET.fromstring(TEXT)
print([(e.tag, e.attrib, e.text, e.tail) for e in root.iter()])

builder = ET.TreeBuilder(insert_comments=True, insert_pis=True)
root = ET.fromstring(TEXT, ET.XMLParser(target=builder))
print(ET.tostring(root))

events = ["start", "end", "start-ns", "end-ns", "comment", "pi"]
parser = ET.XMLPullParser(events)
for piece in TEXT[:150], TEXT[150:]:
    parser.feed(piece)
parser.close()
for kind, what in parser.read_events():
    print(kind, what if kind.endswith("ns") else what.tag if isinstance(what.tag, str) else what.text)


class Target:
    def start(self, tag, attrib):
        print("start", tag, attrib)

    def end(self, tag):
        print("end", tag)

    def data(self, data):
        print("data", repr(data))

    def comment(self, text):
        print("comment", text)

    def pi(self, target, data):
        print("pi", target, data)

    def start_ns(self, prefix, uri):
        print("start_ns", prefix, uri)

    def end_ns(self, prefix):
        print("end_ns", repr(prefix))

    def doctype(self, name, public, system):
        print("doctype", name, public, system)

    def close(self):
        return "closed"


parser = ET.XMLParser(target=Target())
parser.feed(TEXT)
print(parser.close())

for text in ("<a>&foo;</a>", "<a></b>", "", "<a", "<a b='1' b='2'/>", "<a/><b/>", "<a:b/>",
             "<a>\x01</a>", '<a b="&foo;"/>', "<a>]]></a>"):
    attempt(ET.fromstring, text)
for data in (b'<?xml version="1.0" encoding="latin-1"?><a>\xe9</a>', "<a>\xe9</a>".encode("utf-16"),
             b'<?xml version="1.0" encoding="utf-7"?><a/>', b'<?xml version="1.0" encoding="no"?><a/>',
             b'<?xml version="1.0" encoding="cp1252"?><a>\x80</a>', b"<a>\xff</a>"):
    attempt(lambda: ET.fromstring(data).text)
attempt(ET.XMLParser().feed, 5)
attempt(ET.XMLParser, 1)
attempt(ET.XMLParser, encoding=5)
attempt(ET.XMLParser.__new__(ET.XMLParser).feed, "")
attempt(ET.XMLParser()._setevents, 5)
attempt(ET.XMLParser()._setevents, [], 5)
attempt(ET.XMLParser()._setevents, [], [5])
attempt(ET.XMLParser()._setevents, [], ["foo"])
attempt(ET.XMLParser(target=Target())._setevents, [])

parser = ET.XMLParser()
parser.entity["known"] = "value"
parser.feed('<!DOCTYPE a SYSTEM "x"><a>&known;!</a>')
print(parser.close().text)
parser = ET.XMLParser()
attempt(parser.feed, '<!DOCTYPE a SYSTEM "x"><a>&known;</a>')

builder = ET.TreeBuilder()
builder.start("a", {})
builder.data("x")
builder.comment("c")
builder.data("y")
print(builder.end("whatever").text)
attempt(builder.start, "b", {})
attempt(ET.TreeBuilder().end, "a")
print(ET.TreeBuilder().close(), ET.TreeBuilder(comment_factory=len).comment("four"))
builder = ET.TreeBuilder(element_factory=lambda tag, attrib: ET.Element(tag.upper(), attrib))
print(ET.tostring(ET.fromstring("<a b='c'>d<e/>f</a>", ET.XMLParser(target=builder))))

for event, element in ET.iterparse(io.BytesIO(b"<a>" + b"<b>text</b>\r\n" * 3 + b"</a>")):
    print(event, element.tag, repr(element.text), repr(element.tail))
big = "<a>" + "".join(f"<b n='{i}'>{i}</b>" for i in range(5000)) + "</a>"
root = ET.parse(io.StringIO(big)).getroot()
print(len(root), root[-1].attrib, ET.tostring(root, "unicode") == big.replace("'", '"'))
