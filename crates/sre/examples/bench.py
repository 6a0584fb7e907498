"""Time CPython's matcher and write the same work down for examples/bench.rs.

python3.14 bench.py > work.txt && cargo run --release -p sre --example bench work.txt
"""

import random
import re
import sys
import time
import warnings
from re import _compiler, _parser

warnings.simplefilter("ignore")
rng = random.Random(1)
DNA = "".join(rng.choices("acgt", weights=(30, 20, 20, 30), k=100_000)).encode()
WORDS = [w.strip(".,()`") for w in (re.__doc__ * 20).split()]
TEXT = re.__doc__ * 20
URL = "http://www.example.com:8080/path/to/file.html?query=1&b=2#frag"
STRINGS = ["Perl"] + ["P" + "-" * 1000 + "Python" + "-" * 1000, "-" * 500 + "Perl" + "-" * 500]

WORK = [
    *[("dna", p, DNA, "findall") for p in (
        b"agggtaaa|tttaccct", b"[cgt]gggtaaa|tttaccc[acg]", b"a[act]ggtaaa|tttacc[agt]t", b"agggt[cgt]aa|tt[acg]accct",
        b"(?i)agggtaaa|tttaccct", b"B|D|H|K")],
    *[("effbot", p, STRINGS[1], "search") for p in (
        "Python|Perl", "(Python|Perl)", "(?:Python|Perl)", "[P]ython|[P]erl", "Python", ".*Python", ".*Python.*", ".*(Python)",
        ".*P.*y.*t.*h.*o.*n.*", "(?:P.*)*Python", "(.*)Python(.*)", "[a-zA-Z]+on", "(?i)python")],
    ("v8", r"^ba", "fooba", "search"),
    ("v8", r"(((\w+)://)([^/:]*)(:(\d+))?)?([^#?]*)(\?([^#]*))?(#(.*))?", URL, "match"),
    ("v8", r"^\s*|\s*$", "    some text to trim   ", "findall"),
    ("v8", r'(^|[^\\])"\\/Qngr\((-?[0-9]+)\)\\/"', "nnnn " * 40, "findall"),
    ("v8", r"\bQngr\((-?\d+)\)", "Qngr(123) " * 20, "findall"),
    ("v8", r"(?:^|\s+)onfr(?:\s+|$)", "onfr onfr-2 foo onfrx", "search"),
    ("v8", r"\s+", TEXT, "findall"), ("v8", r"[<>]", TEXT, "findall"), ("v8", r"\{0\}", TEXT, "findall"),
    ("text", r"\w+", TEXT, "findall"), ("text", r"(\w+)\s+(\w+)", TEXT, "findall"), ("text", r"[a-z]+ing\b", TEXT, "findall"),
    ("text", r"\b(?:the|and|of|in)\b", TEXT, "findall"), ("text", r"(?m)^.*character.*$", TEXT, "findall"),
    ("text", r"(?i)matches", TEXT, "findall"), ("text", r'"(?:[^"\\]|\\.)*"', TEXT, "findall"),
    ("text", r"(?P<num>\d+)|(?P<id>[A-Za-z_]\w*)|(?P<op>[-+*/=()<>.,:])|(?P<ws>\s+)|(?P<other>.)", TEXT[:5000], "findall"),
    ("text", r"(?:[a-z]+\s)+", TEXT, "findall"), ("text", r"(?:\w|\s)+\.", TEXT, "findall"), ("text", r"<(.*?)>", TEXT, "findall"),
    ("text", r"[^\s]+@[^\s]+\.com", TEXT, "findall"), ("wide", r"\w+", TEXT + "\u4e2d", "findall"),
    ("wide", r"[a-z]+ing\b", TEXT + "\u4e2d", "findall"), ("backtrack", r"(a+)+b", "a" * 18, "match"),
    ("backtrack", r"(x+x+)+y", "x" * 16, "search"), ("short", r"\d+", "abc 123", "search"), ("short", r"a(b)c", "abc", "match"),
]


def measure(call):
    call()
    loops = 1
    while True:
        begin = time.perf_counter()
        for _ in range(loops):
            call()
        spent = time.perf_counter() - begin
        if spent > 0.05:
            return min([spent / loops] + [timed(call, loops) for _ in range(2)])
        loops *= 4


def timed(call, loops):
    begin = time.perf_counter()
    for _ in range(loops):
        call()
    return (time.perf_counter() - begin) / loops


for name, pattern, subject, how in WORK:
    compiled = re.compile(pattern)
    code = _compiler._code(_parser.parse(pattern), 0)
    method = getattr(compiled, how)
    points = list(subject) if isinstance(subject, bytes) else [ord(ch) for ch in subject]
    print(name, repr(pattern)[:60].replace("\t", " "), how, int(measure(lambda: method(subject)) * 1e9), compiled.groups,
          " ".join("%d" % word for word in code), " ".join(map(str, points)), sep="\t")
sys.stdout.flush()
