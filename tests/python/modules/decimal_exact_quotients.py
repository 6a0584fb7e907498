"""Exact quotients at a precision for whose digits no memory would be enough."""
import decimal
from decimal import Decimal as D

context = decimal.Context(prec=decimal.MAX_PREC, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)
context.traps[decimal.Inexact] = True
with decimal.localcontext(context):
    print(1 / D(256), D(3) / D(2**40), D("-1e100") / D(125))
    for a, b in (1, 3), (2, 7), (10**40, 3**30):
        try:
            print(D(a) / D(b))
        except (MemoryError, decimal.Inexact) as e:
            print(type(e).__name__)
