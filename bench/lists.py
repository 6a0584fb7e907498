"""Lists: building, sorting, slicing, comprehensions, unpacking."""

state, numbers = 1, []
for _ in range(5000):
    state = state * 1103515245 + 12345 & 0x7FFFFFFF
    numbers.append(state)
ordered = sorted(numbers)
backwards = sorted(numbers, key=lambda n: -n)
pairs = [(a, b) for a, b in zip(ordered, backwards[::-1]) if a == b]
first, *middle, last = ordered
stack = []
for n in numbers:
    stack.append(n)
    if len(stack) > 100:
        stack.pop()
        stack.pop(0)
assert (len(pairs), len(middle), first < last, len(stack)) == (5000, 4998, True, 100), len(stack)
