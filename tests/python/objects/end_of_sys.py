# What sys lets go of at the end, before modules lose their names.
import sys
import types

NAMES = ("path", "argv", "ps1", "path_hooks", "path_importer_cache", "meta_path")


class Told:
    def __init__(self, name):
        self.name = name

    def __del__(self, out=sys.stdout, names=NAMES):
        gone = [name for name in names if getattr(sys, name) is None]
        print("deleted", self.name, gone, sys.stdout is sys.__stdout__, file=out)


class Late:
    def __del__(self, out=sys.stdout):
        try:
            import colorsys
        except ImportError as error:
            print("deleted a stream:", error, file=out)


class Finder:
    def __init__(self):
        self.inside = Told("in a finder")

    def find_spec(self, *args):
        return None


class Module(types.ModuleType):
    pass


other = Module("other")
other.inside, other.itself = Told("in a module"), other
sys.modules["other"] = other
del other
sys.meta_path.append(Finder())
sys.argv.append(Told("in argv"))
sys.ps1 = Told("a prompt")
sys.stdin = Late()
