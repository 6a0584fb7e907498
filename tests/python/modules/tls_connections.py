# TLS over sockets, in memory and in asyncio.
import asyncio
import http.client
import http.server
import os
import socket
import ssl
import threading
import urllib.request

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_tls")
SERVER = os.path.join(HERE, "server.pem")
ROOT = os.path.join(HERE, "root.pem")


def contexts(version=None):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(SERVER)
    client = ssl.create_default_context(cafile=ROOT)
    if version:
        client.minimum_version = client.maximum_version = version
    return client, server


def text(error):
    return type(error).__name__ + " " + str(error).partition(" (_ssl.c")[0]


def plain_pair():
    """Two connected sockets."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        first = socket.create_connection(listener.getsockname())
        return first, listener.accept()[0]


def pair(client, server, **options):
    """Two connected TLS sockets."""
    ends = plain_pair()
    for end in ends:
        end.settimeout(10)
    result = []

    def serve():
        try:
            result.append(server.wrap_socket(ends[1], server_side=True))
        except OSError as error:
            result.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        first = client.wrap_socket(ends[0], server_hostname="localhost", **options)
    finally:
        thread.join()
    return first, result[0]


for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
    print(version.name)
    client, server = contexts(version)
    server.set_alpn_protocols(["h2", "http/1.1"])
    client.set_alpn_protocols(["http/1.1", "spdy/3"])
    a, b = pair(client, server)
    print(a.version(), b.version(), a.cipher(), b.cipher(), a.compression())
    print(a.selected_alpn_protocol(), b.selected_alpn_protocol(), a.server_hostname)
    print(a.shared_ciphers(), ("TLS_AES_128_GCM_SHA256", "TLSv1.3", 128) in b.shared_ciphers())
    print(a.send(b"hello"), b.recv(3), b.pending(), b.recv(10), b.pending())
    buffer = bytearray(4)
    b.sendall(memoryview(b"abcdef"))
    print(a.recv_into(buffer), buffer, a.read(1), a.recv(10))
    a.settimeout(0.01)
    try:
        a.recv(1)
    except TimeoutError as error:
        print(text(error))
    a.setblocking(False)
    try:
        a.recv(1)
    except ssl.SSLWantReadError as error:
        print(text(error), error.errno)
    try:
        while True:
            a.send(bytes(100_000))
    except ssl.SSLWantWriteError as error:
        print(text(error), error.errno)
    a.close()
    b.close()

    # A large transfer in both directions at once.
    a, b = pair(client, server)
    data = os.urandom(1 << 20) * 3
    got = {}

    def receive(name, end):
        parts = []
        while len(b"".join(parts)) < len(data):
            parts.append(end.recv(1 << 16))
        got[name] = b"".join(parts)

    threads = [threading.Thread(target=receive, args=one) for one in (("a", a), ("b", b))]
    threads += [threading.Thread(target=end.sendall, args=(data,)) for end in (a, b)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(got["a"] == data, got["b"] == data)

    # Ending a connection, and going on without TLS.
    result = []
    thread = threading.Thread(target=lambda: result.append(b.unwrap()))
    thread.start()
    plain = a.unwrap()
    thread.join()
    print(type(plain).__name__, type(result[0]).__name__)
    plain.sendall(b"plain")
    print(result[0].recv(10))
    plain.close()
    result[0].close()

    # The other side goes away.
    a, b = pair(client, server)
    b.close()
    print(a.recv(1))
    a.close()
    a, b = pair(client, server, suppress_ragged_eofs=False)
    b.close()
    try:
        print(a.recv(1))
    except ssl.SSLEOFError as error:
        print(text(error), error.reason)
    a.close()

    # Names, and contexts chosen by them.
    client, server = contexts(version)
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    other.load_cert_chain(os.path.join(HERE, "chained.pem"))

    def choose(connection, name, context):
        print("asked for", name, context is server, type(connection).__name__)
        connection.context = other

    server.sni_callback = choose
    a, b = pair(client, server)
    print(a.getpeercert()["subject"][-1], b.context is other)
    a.close()
    b.close()
    for answer in (ssl.AlertDescription.ALERT_DESCRIPTION_ACCESS_DENIED, None):
        server.sni_callback = lambda *args: answer
        try:
            a, b = pair(client, server)
            print("connected")
        except ssl.SSLError as error:
            print(text(error), error.reason)

    # Sessions.
    client, server = contexts(version)
    a, b = pair(client, server)
    b.sendall(b"x")
    print(a.recv(1), a.session_reused, b.session_reused)
    session = a.session
    print(session.has_ticket, session.timeout > 0, session == a.session, session != a.session)
    c, d = pair(client, server, session=session)
    print(c.session_reused, d.session_reused, c.getpeercert() == a.getpeercert())
    stats = server.session_stats()
    print({name: stats[name] for name in ("accept", "accept_good", "hits")})
    for wrong in (1, session):
        try:
            contexts()[0].wrap_bio(
                ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost", session=wrong)
        except (TypeError, ValueError) as error:
            print(text(error))
    for end in (a, b, c, d):
        end.close()

# No version, no suite in common.
for settings in ("version", "suite"):
    client, server = contexts(ssl.TLSVersion.TLSv1_2)
    if settings == "version":
        server.minimum_version = ssl.TLSVersion.TLSv1_3
    else:
        client.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
        server.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")
    ends = plain_pair()
    errors = []

    def serve():
        try:
            server.wrap_socket(ends[1], server_side=True)
        except ssl.SSLError as error:
            errors.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client.wrap_socket(ends[0], server_hostname="localhost")
    except ssl.SSLError as error:
        print(text(error))
    thread.join()
    print(text(errors[0]))

# What is not TLS.
for side, data in ((True, b"GET / HTTP/1.0\r\n\r\n"), (True, b"SSH-2.0-OpenSSH"),
                   (False, b"HTTP/1.1 400 Bad Request\r\n"), (False, b"\x15\x03\x03\0\2\2\x28")):
    client, server = contexts()
    incoming = ssl.MemoryBIO()
    context = server if side else client
    host = None if side else "localhost"
    end = context.wrap_bio(incoming, ssl.MemoryBIO(), server_side=side, server_hostname=host)
    incoming.write(data)
    try:
        end.do_handshake()
    except ssl.SSLError as error:
        print(text(error), error.library, error.reason)


# HTTP.
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b"You asked for " + self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


client, server = contexts()
web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
web.daemon_threads = True
web.socket = server.wrap_socket(web.socket, server_side=True)
threading.Thread(target=web.serve_forever, daemon=True).start()
port = web.server_address[1]
connection = http.client.HTTPSConnection("localhost", port, context=client)
for _ in range(2):
    connection.request("GET", "/first")
    response = connection.getresponse()
    print(response.status, response.read())
connection.close()
with urllib.request.urlopen(f"https://127.0.0.1:{port}/second", context=client) as response:
    print(response.status, response.read())
try:
    urllib.request.urlopen(f"https://localhost:{port}/", context=ssl.create_default_context())
except OSError as error:
    print(type(error).__name__, text(error.reason))
web.shutdown()
web.server_close()


# asyncio, beginning with TLS and starting it later.
async def main():
    client, server = contexts()

    async def echo(reader, writer):
        while data := await reader.readline():
            if data == b"STARTTLS\n":
                writer.write(b"go\n")
                await writer.drain()
                await writer.start_tls(server)
                continue
            writer.write(data.upper())
            await writer.drain()
        writer.close()

    secure = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=server)
    port = secure.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=client, server_hostname="localhost")
    writer.write(b"hello\n")
    print(await reader.readline(), writer.get_extra_info("cipher") is not None)
    writer.write(b"x" * 50_000 + b"\n")
    print(len(await reader.readline()))
    writer.close()
    await writer.wait_closed()
    secure.close()

    plain = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = plain.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"plain\nSTARTTLS\n")
    print(await reader.readline(), await reader.readline())
    await writer.start_tls(client, server_hostname="localhost")
    writer.write(b"secret\n")
    print(await reader.readline(), writer.get_extra_info("peercert")["subject"][-1])
    writer.close()
    plain.close()


asyncio.run(main())
