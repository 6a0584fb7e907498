# A class's __del__ runs before the finalizers of the native objects that its instance holds in a cycle.
import asyncio
import gc


class Protocol:
    def __init__(self, loop):
        self.me = self
        self.closed = loop.create_future()
        self.closed.set_exception(ConnectionResetError("reset"))

    def __del__(self):
        # Retrieved: the future's finalizer does not report it.
        self.closed.exception()


async def main():
    loop = asyncio.get_running_loop()
    reports = []
    loop.set_exception_handler(lambda loop, context: reports.append(context["message"]))
    for _ in range(100):
        Protocol(loop)
    gc.collect()
    print("reports:", reports)


asyncio.run(main())
