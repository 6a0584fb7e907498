# `Py_fopen` takes paths of every kind; marshal reads from and writes to a C file.
import _testmodules
import os
import pathlib
import tempfile

import _testcapi

with tempfile.TemporaryDirectory() as folder:
    name = os.path.join(folder, 'data')
    with open(name, 'w') as file:
        file.write('content')
    for path in (name, os.fsencode(name), pathlib.Path(name)):
        print(_testcapi.py_fopen(path, 'rb'))
    for path, mode in ((name + 'x', 'rb'), (5, 'rb'), (name, 'bad'), ('a\0b', 'rb')):
        try:
            _testcapi.py_fopen(path, mode)
        except (OSError, TypeError, ValueError) as error:
            print(type(error).__name__, str(error).replace(folder, 'FOLDER'))
    value = {'a': [1, 2.5, 'x'], 'b': (None, True)}
    _testcapi.pymarshal_write_object_to_file(value, name, 4)
    print(_testcapi.pymarshal_read_last_object_from_file(name) == (value, os.path.getsize(name)))
    print(_testcapi.pymarshal_read_object_from_file(name) == (value, os.path.getsize(name)))
    _testcapi.pymarshal_write_long_to_file(-123456, name, 4)
    print(_testcapi.pymarshal_read_long_from_file(name))
    print(_testcapi.pymarshal_read_short_from_file(name))
