class Wait:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        got = yield self.value
        return got * 2


async def numbers(n):
    for i in range(n):
        yield await Wait(i)


class Manager:
    async def __aenter__(self):
        print("enter", await Wait("in"))
        return self

    async def __aexit__(self, *error):
        print("exit", error[0], await Wait("out"))
        return True


async def main():
    async with Manager():
        async for n in numbers(2):
            print("n", n)
        print([x async for x in numbers(2)], [await Wait(x) for x in (5, 6)])
        raise KeyError
    return "done"


coroutine = main()
value = None
try:
    while True:
        asked = coroutine.send(value)
        print("asked", asked)
        value = 10
except StopIteration as stop:
    print(stop.value)
