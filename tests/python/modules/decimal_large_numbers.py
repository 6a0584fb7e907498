"""Products and quotients of numbers of thousands of digits, checked against each other."""

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, localcontext

exact = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


def digits(count, seed):
    out = []
    for _ in range(count // 9 + 1):
        seed = (seed * 1103515245 + 12345) % 2**31
        out.append(f"{seed % 10**9:09}")
    return Decimal("7" + "".join(out)[: count - 1])


def fold(value):
    """Length, exponent and a number made of all digits."""
    total = 0
    text = "".join(map(str, value.as_tuple().digits))
    for at in range(0, len(text), 18):
        total = (total * 31 + int(text[at : at + 18])) % (2**61 - 1)
    return len(text), value.adjusted(), total


for m, n in [(40, 40), (2000, 30), (6000, 5000), (12000, 4900), (40000, 9000), (70000, 70000)]:
    a, b = digits(m, m + n), digits(n, m * n)
    product = exact.multiply(a, b)
    print(m, n, "product", *fold(product))
    with localcontext(prec=m + n + 10) as context:
        quotient, rest = divmod(product + b // 3, a)
        print(quotient == b, rest == b // 3)
    with localcontext(prec=max(m, n)):
        print("quotient", *fold(a / b))

nines = Decimal("9" * 19 * 700)
print(*fold(exact.multiply(nines, nines)))
with localcontext(prec=19 * 700 * 2 + 5):
    square = nines * nines
    print(square / nines == nines, divmod(square - 1, nines) == (nines - 1, nines - 1))
    print(*fold((square - 1) % nines))
