"""hashlib and hmac: names, objects, key derivation and errors."""
import hashlib
import hmac
import re


def attempt(call):
    try:
        print(re.sub("0x[0-9a-f]+", "0x", repr(call())))
    except BaseException as error:
        print(type(error).__name__, error)


for name in sorted(hashlib.algorithms_available):
    digest = hashlib.new(name, b"abc")
    size = (8,) if name.startswith("shake") else ()
    print(name, digest.name, digest.digest_size, digest.block_size, digest.hexdigest(*size))
    attempt(lambda: digest)
    copy = digest.copy()
    copy.update(b"def")
    print(copy.hexdigest(*size)[:16], hashlib.new(name, b"abcdef").hexdigest(*size)[:16])
for spelled in ["SHA256", "sha-256", "Sha3-256", "RIPEMD-160", "nosuch"]:
    attempt(lambda: hashlib.new(spelled).name)
for call in [
    lambda: hashlib.sha256("text"), lambda: hashlib.sha256(3), lambda: hashlib.new(3),
    lambda: hashlib.shake_128().digest(), lambda: hashlib.shake_128().digest(0),
    lambda: hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 1000).hex(),
    lambda: hashlib.pbkdf2_hmac("sha512", b"p" * 200, b"salt", 3, 100).hex(),
    lambda: hashlib.pbkdf2_hmac("nosuch", b"", b"", 1), lambda: hashlib.pbkdf2_hmac("sha1", b"", b"", 0),
    lambda: hashlib.pbkdf2_hmac("sha1", b"", b"", 1, 0), lambda: hashlib.pbkdf2_hmac("sha1", "x", b"", 1),
    lambda: hashlib.scrypt(b"password", salt=b"NaCl", n=1024, r=8, p=2).hex(),
    lambda: hashlib.scrypt(b"x", salt=b"y", n=15, r=8, p=1), lambda: hashlib.scrypt(b"x", salt=b"y", n=16, r=0, p=1),
    lambda: hashlib.scrypt(b"x", salt=b"y", n=2**20, r=8, p=1), lambda: hashlib.scrypt(b"x", salt=b"y", n=16, r=8, p=1, dklen=0),
    lambda: hmac.new(b"key", b"message", "sha256").hexdigest(), lambda: hmac.new(b"key" * 99, b"message", hashlib.sha3_256).hexdigest(),
    lambda: hmac.digest(b"key", b"message", "md5").hex(), lambda: hmac.new(b"key", b"", "nosuch"),
    lambda: hmac.new(b"key", b""), lambda: hmac.new("key", b"", "md5"), lambda: hmac.new(b"key", b"", "blake2s").hexdigest(),
    lambda: hmac.compare_digest("a", "b"), lambda: hmac.compare_digest(b"a", bytearray(b"a")),
    lambda: type(hashlib.md5())(), lambda: hashlib.md5(usedforsecurity=False).name,
]:
    attempt(call)
