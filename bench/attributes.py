"""Instances: creation, attributes, methods, properties, slots."""


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def moved(self, dx, dy):
        return Point(self.x + dx, self.y + dy)

    @property
    def norm(self):
        return self.x * self.x + self.y * self.y


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


total = 0
point = Point(0, 0)
for i in range(10000):
    point = point.moved(1, -1)
    total += point.norm - Slotted(i).value
assert total == 666716675000, total
