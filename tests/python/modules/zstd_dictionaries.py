"""Zstandard dictionaries that are none, and compressors that end while their threads work."""
import gc
import random
import sys
from compression.zstd import CompressionParameter, ZstdCompressor, ZstdDecompressor, ZstdDict, compress, decompress

content = 0xEC30A437.to_bytes(4, "little") + b"abcdefghighlmnopqrstuvwxyz"
broken = ZstdDict(content)
print(broken, ZstdDict(content, is_raw=True), ZstdDict(b"12345678", is_raw=True))
for make in [ZstdCompressor, ZstdDecompressor]:
    for how in [broken, broken.as_digested_dict, broken.as_undigested_dict, broken.as_prefix, (broken, 3), (broken, 2**40)]:
        try:
            print(type(make(zstd_dict=how)).__name__)
        except Exception as error:
            print(type(error).__name__, error)

random.seed(1)
words = ZstdDict(random.randbytes(1 << 10) * (1 << 10), is_raw=True)
options = {
    CompressionParameter.compression_level: 10,
    CompressionParameter.nb_workers: 2,
    CompressionParameter.job_size: 1 << 20,
}
for how in [words, words.as_digested_dict, words.as_undigested_dict, words.as_prefix]:
    for end in ["drop", "collect", "finish"]:
        data = random.randbytes(1 << 10) * ((1 << 10) + 64)
        compressor = ZstdCompressor(options=options, zstd_dict=how)
        packed = compressor.compress(data)
        if end == "collect":
            cycle = [compressor]
            cycle.append(cycle)
            del cycle
        elif end == "finish":
            packed += compressor.flush()
            print(decompress(packed, how) == data)
        del compressor
        gc.collect()
small = compress(b"the same words, the same words", zstd_dict=words)
print(decompress(small, words))
compressor = ZstdCompressor(options=options, zstd_dict=words)
compressor.compress(random.randbytes(1 << 10) * ((1 << 10) + 64))
print("ends with a busy compressor", file=sys.stdout)
