"""What handlers are told of documents, whole and in pieces, and of broken ones."""
from xml.parsers import expat

HANDLERS = [name for name in dir(expat.XMLParserType) if name.endswith("Handler")]


def record(text, names=HANDLERS, chunk=None, **options):
    parser = expat.ParserCreate(**options)

    def handler(name):
        def told(*args):
            print(" ", name[:-7], args, parser.CurrentLineNumber, parser.CurrentColumnNumber, parser.CurrentByteIndex)
            return 1
        return told

    for name in names:
        if not name.startswith("Default"):
            setattr(parser, name, handler(name))
    try:
        if chunk:
            for start in range(0, len(text), chunk):
                parser.Parse(text[start : start + chunk])
            print(parser.Parse(text[:0], True))
        else:
            print(parser.Parse(text, True))
    except expat.ExpatError as error:
        print(" ", error, error.code, error.lineno, error.offset, parser.ErrorByteIndex)


DOCUMENT = """<?xml version="1.0" standalone="yes"?><!DOCTYPE a [
<!ELEMENT a (b,(c|d)*,e?)><!ELEMENT m (#PCDATA|x)*><!ELEMENT n EMPTY>
<!ATTLIST a x CDATA "d" y (p|q) #IMPLIED n NOTATION (k|l) #REQUIRED f CDATA #FIXED "3">
<!NOTATION k PUBLIC "pk"><!ENTITY e "v&#65;"><!ENTITY two "&e;<q/>">
<!ENTITY u SYSTEM "us" NDATA k>]><!-- c --><?pi  d ?>
<a y=" p  q "
z="&e;">a
b&two;&#66;<![CDATA[x]
]]]><b/></a>"""

print("whole")
record(DOCUMENT)
print("in pieces")
record(DOCUMENT.encode("utf-16"), ["StartElementHandler", "EndElementHandler", "CommentHandler"], chunk=3)
print("namespaces")
NAMES = '<a xmlns="u" xmlns:p="q" p:x="1" y="2"><p:b xmlns=""><c/></p:b></a>'
record(NAMES, namespace_separator=" ")
record(NAMES, ["StartElementHandler"])

print("broken")
for text in [
    "", "<", "<a", '<a b="1"c="2"/>', "<a></b>", "<a>&x;</a>", "<a>&#0;</a>", "<a/><b/>", "<a>]]></a>",
    '<a b="1" b="2"/>', ' <?xml version="1.0"?><a/>', "<?xml version=1?><a/>", "<a><!-- -- --></a>",
    "<a><![CDATA[x</a>", "<!DOCTYPE a [<!FOO x>]><a/>", '<!DOCTYPE a [<!ENTITY x "%y;">]><a/>',
    '<!DOCTYPE a [<!ENTITY x "&y;"><!ENTITY y "&x;">]><a>&x;</a>', '<!DOCTYPE a [<!ENTITY x "<b>">]><a>&x;</b></a>',
    "<!DOCTYPE a [<!ELEMENT a (b|c,d)>]><a/>", "<a><b></a></b>",
]:
    print(repr(text))
    record(text, ["StartElementHandler", "CharacterDataHandler"])
for text in ["<p:a/>", '<a xmlns:p=""/>', '<a xmlns:xml="x"/>', "<a:b:c/>", '<a xmlns:p="u" xmlns:q="u" p:x="1" q:x="2"/>']:
    print(text)
    record(text, ["StartElementHandler"], namespace_separator="\n")
for data in [b"<a>\xff</a>", b"<a>\xc3", b"\xff\xfe", b'<?xml version="1.0" encoding="utf-16"?><a/>',
             b'<?xml version="1.0" encoding="cp1252"?><a>\x80</a>', b"\xef\xbb\xbf<a/>"]:
    print(data)
    record(data, ["StartElementHandler", "CharacterDataHandler", "XmlDeclHandler"])

print("text that is collected")
parser = expat.ParserCreate()
parser.buffer_text = True
parser.buffer_size = 5
parser.CharacterDataHandler = print
parser.Parse("<a>one\ntwo &amp; three</a>", True)

print("external entities")
parser = expat.ParserCreate()
parser.SetBase("base")


def external(context, base, system, public):
    print("external", context, base, system, public)
    child = parser.ExternalEntityParserCreate(context)
    return child.Parse("<?xml encoding='utf-8'?>text<b>more</b>", True)


parser.ExternalEntityRefHandler = external
parser.StartElementHandler = print
parser.CharacterDataHandler = print
parser.Parse('<!DOCTYPE a [<!ENTITY x SYSTEM "where">]><a>&x;</a>', True)

print("limits of memory")
for threshold, factor, rows in [(0, 1.0, 2), (3, 1.0, 4), (100_000, 1.0, 4), (0, 10_000.0, 2)]:
    parser = expat.ParserCreate()
    parser.SetAllocTrackerActivationThreshold(threshold)
    parser.SetAllocTrackerMaximumAmplification(factor)
    entities = "".join(f'<!ENTITY row{i + 1} "&row{i};">' for i in range(rows))
    try:
        print(parser.Parse(f'<!DOCTYPE a [<!ENTITY row0 ".">{entities}]><a>&row{rows};</a>', True))
    except expat.ExpatError as error:
        print(expat.ErrorString(error.code))
