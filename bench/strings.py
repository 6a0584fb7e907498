"""Text: joining, splitting, formatting, searching, encoding."""

lines = []
for i in range(3000):
    lines.append(f"{i:05d} {'name' + str(i % 17)!r:>12} {i / 7:.3f}")
text = "\n".join(lines)
fields = [line.split() for line in text.splitlines()]
upper = text.upper().replace("NAME", "näme")
total = upper.count("näme1") + text.find("02999") + len(upper.encode())
for row in fields:
    if row[1].startswith("'name1") and row[2].endswith("7"):
        total += int(row[0])
assert total == 466354, total
