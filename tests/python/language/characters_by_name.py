"""Characters by name: in literals, by the codec and by `unicodedata`, which know the same names."""
import unicodedata

NAMES = [
    "SOFT HYPHEN", "soft hyphen", "LATIN SMALL LETTER GHA", "NBSP", "BELL", "HANGUL SYLLABLE GAG", "hangul syllable hih",
    "CJK UNIFIED IDEOGRAPH-4E00", "cjk unified ideograph-323af", "CJK UNIFIED IDEOGRAPH-04E00",
    "CJK COMPATIBILITY IDEOGRAPH-F900", "TANGUT IDEOGRAPH-17000", "tangut ideograph-18d08", "TANGUT IDEOGRAPH-187F8",
    "NUSHU CHARACTER-1B170", "KHITAN SMALL SCRIPT CHARACTER-18CFF", "EGYPTIAN HIEROGLYPH-143FA",
    "EGYPTIAN HIEROGLYPH A001", "GARAY CAPITAL LETTER A", "KEYCAP DIGIT ONE", "LATIN SMALL LETTER A WITH", "NO SUCH NAME",
    "", " SPACE", "A" * 300,
]


def attempt(what, *arguments):
    try:
        return ascii(what(*arguments))
    except (SyntaxError, UnicodeError, KeyError) as error:
        return f"{type(error).__name__}: {str(error)[:90]}"


for name in NAMES:
    escape = "\\N{" + name + "}"
    print(name[:40])
    print("   ", attempt(eval, f'"{escape}"'))
    print("   ", attempt(eval, f'f"<{escape}{{1}}>"'))
    print("   ", attempt(escape.encode().decode, "unicode_escape"))
    print("   ", attempt(unicodedata.lookup, name))
