"""A zip file whose names are not the UTF-8 they are said to be is no place to import from."""
import os
import struct
import tempfile
import zipimport

name = b"\xff\xfe\xff"
entry = b"PK\x01\x02" + struct.pack("<HHHHHHIIIHHHHHII", 20, 20, 0x800, 0, 0, 0, 0, 50, 100, len(name), 0, 0, 0, 0, 0, 0)
end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry + name), 0, 0)
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    with open("names.zip", "wb") as file:
        file.write(entry + name + end)
    try:
        zipimport.zipimporter("names.zip")
    except zipimport.ZipImportError as error:
        print(error, repr(error.__cause__))
