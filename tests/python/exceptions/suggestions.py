import traceback

counter = 1


class Thing:
    colour = "red"

    def method(self):
        return self.color

    def bare(self):
        return colour


def try_it(f):
    try:
        f()
    except Exception as error:
        print("".join(traceback.format_exception_only(error)), end="")


try_it(lambda: countr)
try_it(lambda: Thing().method())
try_it(lambda: Thing().bare())
try_it(lambda: [].appendd)
try_it(lambda: exec("from math import sqroot"))
try_it(lambda: exec("import maths_"))
try_it(lambda: exec("pritn 'x'"))
