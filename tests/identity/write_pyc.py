"""Compile files to FOLDER/NUMBER.pyc with an unchecked hash: write_pyc.py FOLDER LEVEL FILE..."""

import os
import py_compile
import sys


def main(folder, level, *files):
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    for number, file in enumerate(files):
        target = os.path.join(folder, f"{number}.pyc")
        name = os.path.basename(file)
        try:
            py_compile.compile(file, target, name, True, int(level), invalidation_mode=mode)
        except py_compile.PyCompileError as error:
            # Both must refuse the file, for the same reason.
            with open(target, "w") as stream:
                stream.write(error.msg)


main(*sys.argv[1:])
