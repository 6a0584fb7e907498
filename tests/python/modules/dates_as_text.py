# Formats of dates without a zone, names of zones, components out of range, hashes of times.
from datetime import date, datetime, time, timedelta, timezone, tzinfo

print(repr(date(2020, 1, 1).strftime("'%z' '%:z' '%Z' %Y")))
print(repr(datetime(2020, 1, 1).strftime("'%z' '%:z' '%Z'")))
print(datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=2), "50%Y")).strftime("%z %:z %Z"))


class Odd(tzinfo):
    def utcoffset(self, dt):
        return timedelta(0)

    dst = utcoffset

    def tzname(self, dt):
        class Name(str):
            def replace(self, *args):
                return None

        return Name("name")


try:
    datetime(2020, 1, 1, tzinfo=Odd()).strftime("%Z")
except TypeError as error:
    print(error)
for parts in ((2**33, 1, 1), (2019, 2**33, 1), (2019, 1, 2**80), (2019, 60, 1), (0, 1, 1)):
    try:
        date.fromisocalendar(*parts)
    except ValueError as error:
        print(error)
zones = [timezone(timedelta(hours=hours)) for hours in (-5, 0, 1)]
times = [time(7 + 5, 47, tzinfo=zones[1]), time(7, 47, tzinfo=zones[0]), time(13, 47, tzinfo=zones[2])]
print(len(set(times)), len({hash(t) for t in times}), time(1, tzinfo=zones[2]) == time(0, tzinfo=zones[1]))

# The time between two readings of a clock that was put forward.
import os
import time as clock

os.environ["TZ"] = "EST+05EDT,M3.2.0,M11.1.0"
clock.tzset()
for fold in (0, 1):
    gap = datetime(2021, 3, 14, 2, 30, fold=fold)
    print(gap.timestamp(), gap.astimezone(timezone.utc))


class Ratio(float):
    ratio = (1, 2)

    def as_integer_ratio(self):
        return self.ratio


half = Ratio()
print(timedelta(2) * half, timedelta(2) / half)
for Ratio.ratio in [(1,), 5, ("a", 2)]:
    try:
        print(timedelta(2) / half)
    except (TypeError, ValueError) as error:
        print(type(error).__name__, error)
for text in ("12.5", "1230.5", "123045.5"):
    try:
        print(time.fromisoformat(text))
    except ValueError as error:
        print(error)
