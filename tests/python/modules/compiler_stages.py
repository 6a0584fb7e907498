"""The stages of the compiler, and what code objects say of their variables."""

import ast
import dis
import types

import _testinternalcapi as internal


def show(sequence, indent=""):
    for instruction in sequence.get_instructions():
        op, arg, line = instruction[:3]
        print(f"{indent}{dis.opname[op]} {arg} line {line}")
    for nested in sequence.get_nested():
        show(nested, indent + "    ")


source = """
def outer(a, *, b=1):
    def inner():
        return a
    for item in (1, 2):
        if item and b:
            print(item)
    return inner
x = 1 + 2
"""
sequence, metadata = internal.compiler_codegen(ast.parse(source), "stages.py", 0)
show(sequence)
print({name: value for name, value in metadata.items() if name != "consts"})
print([type(value).__name__ for value in metadata["consts"]])

sequence, metadata = internal.compiler_codegen(ast.parse("a = (1, 2, 3 + 4)"), "f", 0)
constants = metadata["consts"]
print(constants)
optimized = internal.optimize_cfg(sequence, constants, 0)
show(optimized)
print(constants)

built = internal.new_instruction_sequence()
done = built.new_label()
for name, arg in [("RESUME", 0), ("LOAD_FAST", 0), ("TO_BOOL", 0)]:
    built.addop(dis.opmap[name], arg, 1, 0, 1, 0)
built.addop(dis.opmap["POP_JUMP_IF_FALSE"], done, 1, 0, 1, 0)
for name, arg in [("LOAD_CONST", 0), ("RETURN_VALUE", 0)]:
    built.addop(dis.opmap[name], arg, 2, 0, 2, 0)
built.use_label(done)
for name, arg in [("LOAD_CONST", 1), ("RETURN_VALUE", 0)]:
    built.addop(dis.opmap[name], arg, 3, 0, 3, 0)
empty = {"names": {}, "cellvars": {}, "freevars": {}, "fasthidden": {}}
code = internal.assemble_code_object(
    "made.py",
    built,
    {
        **empty,
        "name": "choose",
        "qualname": "made.choose",
        "consts": {"yes": 0, "no": 1},
        "varnames": {"flag": 0},
        "argcount": 1,
        "posonlyargcount": 0,
        "kwonlyargcount": 0,
        "firstlineno": 1,
    },
)
choose = types.FunctionType(code, {})
print(code.co_qualname, code.co_filename, code.co_consts, choose(1), choose(0))

for wrong in (
    lambda: internal.optimize_cfg(sequence, (), 0),
    lambda: internal.optimize_cfg(sequence, [], 0),
):
    try:
        wrong()
    except (TypeError, ValueError) as error:
        print(type(error).__name__, error)


def variables(a, /, b, *c, d, **e):
    local = a.first.second + len(b)
    import os.path
    return lambda: (b, local, missing)


print(internal.get_code_var_counts(variables))
print(internal.get_code_var_counts(variables.__code__))
print(internal.get_co_localskinds(variables.__code__))
seen = set()
internal.get_code_var_counts(variables, globalnames=seen)
print(seen)
for function in (variables, lambda: source, lambda: None, variables.__code__):
    try:
        print(internal.verify_stateless_code(function))
    except ValueError as error:
        print("ValueError", error)
