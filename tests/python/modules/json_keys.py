"""Equal keys of one document are one object, whatever their length and spelling."""

import json

text = '[{"a": 1, "key": 2, "a long key, not short": 3}, {"k\\u0065y": 4, "a long key, not short": 5, "key": 6}]'
first, second = json.loads(text)
print(first, second)
names = {name: name for name in first}
print(all(names.setdefault(name, name) is name for name in second))

many = [{f"key number {i}": i for i in range(200)} for _ in range(3)]
loaded = json.loads(json.dumps(many))
print(loaded == many)
print(all(x is y for x, y in zip(loaded[0], loaded[2])))

for key in ['"', "\\", "\n", "\x00", "é", "\u20ac", "\U0001f600", "", "x" * 50 + '"']:
    for plain in (True, False):
        encoded = json.dumps({key: [key]}, ensure_ascii=plain)
        print(ascii(encoded), json.loads(encoded) == {key: [key]})

for text in ['{"abcdefgh\x01": 1}', '{"abcdefghi', '{"a": 1, "abcdefgh\\q": 2}', '{"a": 1 "b": 2}']:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        print(error)
print(json.loads('{"tab\there": "and\tthere"}', strict=False))

cyclic = []
cyclic.append({"self": cyclic})
try:
    json.dumps(cyclic)
except ValueError as error:
    print(error)
shared = [1]
print(json.dumps([shared, {"x": shared}, shared]))
print(json.dumps([1.5, float("inf"), 1e300, -0.0, 12345678901234567890, True, None]))
print(json.dumps({1: 2, None: 3, True: 4, 2.5: 6}))
