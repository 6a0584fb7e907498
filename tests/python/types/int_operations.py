import operator as op

values = [0, 1, -1, 7, -7, 255, 2**39 - 1, 2**39, -(2**39), -(2**39) - 1, 2**63, -(2**64), 10**30]
for name in ("add", "sub", "mul", "floordiv", "mod", "and_", "or_", "xor"):
    f = getattr(op, name)
    out = []
    for a in values:
        for b in values:
            try:
                out.append(f(a, b))
            except ZeroDivisionError as error:
                out.append(str(error))
    print(name, out[:6], sum(x for x in out if isinstance(x, int)))
for a in values:
    print(a, hex(a), bin(a)[:12], a.bit_length(), ~a, -a, hash(a), a << 3, a >> 3, a.bit_count())
print(pow(3, 100, 7), pow(3, -1, 7), 2**-2, (-8) ** (1 / 3), divmod(-7, 2), round(12345, -2))
for bad in ("", "1_", "0x", "z", "١٢", " 5 ", "0b102"):
    try:
        print(repr(bad), int(bad, 0))
    except ValueError as error:
        print(error)
print(int.from_bytes(b"\xff\x00", "big", signed=True), (1000).to_bytes(3, "little"), int("z", 36))
