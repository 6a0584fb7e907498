"""Sizes that programs can know, and precisions that are too large."""
import array
import itertools
import math
import struct
import sys
from collections import OrderedDict


class Empty:
    pass


[Empty() for _ in range(100)]
print(sys.getsizeof(Empty().__dict__), sys.getsizeof({}))
for iterator in [
    itertools.product("ab", "12"), itertools.product(*["abc"] * 10), itertools.combinations("abcd", 3),
    itertools.combinations_with_replacement("abcd", 3), itertools.permutations("abcd"),
    itertools.permutations("abcde", 3),
]:
    print(type(iterator).__name__, sys.getsizeof(iterator))
for form in ["", "b", "fd", "BHILfdspP", "100H", "xxxx", "0s", "B" * 100]:
    print(form[:10], sys.getsizeof(struct.Struct(form)))
for count in [0, 1, 3, 5, 6, 10, 11, 100]:
    ordered = OrderedDict()
    ordered.update((number, number) for number in range(count))
    print(count, sys.getsizeof(ordered), end=" ")
print()
print(array.array("w", "example").__sizeof__(), array.array("i", [1, 2, 3]).__sizeof__())

large = 2**31 - 1
for form in ["%%.%df", "%%.%dg", "%%.%de", "%%.%dG"]:
    for text in [form % large, form % (large - 1023), (form % (large - 5)).encode()]:
        try:
            print(len(text % 1e300))
        except ValueError as error:
            print(error)

for x, y in [(5e-324, 0.0), (-5e-324, 0.0), (5e-324, -1.0), (-5e-324, 1.0), (0.0, -0.0), (-0.0, 0.0), (1.0, 2.0)]:
    print(math.nextafter(x, y), math.nextafter(x, y, steps=1), math.nextafter(x, y, steps=3))
