"""An asyncio server that sends lines back to clients on the other ends of socket pairs."""

import asyncio
import socket

LINE = b"x" * 63 + b"\n"


async def handle(reader, writer):
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()


async def main(connections=20, rounds=100):
    clients, tasks = [], []
    for _ in range(connections):
        client, server = socket.socketpair()
        client.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=server)
        tasks.append(asyncio.create_task(handle(reader, writer)))
        clients.append(client)
    answered = 0
    for _ in range(rounds):
        for client in clients:
            client.send(LINE)
        for _ in range(3):
            await asyncio.sleep(0)
        answered += sum(client.recv(100) == LINE for client in clients)
    assert answered == connections * rounds, answered
    for client in clients:
        client.close()
    await asyncio.gather(*tasks)


asyncio.run(main())
