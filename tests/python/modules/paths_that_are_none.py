"""A class that says that it is no path, and a function that makes none of it."""
import os
import pathlib


class NoPath:
    __fspath__ = None


class Path:
    def __fspath__(self):
        return "name"


class NoLonger(Path):
    __fspath__ = None


for no_path in [NoPath(), NoLonger()]:
    for use in [
        os.fspath, open, os.stat, os.listdir, os.mkdir, os.chdir, os.fsencode, os.path.join, pathlib.Path,
        lambda path: os.rename(path, "other"), lambda path: os.rename("other", path), lambda path: os.open(path, 0),
        lambda path: compile("1", path, "eval"), lambda path: os.execv(path, ["a"]),
    ]:
        try:
            print(use(no_path))
        except TypeError as error:
            print(error)
print(os.fspath(Path()), isinstance(NoPath(), os.PathLike), isinstance(Path(), os.PathLike))
