"""Record what CPython's matcher does, for tests/recorded.rs.

Run with CPython 3.14: python3.14 generate.py > recorded.txt

A line `P groups word word ...` is a pattern (its code array, in hex); the
lines `S mode pos endpos subject = results` after it are what it does to a
subject (code points in hex, joined by dots). Modes: m(atch), f(ullmatch),
s(earch), i (finditer). A result is `start,end` per group (`-` if unset)
and the last index; results are joined by `|`.
"""

import random
import re
import sys
import warnings
from re import _compiler, _parser
from test.re_tests import benchmarks, tests

warnings.simplefilter("ignore")

PATTERNS = r"""
(?:a|b)*c|(?:(a)|b)*|(a+|b)*|(a+|b)+?|(?:(a)|(b)|c)*|(a)?b\1|(a|ab)(c|bcd)(d*)
a{2,3}|a{2,3}?|a{2,3}+|(?:ab){2,3}|(?:ab){2,3}?|(?:ab){2,3}+|(?:a|ab){2,}c|(?:a?){3}b|(?:a?){3,5}?b
(?:a*)*|(?:a*)+|(?:a*?)*?b|(?:(a)*)*|(?:()|a)*b|(?:a|)*b|(?:|a)*b|(?:|a)+?b|(?:a*)*+b|(?:a|)++b|(?:){2}+a
(?>a+)b|(?>a|ab)c|(?>(a)|ab)c|(?>(a+)b)+c|(?:(?>a*)b)*c|a*+a|a++b|[ab]?+b|(?:a(b)?)++c|((a)|b)*+c
(?=a)\w+|(?=(a+))a|(?=(a+))\w\1|(?!a)\w+|(?!(a)b)a|(?<=a)b|(?<!a)b|(?<=ab|cd)e|(?<=(a))b|(?<!(a))b|(?<=^a)b|(?:(?=(a))a)*b
(?!(?!a)b)\w|(?=(?!b)(\w))\1|((?=b)|a)*b|(?:(?!ab)\w)*|(?:(?<=a)b|a)*
(a)(?(1)b|c)|(a)?(?(1)b|c)|(a)?(?(1)b)|(?:(a)|b)(?(1)c|d)+|(?P<x>a)?(?(x)\w|\d)
^|$|\A|\Z|\b|\B|(?m:^)|(?m:$)|(?m:^a|b$)|\ba|a\b|\Ba|a\B|^a*$|\b\w+\b|(?a:\b\w+\b)|\s*$|(?m:\s*$)|^(?:a|b)$
.*|.+?|(?s:.*)|.*b|.*?b|(?s:.*?b)|a.c|(?s:a.c)|.{2}|.{2,3}?b|(.)\1|(.+)\1|(.*)(.*)|(.*?)(.*?)$|[^b]*b|[^a-c]+
\d+|\D+|\w+|\W+|\s+|\S+|(?a:\w+)|(?a:\W+)|(?a:\d+)|(?a:\D)|(?a:\s)|[\w-]+|[^\w]+|[\s\d]+|[^\s\d]+|[\s\S]|[^\s\S]|[^\s\S]*|[\d\D]+
(?i:abc)|(?i:[a-c]+)|(?i:[^a-c]+)|(?i:k+)|(?i:[k]+)|(?i:ß)|(?i:é)|(?i:[é-ü]+)|(?i:ſ)|(?i:s+)|(?i:[r-t]+)|(?ai:k+)|(?ai:[a-z]+)|(?i:(a)\1)|(?ai:(a)\1)
(?i:[α-ω]+)|[α-ω]+|[^α-ω]+|[а-яё]+|(?i:[а-яё]+)|[一-鿿]+|[\U00010000-\U0010ffff]|[^\U00010000-\U0010ffff]+|(?i:[\U00010400-\U00010427])
[aeiouα中]|[a-zA-Z0-9_]+|[a-cx-z\u0100-\u0130\u2000-\u20ff\u4e00\u5e00\u6f00]+|[acegikmoqsuwy]+|[^acegikmoqsuwy]+|(?i:[acegikmoqsuwy]+)|(?i:[aceg\u0400-\u0500\u1e00]+)
foo|foobar|(foo)bar|foo(bar)?|(?:foo|bar)baz|foo|bar|baz|(?:foo|fob|bar)|fo+|(?:fo)+|abcabd|aab|aaab
[cgt]gggtaaa|tttaccc[acg]|a[act]ggtaaa|tttacc[agt]t|agggt[cgt]aa|(?:[ab]c|d)+e|[ab][bc][cd]
(((((a)))))|(a(b(c)?)?)*|(a)|(b)|(c)|(a)|b|((a)(b)|(a)(c))|(?:(a)b|(a)c)|(?:(a)(x)|(a)(b))*c
x*|y*x*|x??|x*?y|(x??)y|(?:x|y)??z|x{0}|x{0,0}y|(?:xy){0}z|x{3}|x{3,}|x{,3}|(?:xy){,2}|x{2}?x|(?:x{2}){2}
(?:a(?:b(?:c|d)*)*)*e|(?:(?:a{1,2}){2,3}b)+|(?:(?:a|b){2}c?){1,3}|((a{1,2})(b)?){2,}|(?:(?:ab)*?c)+?d
(\w+)\s+(\w+)|(\w+) \1|"(?:[^"\\]|\\.)*"|"([^"\\]*(?:\\.[^"\\]*)*)"|<(\w+)>.*?</\1>|(\d+)\.(\d*)|[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?
(?:a+)+b|(a*)*b|(a|a)*b|(a|aa)+c|(?:a?){8}a{8}|^(\w+\s?)*$
""".strip().splitlines()

SUBJECTS = [
    "", "a", "b", "ab", "ba", "aa", "abc", "abab", "ababab", "aaab", "aabbc", "abcd", "abcabd", "abcbcd", "acd",
    "aaaaaaaaaaaa", "bbb\nabb\n", "a\nb\nc", "\n", "foo bar", "foobarbaz foobar fob barbaz", "xxxyxxyxyz", "xyxyz",
    "one two two  three", '"a \\" b" c "d', "<b>x</b><i>y</i>", "-12.5e+3 0.5 7.", "ABC abc aBc", "kK\u212a sS\u017f ßẞ",
    "élan ÉLAN ü", "αβγ ΑΒΓ ς", "Привет, мир ё", "中文 字 words", "a\U00010400\U00010428b\U0001f600", "\u0130i\u0131I",
    "agggtaaattacccgatttaccc tgggtaaa aaggtaaac tttaccct", "cde abce ace bcd", "abab abce aabce", "a b\tc\u00a0d\u2003e\x1cf",
    "٣٤5 ½ ²", "aabaabc abbabc", "aaaabaab", "abcde", "acbdbe aaabbbccc", "aaaaab" * 3,
]

BYTES_PATTERNS = [
    rb"\w+", rb"(?i)[a-c]+", rb"(?L)\w+", rb"(?Li)abc", rb"(?Li)[a-c]+", rb"(?Li)[^a-c]", rb"(?Li)[^a]+", rb"(?Li)[^Z-a]+", rb"(?Li)[Z-a]+", rb"(?Li)[^\w]", rb"(?Li)[a\W]", rb"(?Li)(a)\1",
    rb"(?L)\b\w", rb"(?L)\B\w", rb"(?L)[\w-]+", rb"(?L)\W", rb"[\x80-\xff]+", rb"\x00", rb"a|b|\xff", rb".+", rb"(?s).+",
    rb">.*\n|\n", rb"agggtaaa|tttaccct", rb"(?Li)k", rb"\s+", rb"[^\n]*\n",
]
BYTES_SUBJECTS = [
    b"", b"abc ABC", b"aA-bB_\xe9\xff", b"\x00\x01\n", b"caB a-c", b">id line\nagggtaaa\ntttaccct\n", b"kK\xff a",
]


def show(match):
    if match is None:
        return "N"
    spans = [match.span(group) for group in range(match.re.groups + 1)]
    text = " ".join("-" if span == (-1, -1) else "%d,%d" % span for span in spans)
    return f"{text} {match.lastindex or 0}"


def record(pattern, flags, subjects, limits=()):
    try:
        compiled = re.compile(pattern, flags)
        code = _compiler._code(_parser.parse(pattern, flags), flags)
    except (re.error, ValueError, OverflowError, TypeError):
        return
    print("P", compiled.groups, *("%x" % word for word in code))
    for subject in subjects:
        points = list(subject) if isinstance(subject, bytes) else [ord(ch) for ch in subject]
        text = ".".join("%x" % point for point in points) or "-"
        whole = (0, len(subject))
        for mode, method in zip("mfs", (compiled.match, compiled.fullmatch, compiled.search)):
            print("S", mode, *whole, text, "=", show(method(subject)))
        found = "|".join(show(match) for match in compiled.finditer(subject))
        print("S i", *whole, text, "=", found or "N")
        for pos, endpos in limits:
            if endpos <= len(subject):
                print("S s", pos, endpos, text, "=", show(compiled.search(subject, pos, endpos)))


def random_pattern(rng, depth=0):
    atom = rng.choice(["a", "b", "ab", "[ab]", "[^a]", ".", "\\b", "c", "(?=a)", "(?!b)", "\\1", "$"])
    if depth < 3 and rng.random() < 0.6:
        parts = [random_pattern(rng, depth + 1) for _ in range(rng.randint(1, 3))]
        opening = rng.choice(["(", "(?:", "(?:", "(?>", "(?=", "(?!"]) if rng.random() < 0.5 else "("
        atom = opening + rng.choice(["|", ""]).join(parts) + ")"
    if rng.random() < 0.5:
        atom = f"(?:{atom})" + rng.choice(["*", "+", "?", "*?", "+?", "??", "*+", "?+", "{2}", "{1,2}", "{0,2}?", "{2,}"])
    return atom


def main():
    for line in PATTERNS:
        record(line, 0, SUBJECTS)
        for pattern in [part for part in split(line)]:
            record(pattern, 0, rng.sample(SUBJECTS, 14) + [""], [(1, 3), (2, 4)])
    for pattern in BYTES_PATTERNS:
        record(pattern, 0, BYTES_SUBJECTS, [(1, 3)])
    for test in tests:
        record(test[0], 0, [test[1]])
    for pattern, subject in benchmarks:
        record(pattern, 0, [subject])
    record("|".join(f"w{i:03}" for i in range(300)) + "|(x+)", 0, ["w000", "w062", "w063", "w299", "w300", "axx", "x w12 w150"])
    alphabet = ["a", "b", "c", "ab", "\n"]
    for _ in range(900):
        subjects = ["".join(rng.choices(alphabet, k=rng.randint(0, 7))) for _ in range(3)]
        record("".join(random_pattern(rng) for _ in range(rng.randint(1, 3))), 0, subjects)


def split(line):
    """The alternatives of a line at parenthesis depth 0."""
    parts, depth, start, in_set, at = [], 0, 0, False, 0
    while at < len(line):
        ch = line[at]
        if ch == "\\":
            at += 1
        elif in_set:
            in_set = ch != "]"
        elif ch == "[":
            in_set = True
            at += line[at + 1] == "^"
        else:
            depth += (ch == "(") - (ch == ")")
            if ch == "|" and depth == 0:
                parts.append(line[start:at])
                start = at + 1
        at += 1
    return parts + [line[start:]]


rng = random.Random(314)
sys.stdout.reconfigure(encoding="ascii")
main()
