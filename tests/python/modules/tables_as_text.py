"""csv: dialects and what they refuse, quoting of all kinds, odd input."""
import csv
import io


def attempt(call):
    try:
        print(repr(call()))
    except BaseException as error:
        print(type(error).__name__, error)


def read(text, **options):
    attempt(lambda: list(csv.reader(io.StringIO(text, newline=""), **options)))


def write(*rows, **options):
    file = io.StringIO(newline="")

    def call():
        csv.writer(file, **options).writerows(rows)
        return file.getvalue()

    attempt(call)


for options in [
    {}, {"delimiter": ""}, {"delimiter": "::"}, {"delimiter": 3}, {"delimiter": None}, {"delimiter": "\n"},
    {"quotechar": None}, {"quotechar": None, "quoting": csv.QUOTE_ALL}, {"quotechar": "ab"}, {"quotechar": 1},
    {"escapechar": ""}, {"escapechar": ","}, {"escapechar": " ", "skipinitialspace": True}, {"quoting": 9}, {"quoting": "x"},
    {"lineterminator": 3}, {"lineterminator": ";", "delimiter": ";"}, {"doublequote": 0, "strict": 1},
]:
    attempt(lambda: (csv.reader([], **options).dialect.quoting, csv.reader([], **options).dialect.delimiter))
read('a,"b ""c"" d",e\r\n1,2,3\r4,5\n')
read('a,"multi\nline",b\n\nlast')
read("a, b", skipinitialspace=True)
read('a,"b"c,d')
read('a,"b"c,d', strict=True)
read('"open', strict=True)
read('"open')
read("a\\,b,c\\", escapechar="\\")
read("'a;b';c", delimiter=";", quotechar="'")
read('1,"2",x', quoting=csv.QUOTE_NONNUMERIC)
read(',"",1.5,"x"', quoting=csv.QUOTE_STRINGS)
read(',"",1.5', quoting=csv.QUOTE_NOTNULL)
read('a"b,c', quoting=csv.QUOTE_NONE)
attempt(lambda: next(csv.reader([b"a,b"])))
attempt(lambda: next(csv.reader(["a\rb"])))
attempt(lambda: csv.reader(3))
rows = [1, "a,b", 'c"d', None, "", 2.5, "x\ny", " "]
for quoting in range(6):
    write(rows, [None], quoting=quoting, escapechar="\\")
write([""], [None], quoting=csv.QUOTE_NONE)
write(['a"b'], doublequote=False)
write(['a"b'], doublequote=False, escapechar="!")
write(["a", ""], delimiter=" ", skipinitialspace=True)
write(3)
write(["\ud800", "é", "\U0001f600"])
attempt(lambda: csv.writer(3))
old = csv.field_size_limit(3)
read("abcd")
attempt(lambda: csv.field_size_limit("x"))
print(csv.field_size_limit(old), old)
csv.register_dialect("mine", delimiter="|", quoting=csv.QUOTE_ALL)
write(["a", "b"], dialect="mine")
print(csv.list_dialects(), csv.get_dialect("mine").delimiter)
csv.unregister_dialect("mine")
attempt(lambda: csv.get_dialect("mine"))
attempt(lambda: csv.register_dialect(3))
reader = csv.DictReader(io.StringIO("a,b\n1,2,3\n4\n"), restkey="rest", restval="?")
print(list(reader), reader.line_num)
attempt(lambda: type(csv.reader([]))())
attempt(lambda: repr(csv.Sniffer().sniff("a;b\n1;2\n").delimiter))
