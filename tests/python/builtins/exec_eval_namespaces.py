space = {}
exec("a = 1\ndef f(): return a + b\nclass C: z = a", space)
space["b"] = 5
print(space["f"](), space["C"].z, sorted(k for k in space if k != "__builtins__"))
print(eval("a + b", space), eval("x * 2", {}, {"x": 4}), eval(compile("1 + 1", "<s>", "eval")))


def scopes():
    x = 1
    exec("x = 2; y = 3")
    try:
        print(x, y)
    except NameError as error:
        print(error)
    print(sorted(locals()))


scopes()
try:
    eval("x = 1")
except SyntaxError as error:
    print(error.msg)
try:
    exec("raise ValueError('inside')", {"__builtins__": {"ValueError": ValueError}})
except ValueError as error:
    print(error)
try:
    exec("print(1)", {"__builtins__": {}})
except NameError as error:
    print(error)
print(__name__, __builtins__.__name__, vars().get("space") is space)
