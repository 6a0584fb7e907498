"""bz2 and lzma: the same bytes, limits, what is left over, errors."""
import bz2
import io
import lzma
import tarfile

DATA = b"".join(b"line %d of some text\n" % (i % 97) for i in range(5000))


def attempt(call):
    try:
        print(repr(call())[:70])
    except BaseException as error:
        print(type(error).__name__, error)


packed = bz2.compress(DATA, 3)
print(len(packed), bz2.decompress(packed) == DATA, bz2.decompress(packed * 2) == DATA * 2)
reader = bz2.BZ2Decompressor()
print(len(reader.decompress(packed + b"rest", 100)), reader.eof, reader.needs_input, reader.unused_data)
print(len(reader.decompress(b"")), reader.eof, reader.needs_input, reader.unused_data)
attempt(lambda: reader.decompress(b"x"))
attempt(lambda: bz2.BZ2Decompressor().decompress(b"x" * 30))
attempt(lambda: bz2.decompress(packed[:-10]))
attempt(lambda: bz2.BZ2Compressor(10))
writer = bz2.BZ2Compressor()
pieces = [writer.compress(DATA[i : i + 999]) for i in range(0, len(DATA), 999)] + [writer.flush()]
print(bz2.decompress(b"".join(pieces)) == DATA)
attempt(writer.flush)
attempt(lambda: writer.compress(b""))

for options in [
    {}, {"preset": 0}, {"format": lzma.FORMAT_ALONE}, {"check": lzma.CHECK_SHA256},
    {"filters": [{"id": lzma.FILTER_DELTA, "dist": 5}, {"id": lzma.FILTER_LZMA2, "preset": 3 | lzma.PRESET_EXTREME}]},
]:
    packed = lzma.compress(DATA, **options)
    reader = lzma.LZMADecompressor()
    print(len(packed), reader.decompress(packed + b"rest") == DATA, reader.check, reader.unused_data)
raw = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}]
packed = lzma.compress(DATA, format=lzma.FORMAT_RAW, filters=raw)
print(len(packed), lzma.decompress(packed, format=lzma.FORMAT_RAW, filters=raw) == DATA)
for options in [
    {"format": 0}, {"check": 77}, {"format": 2, "check": 1}, {"format": 3}, {"preset": 77}, {"preset": -1},
    {"preset": 2, "filters": []}, {"filters": [3]}, {"filters": [{}]}, {"filters": [{"id": 77}]},
    {"filters": [{"id": 33}] * 6}, {"filters": [{"id": 33, "foo": 3}]}, {"filters": [{"id": 3, "x": 0}]},
    {"filters": [{"id": 33, "lc": "x"}]}, {"format": 2, "filters": [{"id": 33}]},
]:
    attempt(lambda: lzma.LZMACompressor(**options))
attempt(lambda: lzma.LZMADecompressor(format=3))
attempt(lambda: lzma.LZMADecompressor(format=1, filters=raw))
attempt(lambda: lzma.LZMADecompressor(format=3, filters={}))
attempt(lambda: lzma.LZMADecompressor(memlimit=10).decompress(packed))
attempt(lambda: lzma.decompress(b"not compressed"))
attempt(lambda: lzma._encode_filter_properties({"id": lzma.FILTER_LZMA1, "dict_size": 5000}))
attempt(lambda: lzma._decode_filter_properties(lzma.FILTER_LZMA1, b"]\0\0\x80\0"))

for mode in ["gz", "bz2", "xz"]:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:" + mode) as archive:
        member = tarfile.TarInfo("member")
        member.size = len(DATA)
        archive.addfile(member, io.BytesIO(DATA))
    file.seek(0)
    with tarfile.open(fileobj=file) as archive:
        print(mode, archive.getnames(), archive.extractfile("member").read() == DATA)
