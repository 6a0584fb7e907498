"""Numbers under formats that are served without the general machinery, and beside them."""

values = [0, 1, -1, 7, 255, -4096, 10**6, -(10**12), 2**40, 2**63 - 1, -(2**63), 2**64]
for spec in ("", "d", "5d", "<7", "^9d", "+d", " d", "05d", "x", "#x", "X", "08b", "o", ",", "15,d", "_", "*>12_d", "-", "é^6"):
    print(spec, [format(value, spec) for value in values])

values = [0.0, -0.0, 0.5, 1.5, 2.5, -2.675, 9.995, 99.99999, 1e-9, 1e15, 123456789.125, 1e18, 1e19, 1e300, 5e-324, float("inf"), float("nan")]
for spec in ("f", ".0f", ".1f", ".2f", "10.3f", "<10.2f", "^+9.1f", "08.2f", ".17f", ".20f", ",.2f", "F", "#.0f", "z.1f", ".3", ".3e", "%"):
    print(spec, [format(value, spec) for value in values])

print("%d %5d|%-5d|%05d %+d % d %x %X %o %i" % (1, 2, 3, 4, 5, 6, 255, 255, 8, True))
print("%.2f %5.1f|%-7.2f|%07.2f %+.1f %f %F" % (1.005, 2.25, 3, 4.5, 5, 1e10, -0.0))
print(b"%d %5d|%-5d|%x %.3f" % (1, -2, 3, 255, 2.5))
print("%s %d%% %#x %.3d %c" % ("a", 50, 255, 7, "é"), "%.30f" % 0.1, "%d" % 2**70)
print("{} {:>5} {:.2f} {!r} {:{}}".format("a", 5, 1.5, "b", 3, 6), "{0}{1}{0}".format(1, 2))
for bad in ("{} {}", "{1}", "{:d}", "{0} {}"):
    try:
        print(bad.format("x"))
    except (IndexError, ValueError) as error:
        print(type(error).__name__, error)
for spec, value in ((".2d", 1), ("s", 1), ("d", 1.5), ("=5", "a"), (",x", 255), ("zd", 1)):
    try:
        print(format(value, spec))
    except ValueError as error:
        print(error)
print((3**200) & -(2**100), (3**100) | (7**90), -(5**80) ^ (2**150), ~(3**90) & (2**64 - 1))
print(10**30, -(10**30) + 1, 3**60, 2**1300, (10**40 * 7 + 3) // 10**39, (2**200) // (2**180 + 1), -(7**90) // (7**89))
