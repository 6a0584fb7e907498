"""A type of a native module belongs to all interpreters; its attributes outlive the one that bound them last."""
import _interpreters
import datetime
import hashlib
import multiprocessing.synchronize
from compression import zstd

IMPORTS = "import datetime, hashlib, multiprocessing.synchronize\nfrom compression import zstd"


def look():
    hashed, locked = hashlib.blake2b, multiprocessing.synchronize.SEM_VALUE_MAX
    return (
        zstd.ZstdCompressor.FLUSH_BLOCK, zstd.ZstdCompressor.FLUSH_FRAME, hashed.SALT_SIZE, hashed.MAX_KEY_SIZE, locked,
        datetime.timedelta.resolution, datetime.datetime.max, datetime.timezone.utc,
    )


for _ in range(4):
    print(look())
    interpreter = _interpreters.create()
    print(_interpreters.exec(interpreter, IMPORTS))
    _interpreters.destroy(interpreter)
print(look())
