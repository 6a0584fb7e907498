# Certificates as Python shows them, and why they are not accepted.
import os
import pprint
import ssl

import _ssl

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_tls")


def path(name):
    return os.path.join(HERE, name + ".pem")


pprint.pprint(_ssl._test_decode_cert(path("server")))
for name in ("root", "chained", "future"):
    decoded = _ssl._test_decode_cert(path(name))
    print(name, decoded["serialNumber"], decoded["notBefore"], decoded["notAfter"], list(decoded))


def contexts(certificate, trusted=("root",)):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path(certificate))
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name in trusted:
        client.load_verify_locations(path(name))
    return client, server


def handshake(client, server, host="localhost"):
    """Both ends, and the exceptions that they raised."""
    pipes = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(pipes[0], pipes[1], server_hostname=host),
        server.wrap_bio(pipes[1], pipes[0], server_side=True),
    ]
    errors = [None, None]
    for _ in range(6):
        for index, end in enumerate(ends):
            if errors[index] is None:
                try:
                    end.do_handshake()
                except ssl.SSLWantReadError:
                    pass
                except ssl.SSLError as error:
                    errors[index] = error
    return ends, errors


def show(label, error):
    if error is None:
        print(label, "fine")
        return
    text = str(error).partition(" (_ssl.c")[0]
    print(label, type(error).__name__, error.errno, text, error.library, error.reason)
    if isinstance(error, ssl.SSLCertVerificationError):
        print("   ", error.verify_code, error.verify_message)


for certificate in (
    "server", "chained", "outside", "broken_chain", "expired", "future", "client",
    "self_signed", "not_an_authority", "revoked", "no_names", "critical",
):
    client, server = contexts(certificate)
    _, errors = handshake(client, server)
    show(certificate, errors[0])
    show("    server:", errors[1])

for host in (
    "127.0.0.1", "127.0.0.2", "2001:db8::1", "2001:DB8:0::2", "www.example.org", "example.org",
    "a.b.example.org", "LOCALHOST", "www.example.com", "xn--bcher-kva.example.org",
):
    client, server = contexts("server")
    _, errors = handshake(client, server, host)
    show(host, errors[0])

for trusted in ((), ("self_signed",), ("server",), ("chained", "root"), ("expired",)):
    for certificate in ("self_signed", "server", "expired"):
        for flags in (0, ssl.VERIFY_X509_PARTIAL_CHAIN, ssl.VERIFY_X509_STRICT):
            client, server = contexts(certificate, trusted)
            client.verify_flags |= flags
            _, errors = handshake(client, server)
            show(f"{trusted} {certificate} {flags:x}", errors[0])

for certificate in ("server", "revoked"):
    client, server = contexts(certificate)
    client.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    _, errors = handshake(client, server)
    show(f"{certificate} without list", errors[0])
    client.load_verify_locations(path("revocations"))
    print(client.cert_store_stats())
    _, errors = handshake(client, server)
    show(f"{certificate} with list", errors[0])

client, server = contexts("no_names")
client.hostname_checks_common_name = True
_, errors = handshake(client, server, "no_names")
show("common name", errors[0])
client.hostname_checks_common_name = False
_, errors = handshake(client, server, "no_names")
show("no common name", errors[0])

client, server = contexts("chained")
(end, other), _ = handshake(client, server)
print(end.getpeercert()["subject"], len(end.getpeercert(True)), other.getpeercert())
print(end._sslobj.get_verified_chain())
print(end._sslobj.get_unverified_chain())
print([type(one).__name__ for one in end.get_verified_chain()])
first, second = (end._sslobj.get_verified_chain()[0] for _ in range(2))
print(first == second, hash(first) == hash(second), first is second)
print(first.get_info()["subjectAltName"])
print(ssl.PEM_cert_to_DER_cert(first.public_bytes()) == first.public_bytes(_ssl.ENCODING_DER))
print(client.get_ca_certs()[0]["subject"], [len(one) for one in client.get_ca_certs(True)])

client, server = contexts("self_signed", ())
client.check_hostname = False
client.verify_mode = ssl.CERT_NONE
(end, _), errors = handshake(client, server)
print(errors, end.getpeercert(), len(end.getpeercert(True)))

client, server = contexts("server")
server.verify_mode = ssl.CERT_REQUIRED
server.load_verify_locations(path("root"))
for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
    for own in (None, "server", "self_signed", "client"):
        client, _ = contexts("server")
        client.maximum_version = version
        if own:
            client.load_cert_chain(path(own))
        (end, other), errors = handshake(client, server)
        print(version.name, own)
        show("    client:", errors[0])
        show("    server:", errors[1])
        if errors == [None, None]:
            print(other.getpeercert()["subject"][-1], other._sslobj.get_verified_chain())


def attempt(label, function, *args, **kwargs):
    try:
        print(label, function(*args, **kwargs))
    except Exception as error:
        text = str(error).partition(" (_ssl.c")[0].replace(HERE, "")
        print(label, type(error).__name__, text)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
for file in ("server.encrypted", "server.traditional"):
    attempt(file, context.load_cert_chain, path(file), password="secret")
    attempt(file, context.load_cert_chain, path(file), password=b"secret")
    attempt(file, context.load_cert_chain, path(file), password=lambda: bytearray(b"secret"))
    attempt(file, context.load_cert_chain, path(file), password="wrong")
    attempt(file, context.load_cert_chain, path(file), password=lambda: 1)
    attempt(file, context.load_cert_chain, path(file), password=lambda: 1 / 0)
    attempt(file, context.load_cert_chain, path(file), password=7)
    attempt(file, context.load_cert_chain, path(file), password="x" * 2000)
attempt("split", context.load_cert_chain, path("root"), path("server"))
attempt("no key", context.load_cert_chain, path("root"))
attempt("no file", context.load_cert_chain, path("nothing"))
attempt("none", context.load_cert_chain, None)
attempt("nothing to trust", context.load_verify_locations)
attempt("no file", context.load_verify_locations, path("nothing"))
attempt("wrong data", context.load_verify_locations, cadata="abc")
attempt("wrong data", context.load_verify_locations, cadata=b"abc")
attempt("empty data", context.load_verify_locations, cadata="")
attempt("other data", context.load_verify_locations, cadata=1)
with open(path("root")) as file:
    root = file.read()
attempt("text", context.load_verify_locations, cadata="before\n" + root + "after")
attempt("bytes", context.load_verify_locations, cadata=ssl.PEM_cert_to_DER_cert(root) * 2)
print(context.cert_store_stats())
