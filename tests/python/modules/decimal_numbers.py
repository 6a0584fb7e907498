# Decimals: arithmetic, contexts, conditions, formatting, conversions.
import decimal, _decimal
from decimal import *
print(decimal.Decimal is _decimal.Decimal)
print(Decimal('1.1')+Decimal('2.2'), Decimal(1)/3, getcontext())
print(repr(Decimal('3.14')), Decimal(3.14), hash(Decimal('2.5'))==hash(2.5), Decimal(10**30), hash(Decimal(10**30))==hash(10**30))
print(f"{Decimal('1234567.891'):,.2f} {Decimal('0.00012'):e} {Decimal('5'):010.3f}|{Decimal('1e10')}|{Decimal('-0'):z.1f}")
with localcontext() as c:
    c.prec=50
    print(Decimal(2).sqrt(), Decimal(1).exp(), Decimal(10).ln())
print(getcontext().flags)
try: Decimal(1)/0
except ZeroDivisionError as e: print(type(e), e)
print(Decimal('1.5').as_integer_ratio(), Decimal('-1.25').as_tuple(), round(Decimal('2.675'),2), int(Decimal('7.9')))
import pickle
print(pickle.loads(pickle.dumps(Decimal('1.5'))), pickle.loads(pickle.dumps(getcontext())))
