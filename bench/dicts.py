"""Dictionaries with string, integer and tuple keys."""

words = ("the quick brown fox jumps over the lazy dog " * 300).split()
counts = {}
for word in words:
    counts[word] = counts.get(word, 0) + 1
squares = {i: i * i for i in range(5000)}
pairs = {(i % 50, i % 70): i for i in range(5000)}
total = sum(squares[i] for i in range(0, 5000, 3)) + sum(counts.values()) + len(pairs)
for key, value in squares.items():
    total += key ^ value
for i in range(0, 5000, 2):
    del squares[i]
assert (total, len(squares)) == (55539479535, 2500), (total, len(squares))
