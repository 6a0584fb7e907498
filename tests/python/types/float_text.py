values = [0.0, -0.0, 1.0, 0.1, 1 / 3, 1e16, 1e15, 123456789.123, 1e-5, 0.0001, 1e308 * 10, -1e308 * 10,
          5e-324, 2.5, 3.5, 1e22, 1e23, 9007199254740993.0]
for v in values:
    print(repr(v), f"{v:.3f}" if abs(v) < 1e20 else "-", f"{v:e} {v:g} {v:10.2%}|{v:+,.1f}|{v:#.3g}"[:80])
print(float.hex(0.1), float.fromhex("0x1.8p3"), (0.1).as_integer_ratio(), (2.5).is_integer())
print([round(x / 2) for x in range(-5, 6)], round(2.675, 2), round(1e300, -299))
print(7.5 // 2, -7.5 // 2, 7.5 % -2, divmod(-7.5, 2), 0.1 + 0.2, hash(0.5), hash(float("inf")))
for text in ("1_0.5", "nan", "-inf", "1e", "0x1", " 3.5\n", "١.٥"):
    try:
        print(repr(text), float(text))
    except ValueError as error:
        print(error)
