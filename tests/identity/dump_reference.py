"""Print what this Python compiles files to: dump_reference.py LEVEL FILE..."""

import struct
import sys
import types
import warnings

import _testinternalcapi

REJECTIONS = (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError)


def value(constant):
    if constant is None:
        return "None"
    if constant is ...:
        return "Ellipsis"
    kind = type(constant)
    if kind is bool:
        return f"bool:{int(constant)}"
    if kind is int:
        return f"int:{constant:x}"
    if kind is float:
        return "float:" + struct.pack(">d", constant).hex()
    if kind is complex:
        real, imag = constant.real, constant.imag
        return f"complex:{struct.pack('>d', real).hex()}:{struct.pack('>d', imag).hex()}"
    if kind is str:
        return "str:" + constant.encode("utf-8", "surrogatepass").hex()
    if kind is bytes:
        return "bytes:" + constant.hex()
    if kind is tuple:
        return f"({','.join(map(value, constant))})"
    if kind is frozenset:
        return "{" + ",".join(sorted(map(value, constant))) + "}"
    if kind is slice:
        return f"slice[{value(constant.start)},{value(constant.stop)},{value(constant.step)}]"
    if kind is types.CodeType:
        return f"code:{constant.co_qualname}"
    raise TypeError(kind)


def line(text):
    """A text on one line."""
    return "".join(
        "\\\\" if c == "\\" else f"\\x{ord(c):02x}" if c < " " else c for c in text
    )


def print_code(code, out):
    kinds = _testinternalcapi.get_co_localskinds(code)
    names = list(code.co_varnames)
    names += [name for name in code.co_cellvars if name not in code.co_varnames]
    names += code.co_freevars
    out.write(
        f"code {code.co_qualname} {code.co_firstlineno}\n"
        f"co_name {code.co_name}\n"
        f"co_code {code.co_code.hex()}\n"
        f"co_consts {' '.join(map(value, code.co_consts))}\n"
        f"co_names {' '.join(code.co_names)}\n"
        f"co_localsplusnames {' '.join(names)}\n"
        f"co_localspluskinds {''.join(f'{kinds[name]:02x}' for name in names)}\n"
        f"co_flags {code.co_flags:x}\n"
        f"co_argcount {code.co_argcount} {code.co_posonlyargcount} {code.co_kwonlyargcount}\n"
        f"co_stacksize {code.co_stacksize}\n"
        f"co_linetable {code.co_linetable.hex()}\n"
        f"co_exceptiontable {code.co_exceptiontable.hex()}\n"
    )
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            print_code(constant, out)


def compile_file(file, level):
    """Compile a module's bytes, or the text of a snippet whose file name tells the mode."""
    with open(file, "rb") as stream:
        source = stream.read()
    mode = file.rpartition(".")[2]
    if mode in ("exec", "eval", "single"):
        source = source.decode("utf-8", "replace")
    else:
        mode = "exec"
    return compile(source, "<file>", mode, dont_inherit=True, optimize=level)


def print_file(file, level, out):
    try:
        with warnings.catch_warnings(record=True) as issued:
            warnings.simplefilter("always")
            code = compile_file(file, level)
    except REJECTIONS as error:
        syntax = isinstance(error, SyntaxError)
        print("error", type(error).__name__, line(error.msg if syntax else str(error)), file=out)
        if syntax:
            position = [error.lineno, error.offset, error.end_lineno, error.end_offset]
            print("position", *(number or 0 for number in position), file=out)
            if error.text is not None:
                print("text", line(error.text), file=out)
    else:
        for warning in issued:
            text = line(str(warning.message))
            print("warning", warning.category.__name__, warning.lineno, text, file=out)
        print_code(code, out)


def main(level, *files):
    out = open(sys.stdout.fileno(), "w", encoding="utf-8", errors="surrogatepass")
    for file in files:
        print("file", file, file=out, flush=True)
        print_file(file, int(level), out)
        print("end", file=out)
    out.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
