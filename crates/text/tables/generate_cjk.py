"""Write the tables of the multibyte codecs from the reference interpreter.

Run with CPython 3.14: ``python3.14 crates/text/tables/generate_cjk.py``. It
decodes every byte sequence and encodes every code point with each codec and
writes ``tables/cjk.bin`` and ``src/codecs/cjk_data.rs``; both are checked in.
The format is described in ``src/codecs/cjk.rs``.
"""

import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parent / "src" / "codecs" / "cjk_data.rs"
CODECS = ("gb2312 gbk gb18030 big5 big5hkscs cp950 shift_jis cp932 shift_jis_2004 "
          "shift_jisx0213 euc_jp euc_jis_2004 euc_jisx0213 euc_kr cp949 johab").split()


def decode(name, raw):
    try:
        return raw.decode(name), None
    except UnicodeDecodeError as e:
        return None, (e.start, e.end, e.reason)


def table(name):
    """Byte sequences (as numbers) to text, and the lead bytes of longer ones."""
    found, leads, wide = {}, set(), []
    for a in range(256):
        text, error = decode(name, bytes([a]))
        if text is not None:
            found[a] = text
        elif error[2].startswith("incomplete"):
            leads.add((a,))
    for (a,) in sorted(leads):
        for b in range(256):
            text, error = decode(name, bytes([a, b]))
            if text is not None:
                found[a << 8 | b] = text
            elif error and error[2].startswith("incomplete") and error[0] == 0:
                leads.add((a, b))
            elif error and error[:2] == (0, 2):
                wide.append(a << 8 | b)
    if name != "gb18030":
        for lead in sorted(leads):
            for c in range(256) if len(lead) == 2 else ():
                text, error = decode(name, bytes([*lead, c]))
                if text is not None:
                    found[lead[0] << 16 | lead[1] << 8 | c] = text
    return found, leads, wide


def key(raw):
    return int.from_bytes(raw, "big")


def four_byte_ranges():
    """Runs of consecutive code points of the BMP with four-byte codes."""
    runs = []
    for c in range(0x10000):
        if 0xD800 <= c < 0xE000:
            continue
        raw = chr(c).encode("gb18030", "ignore")
        if len(raw) == 4:
            assert raw.decode("gb18030") == chr(c)
            linear = ((raw[0] - 0x81) * 10 + raw[1] - 0x30) * 1260 + (raw[2] - 0x81) * 10 + raw[3] - 0x30
            if runs and runs[-1][0] + runs[-1][2] == c and runs[-1][1] + runs[-1][2] == linear:
                runs[-1][2] += 1
            else:
                runs.append([c, linear, 1])
    return runs


def main():
    blob, out = b"", []
    out.append("//! Tables of the multibyte codecs, written by `tables/generate_cjk.py`; do not edit.\n"
               "#![cfg_attr(rustfmt, rustfmt::skip)]\n\nuse super::cjk::Table;\n\n"
               f"pub(super) static TABLES: [Table; {len(CODECS)}] = [\n")
    seen_rows = {}
    for name in CODECS:
        found, leads, wide = table(name)
        extra = sorted((k, [ord(c) for c in t]) for k, t in found.items() if len(t) > 1 or ord(t) > 0xFFFF)
        rows = {}
        for k, t in found.items():
            if len(t) == 1 and ord(t) <= 0xFFFF and k > 0:
                rows.setdefault(k >> 8, {})[k & 255] = ord(t)
        # The code points whose bytes are not the smallest that decode to them.
        inverse = {}
        for k, t in sorted(found.items(), reverse=True):
            inverse[t] = k
        exceptions = []
        for c in range(0x110000):
            if 0xD800 <= c < 0xE000:
                continue
            raw = chr(c).encode(name, "ignore")
            if len(raw) in (4, 8):
                continue
            mine = inverse.get(chr(c))
            actual = key(raw) if raw else None
            if mine != actual:
                exceptions.append((c, actual))
        row_list = []
        for prefix, cells in sorted(rows.items()):
            first, last = min(cells), max(cells)
            data = struct.pack(f"<{last - first + 1}H", *(cells.get(i, 0) for i in range(first, last + 1)))
            if data not in seen_rows:
                seen_rows[data] = len(blob)
                blob += data
            row_list.append((prefix, first, last, seen_rows[data]))
        lead_list = sorted(key(bytes(lead)) for lead in leads)
        print(name, len(found), "rows", len(row_list), "extra", len(extra), "exceptions", len(exceptions), "leads", len(leads))
        out.append(f'    Table {{\n        name: "{name}",\n        rows: &[')
        out.append(", ".join(f"({p:#x}, {a}, {b}, {o})" for p, a, b, o in row_list))
        out.append("],\n        leads: &[" + ", ".join(map(hex, lead_list)))
        out.append("],\n        wide: &[" + ", ".join(map(hex, wide)) + "],\n")
        start = len(blob)
        blob += b"".join(struct.pack("<III", k, t[0], t[1] if len(t) > 1 else 0) for k, t in extra)
        out.append(f"        extra: {start}..{len(blob)},\n")
        start = len(blob)
        blob += b"".join(struct.pack("<II", c, k or 0) for c, k in exceptions)
        out.append(f"        exceptions: {start}..{len(blob)},\n    }},\n")
    runs = four_byte_ranges()
    out.append(f"];\n\npub(super) static GB18030_RANGES: [(u32, u32, u32); {len(runs)}] = [")
    out.append(", ".join(f"({c:#x}, {i}, {n})" for c, i, n in runs) + "];\n")
    OUT.write_text("".join(out))
    (HERE / "cjk.bin").write_bytes(blob)
    print(len(blob), len("".join(out)), len(runs))


main()
