"""Compile files to FOLDER/NUMBER.pyc with an unchecked hash: write_pyc.py FOLDER FILE..."""

import os
import py_compile
import sys


def main(folder, *files):
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    for number, file in enumerate(files):
        target = os.path.join(folder, f"{number}.pyc")
        py_compile.compile(file, target, os.path.basename(file), True, invalidation_mode=mode)


main(*sys.argv[1:])
