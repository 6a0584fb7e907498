# flags: -W ignore
class Manager:
    def __init__(self, name, swallow=False):
        self.name, self.swallow = name, swallow

    def __enter__(self):
        print("enter", self.name)
        return self.name

    def __exit__(self, kind, value, tb):
        print("exit", self.name, kind and kind.__name__)
        return self.swallow


def f():
    for i in range(3):
        with Manager(i):
            try:
                if i == 0:
                    continue
                return i
            finally:
                print("finally", i)


print(f())
with Manager("a", True) as a, (Manager("b")) as b:
    1 / 0
try:
    with 5:
        pass
except TypeError as error:
    print(error)


def swallow():
    while True:
        try:
            raise ValueError
        finally:
            break
    return "swallowed"


print(swallow())
