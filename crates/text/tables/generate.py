"""Write the Unicode tables of this crate from the reference interpreter.

Run with CPython 3.14: ``python3.14 crates/text/tables/generate.py``. It asks
``unicodedata`` and ``str`` about every code point and writes
``tables/*.bin`` and ``src/unicode/generated.rs``; both are checked in.
Formats are described where they are read, in ``src/unicode``.
"""

import collections
import ctypes
import pathlib
import struct
import unicodedata

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parent / "src" / "unicode" / "generated.rs"
MAX = 0x110000
SHIFT = 7
OLD = unicodedata.ucd_3_2_0
assert unicodedata.unidata_version == "16.0.0"

CATEGORIES = ("Cn Lu Ll Lt Mn Mc Me Nd Nl No Zs Zl Zp Cc Cf Cs Co "
              "Lm Lo Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So").split()
BIDI = [""] + ("L LRE LRO R AL RLE RLO PDF EN ES ET AN CS NSM BN B S WS ON "
               "LRI RLI FSI PDI").split()
WIDTHS = "N F H W Na A".split()
TAGS = [""] + ("<noBreak> <compat> <super> <fraction> <sub> <font> <circle> <wide> "
               "<vertical> <square> <isolated> <final> <initial> <medial> <small> "
               "<narrow>").split()
FLAGS = ("ALPHA DECIMAL DIGIT NUMERIC LOWER UPPER TITLE SPACE PRINTABLE XID_START "
         "XID_CONTINUE LINEBREAK CASED CASE_IGNORABLE MIRRORED SPECIAL_CASE "
         "NFC_NO NFC_MAYBE NFKC_NO NFKC_MAYBE NFD_NO NFKD_NO").split()
BIT = {name: 1 << i for i, name in enumerate(FLAGS)}

api = ctypes.pythonapi
for name in ("Uppercase", "Lowercase", "Titlecase"):
    getattr(api, "_PyUnicode_To" + name).argtypes = [ctypes.c_uint32]
    getattr(api, "_PyUnicode_To" + name).restype = ctypes.c_uint32


def trie(values):
    """Two-level table: the blocks' numbers, then the blocks; u16 each."""
    size = 1 << SHIFT
    blocks, index, data = {}, [], []
    for start in range(0, MAX, size):
        block = tuple(values[start:start + size])
        if block not in blocks:
            blocks[block] = len(blocks)
            data.extend(block)
        index.append(blocks[block])
    return struct.pack(f"<{len(index) + len(data)}H", *index, *data)


def numeric_index(value, table):
    return 0 if value is None else table.setdefault(value, len(table) + 1)


def properties():
    second = set()
    pairs = []
    for c in range(MAX):
        d = unicodedata.decomposition(chr(c))
        if d and d[0] != "<" and " " in d and not 0xAC00 <= c < 0xD7A4:
            a, b = (int(x, 16) for x in d.split())
            if unicodedata.normalize("NFC", chr(a) + chr(b)) == chr(c):
                pairs.append((a, b, c))
                second.add(b)
    second.update(range(0x1161, 0x1176))
    second.update(range(0x11A8, 0x11C3))
    pairs.sort()
    (HERE / "composition.bin").write_bytes(b"".join(struct.pack("<III", *p) for p in pairs))

    numerics = {}
    records, values, special = {}, [], []
    for c in range(MAX):
        ch = chr(c)
        flags = 0

        def flag(name, condition):
            nonlocal flags
            if condition:
                flags |= BIT[name]

        flag("ALPHA", ch.isalpha())
        flag("DECIMAL", ch.isdecimal())
        flag("DIGIT", ch.isdigit())
        flag("NUMERIC", ch.isnumeric())
        flag("LOWER", ch.islower())
        flag("UPPER", ch.isupper())
        flag("TITLE", ch.istitle() and not ch.isupper())
        flag("SPACE", ch.isspace())
        flag("PRINTABLE", ch.isprintable())
        flag("XID_START", ch.isidentifier())
        flag("XID_CONTINUE", ("a" + ch).isidentifier())
        flag("LINEBREAK", len(("a" + ch + "a").splitlines()) > 1)
        flag("CASED", (ch + "a").title()[-1] == "a")
        ends = [(p + ch + "\u03a3").lower()[-1] == "\u03c2" for p in ("", "A")]
        flag("CASE_IGNORABLE", ends == [False, True])
        flag("MIRRORED", unicodedata.mirrored(ch))
        for form in ("NFC", "NFKC", "NFD", "NFKD"):
            flag(form + "_NO", unicodedata.normalize(form, ch) != ch)
        flag("NFC_MAYBE", c in second)
        flag("NFKC_MAYBE", c in second)
        simple = [getattr(api, "_PyUnicode_To" + n)(c) for n in ("Uppercase", "Lowercase", "Titlecase")]
        full = [ch.upper(), ch.lower(), ch.title(), ch.casefold()]
        plain = [chr(s) for s in simple]
        if full[:3] != plain or full[3] != plain[1]:
            flag("SPECIAL_CASE", True)
            special.append((c, full))
        record = (
            flags,
            *(s - c for s in simple),
            numeric_index(unicodedata.numeric(ch, None), numerics),
            CATEGORIES.index(unicodedata.category(ch)),
            BIDI.index(unicodedata.bidirectional(ch)),
            unicodedata.combining(ch),
            WIDTHS.index(unicodedata.east_asian_width(ch)),
            unicodedata.decimal(ch, -1),
            unicodedata.digit(ch, -1),
        )
        values.append(records.setdefault(record, len(records)))
    (HERE / "properties.bin").write_bytes(trie(values))

    old_records, values = {}, []
    for c in range(MAX):
        ch = chr(c)
        record = (
            BIT["MIRRORED"] if OLD.mirrored(ch) else 0, 0, 0, 0,
            numeric_index(OLD.numeric(ch, None), numerics),
            CATEGORIES.index(OLD.category(ch)),
            BIDI.index(OLD.bidirectional(ch)),
            OLD.combining(ch),
            WIDTHS.index(OLD.east_asian_width(ch)),
            OLD.decimal(ch, -1),
            OLD.digit(ch, -1),
        )
        values.append(old_records.setdefault(record, len(old_records)))
    (HERE / "properties_3_2_0.bin").write_bytes(trie(values))
    return records, old_records, numerics, special


def decompositions():
    values, data = [], [0]
    seen = {}
    for c in range(MAX):
        d = unicodedata.decomposition(chr(c))
        if not d or 0xAC00 <= c < 0xD7A4:
            values.append(0)
            continue
        words = d.split()
        tag = words.pop(0) if words[0][0] == "<" else ""
        entry = (TAGS.index(tag) << 8 | len(words), *(int(w, 16) for w in words))
        if entry not in seen:
            seen[entry] = len(data)
            data.extend(entry)
        values.append(seen[entry])
    table = trie(values)
    (HERE / "decomposition.bin").write_bytes(table)
    (HERE / "decomposition_data.bin").write_bytes(struct.pack(f"<{len(data)}I", *data))
    changed = []
    for c in range(MAX):
        ch = chr(c)
        new = unicodedata.normalize("NFD", ch)
        old = OLD.normalize("NFD", ch)
        if OLD.category(ch) != "Cn" and new != old and len(unicodedata.decomposition(ch).split()) == 1:
            changed.append((c, ord(old)))
    return changed


def ucnhash_getname():
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    pointer = api.PyCapsule_GetPointer(unicodedata._ucnhash_CAPI, b"unicodedata._ucnhash_CAPI")
    proto = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_uint32, ctypes.c_char_p, ctypes.c_int, ctypes.c_int)
    return proto((ctypes.c_void_p * 2).from_address(pointer)[0])


def names():
    named, derived, lookup_only = {}, [], []

    def extend(runs, prefix, c):
        if runs and runs[-1][0] == prefix and runs[-1][2] == c - 1:
            runs[-1][2] = c
        else:
            runs.append([prefix, c, c])

    for c in range(MAX):
        name = unicodedata.name(chr(c), None)
        suffix = "-%04X" % c
        if name is None:
            try:
                if unicodedata.lookup("TANGUT IDEOGRAPH" + suffix) == chr(c):
                    extend(lookup_only, "TANGUT IDEOGRAPH-", c)
            except KeyError:
                pass
        elif name.endswith(suffix):
            extend(derived, name[:-4 if c < 0x10000 else -5], c)
        elif not 0xAC00 <= c < 0xD7A4:
            named[c] = name

    getname = ucnhash_getname()
    buffer = ctypes.create_string_buffer(512)
    aliases, sequences = [], []
    for c in range(0xF0000, 0xF1000):
        if getname(c, buffer, 512, 1):
            name = buffer.value.decode()
            value = unicodedata.lookup(name)
            (aliases if len(value) == 1 else sequences).append((name, value))

    counts = collections.Counter(w for n in named.values() for w in n.split(" "))
    words = [w for w, _ in sorted(counts.items(), key=lambda i: (-i[1], i[0]))]
    single = 256
    while single + (256 - single) * 256 < len(words):
        single -= 1
    code = {}
    for i, w in enumerate(words):
        if i < single:
            code[w] = bytes([i])
        else:
            code[w] = bytes([single + (i - single >> 8), (i - single) & 255])
    points = sorted(named)
    encoded = [b"".join(code[w] for w in named[c].split(" ")) for c in points]
    runs = []
    for i, c in enumerate(points):
        if not i or points[i - 1] != c - 1:
            runs.append((c, i))
    order = sorted(range(len(points)), key=lambda i: named[points[i]])
    offsets, position = [], 0
    for i, e in enumerate(encoded):
        if i % 16 == 0:
            offsets.append(position)
        position += len(e)
    text, word_offsets = "", []
    for w in words:
        word_offsets.append(len(text))
        text += w
    word_offsets.append(len(text))
    parts = {
        "WORD_OFFSETS": struct.pack(f"<{len(word_offsets)}I", *word_offsets),
        "WORDS": text.encode(),
        "LENGTHS": bytes(map(len, encoded)),
        "OFFSETS": struct.pack(f"<{len(offsets)}I", *offsets),
        "NAMES": b"".join(encoded),
        "RUNS": b"".join(struct.pack("<II", *r) for r in runs),
        "ORDER": struct.pack(f"<{len(order)}H", *order),
    }
    ranges, blob = [], b""
    for name, part in parts.items():
        ranges.append((name, len(blob), len(blob) + len(part)))
        blob += part
    (HERE / "names.bin").write_bytes(blob)
    return derived, lookup_only, sorted(aliases), sorted(sequences), ranges, single, len(points)


def rust_record(r):
    return f"    r({r[0]:#x}, {', '.join(map(str, r[1:]))}),\n"


def points(text):
    return "&[" + ", ".join("%#x" % ord(c) for c in text) + "]"


def main():
    records, old_records, numerics, special = properties()
    changed = decompositions()
    derived, lookup_only, aliases, sequences, ranges, single, count = names()
    out = ["//! Unicode 16.0.0 constants, written by `tables/generate.py`; do not edit.\n"
           "#![cfg_attr(rustfmt, rustfmt::skip)]\n\n"
           "use super::data::{Record, SpecialCase, r, s};\n\n"]
    for i, name in enumerate(FLAGS):
        out.append(f"pub(super) const {name}: u32 = 1 << {i};\n")
    for name, items in (("CATEGORIES", CATEGORIES), ("BIDIRECTIONAL", BIDI), ("WIDTHS", WIDTHS), ("TAGS", TAGS)):
        body = ", ".join(f'"{i}"' for i in items)
        out.append(f"pub(super) static {name}: [&str; {len(items)}] = [{body}];\n")
    for name, items in (("RECORDS", records), ("RECORDS_3_2_0", old_records)):
        out.append(f"pub(super) static {name}: [Record; {len(items)}] = [\n")
        out.extend(rust_record(r) for r in items)
        out.append("];\n")
    out.append(f"pub(super) static NUMERIC_VALUES: [f64; {len(numerics) + 1}] = [0.0, ")
    out.append(", ".join(repr(float(v)) for v in numerics) + "];\n")
    out.append(f"pub(super) static SPECIAL_CASES: [SpecialCase; {len(special)}] = [\n")
    for c, full in special:
        out.append(f"    s({c:#x}, {', '.join(points(f) for f in full)}),\n")
    out.append("];\n")
    out.append(f"pub(super) static NORMALIZATION_3_2_0: [(u32, u32); {len(changed)}] = [")
    out.append(", ".join(f"({a:#x}, {b:#x})" for a, b in changed) + "];\n")
    for name, runs in (("DERIVED_NAMES", derived), ("LOOKUP_ONLY_NAMES", lookup_only)):
        out.append(f"pub(super) static {name}: [(&str, u32, u32); {len(runs)}] = [\n")
        out.extend(f'    ("{p}", {a:#x}, {b:#x}),\n' for p, a, b in runs)
        out.append("];\n")
    out.append(f"pub(super) static ALIASES: [(&str, u32); {len(aliases)}] = [\n")
    out.extend(f'    ("{n}", {ord(v):#x}),\n' for n, v in aliases)
    out.append(f"];\npub(super) static NAMED_SEQUENCES: [(&str, &[u32]); {len(sequences)}] = [\n")
    out.extend(f'    ("{n}", {points(v)}),\n' for n, v in sequences)
    out.append("];\n")
    for name, a, b in ranges:
        out.append(f"pub(super) const NAMES_{name}: core::ops::Range<usize> = {a}..{b};\n")
    out.append(f"pub(super) const NAMES_SINGLE: usize = {single};\n")
    out.append(f"pub(super) const NAMES_COUNT: usize = {count};\n")
    OUT.write_text("".join(out))


main()
