"""The reference's side of the identity test.

    dump_reference.py dump [-O LEVEL] [FILE...]    as `codedump`, with this Python
    dump_reference.py compare OURS REFERENCE       what differs, largest cause first
"""

import json
import struct
import sys
import types
import warnings


def text(value):
    if value is None:
        return "None"
    if value is ...:
        return "Ellipsis"
    kind = type(value)
    if kind is bool:
        return f"bool:{int(value)}"
    if kind is int:
        return f"int:{value:x}"
    if kind is float:
        return "float:" + struct.pack(">d", value).hex()
    if kind is complex:
        return f"complex:{struct.pack('>d', value.real).hex()}:{struct.pack('>d', value.imag).hex()}"
    if kind is str:
        return "str:" + value.encode("utf-8", "surrogatepass").hex()
    if kind is bytes:
        return "bytes:" + value.hex()
    if kind is tuple:
        return f"({','.join(map(text, value))})"
    if kind is frozenset:
        return "{" + ",".join(sorted(map(text, value))) + "}"
    if kind is slice:
        return f"slice[{text(value.start)},{text(value.stop)},{text(value.step)}]"
    if kind is types.CodeType:
        return f"code:{value.co_qualname}"
    raise TypeError(kind)


def localsplus(code):
    """Names and kinds, as marshal writes them."""
    import _testinternalcapi

    kinds = _testinternalcapi.get_co_localskinds(code)
    names = list(code.co_varnames)
    names += [name for name in code.co_cellvars if name not in code.co_varnames]
    names += code.co_freevars
    return names, "".join(f"{kinds[name]:02x}" for name in names)


def dump_code(file, path, code, out):
    names, kinds = localsplus(code)
    fields = {
        "file": file,
        "path": path,
        "name": code.co_name,
        "qualname": code.co_qualname,
        "argcount": code.co_argcount,
        "posonlyargcount": code.co_posonlyargcount,
        "kwonlyargcount": code.co_kwonlyargcount,
        "stacksize": code.co_stacksize,
        "flags": code.co_flags,
        "firstlineno": code.co_firstlineno,
        "names": list(code.co_names),
        "localsplusnames": names,
        "localspluskinds": kinds,
        "consts": [text(value) for value in code.co_consts],
        "code": code.co_code.hex(),
        "linetable": code.co_linetable.hex(),
        "exceptiontable": code.co_exceptiontable.hex(),
    }
    print(json.dumps(fields, ensure_ascii=False), file=out)
    for index, value in enumerate(code.co_consts):
        if isinstance(value, types.CodeType):
            dump_code(file, f"{path}/{index}", value, out)


def dump(files, optimize):
    warnings.simplefilter("ignore")
    out = open(sys.stdout.fileno(), "w", encoding="utf-8", errors="surrogatepass")
    for file in files:
        with open(file, "rb") as stream:
            source = stream.read()
        try:
            code = compile(source, "<file>", "exec", dont_inherit=True, optimize=optimize)
        except SyntaxError as error:
            position = [error.lineno, error.offset, error.end_lineno, error.end_offset]
            fields = [type(error).__name__, error.msg, *(value or 0 for value in position)]
            print(json.dumps({"file": file, "error": fields}), file=out)
            continue
        except (ValueError, OverflowError, MemoryError, RecursionError) as error:
            fields = [type(error).__name__, str(error), 0, 0, 0, 0]
            print(json.dumps({"file": file, "error": fields}), file=out)
            continue
        dump_code(file, "", code, out)
    out.flush()


def load(path):
    files = {}
    with open(path, encoding="utf-8", errors="surrogatepass") as stream:
        for line in stream:
            fields = json.loads(line)
            files.setdefault(fields["file"], []).append(fields)
    return files


def compare(ours, reference):
    ours, reference = load(ours), load(reference)
    same_files = objects = same_objects = 0
    causes = {}
    for file, expected in reference.items():
        got = ours.get(file, [])
        by_path = {fields.get("path"): fields for fields in got}
        differences = []
        for fields in expected:
            if "error" in fields:
                found = got[0].get("error") if got else None
                if found is None:
                    differences.append(("accepted", fields["error"]))
                elif found[0] != fields["error"][0] or found[1] != fields["error"][1]:
                    differences.append(("message", [fields["error"], found]))
                elif found != fields["error"]:
                    differences.append(("position", [fields["error"], found]))
                continue
            objects += 1
            mine = by_path.get(fields["path"])
            if got and "error" in got[0]:
                if not fields["path"]:
                    differences.append(("rejected", got[0]["error"]))
            elif mine is None:
                differences.append(("missing", fields["qualname"]))
            else:
                wrong = [key for key in fields if fields[key] != mine.get(key)]
                if wrong:
                    order = ["code", "consts", "names", "localsplusnames", "flags", "linetable"]
                    first = next((key for key in order if key in wrong), wrong[0])
                    differences.append((first, f"{fields['path']} {fields['qualname']} {wrong}"))
                else:
                    same_objects += 1
        same_files += not differences
        for cause, detail in differences:
            causes.setdefault(cause, []).append(f"{file}: {detail}")
    print(f"files {same_files}/{len(reference)} objects {same_objects}/{objects}")
    for cause, details in sorted(causes.items(), key=lambda item: -len(item[1])):
        print(f"{len(details):6} {cause}")
        for detail in details[: int(LIMIT)]:
            print(f"         {detail}")


LIMIT = 5

if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "compare":
        if len(rest) > 2:
            LIMIT = rest[2]
        compare(*rest[:2])
    else:
        optimize = 0
        if rest[:1] == ["-O"]:
            optimize = int(rest[1])
            rest = rest[2:]
        dump(rest or [line.rstrip("\n") for line in sys.stdin], optimize)
