"""zoneinfo: transitions of files, TZ strings, folds and gaps, caches, errors."""

import datetime
import io
import pickle
import struct
import zoneinfo

UTC = datetime.timezone.utc


def attempt(what, *args, **kwargs):
    try:
        print(what(*args, **kwargs))
    except Exception as error:
        print(type(error).__name__, error)


def tzif(rule, transitions=(), kinds=((0, 0, "UTC"),)):
    """The bytes of a TZif file."""
    names = b"".join(name.encode() + b"\0" for _, _, name in kinds)
    starts = [names.index(name.encode() + b"\0") for _, _, name in kinds]
    header = lambda *counts: b"TZif2" + bytes(15) + struct.pack(">6l", *counts)
    data = header(0, 0, 0, len(transitions), len(kinds), len(names))
    data += b"".join(struct.pack(">q", moment) for moment, _ in transitions)
    data += bytes(kind for _, kind in transitions)
    data += b"".join(struct.pack(">lbb", *kind[:2], at) for kind, at in zip(kinds, starts))
    return header(0, 0, 0, 0, 1, 4) + bytes(6) + b"UTC\0" + data + names + b"\n" + rule + b"\n"


def zone(*args, **kwargs):
    return zoneinfo.ZoneInfo.from_file(io.BytesIO(tzif(*args)), **kwargs)


def changes(tz, first, last):
    """When the offset changes, hour by hour of UTC, and what it changes to."""
    moment = datetime.datetime(first, 1, 1, tzinfo=UTC)
    before = moment.astimezone(tz).utcoffset()
    while moment.year <= last:
        local = moment.astimezone(tz)
        if local.utcoffset() != before:
            yield f"{local} {local.tzname()} {local.dst()} {local.fold}"
        before = local.utcoffset()
        moment += datetime.timedelta(hours=1)


for rule in (b"EST5EDT,M3.2.0,M11.1.0", b"CET-1CEST,M3.5.0,M10.5.0/3", b"IST-1GMT0,M10.5.0,M3.5.0/1",
             b"A0B,0/2,100/2", b"A0B,59/2,J60/2", b"A0B,60/2,J59/2", b"A0B-3,M3.5.0/-5,M10.5.0/30"):
    print(rule.decode(), *changes(zone(rule), 2020, 2021), sep="\n    ")

for rule in (b"AAA", b"AAA+25", b"PST8PDT", b"1", b"AAA4BBB,J0,J5", b"AAA4BBB,M13.1.1,M1.1.1",
             b"AAA4BBB,J1", b"AAA4,J1,J2", b"AAA4BBB,J1/169,J2", b"<+03>-3", b"AAA4x", b"AAA4BBB,,",
             b"AAA4BBB25,J1,J2", b"AAA4BBB,J1,J2,J3", b"AAA4:5", b"AAA4:60", "A\xc0C3".encode()):
    attempt(lambda: zone(rule).utcoffset(datetime.datetime(2020, 1, 1)))

KINDS = ((3600, 0, "ONE"), (7200, 1, "TWO"), (10800, 1, "THREE"), (0, 0, "NIL"))
tz = zone(b"NIL0", ((0, 1), (100_000, 0), (200_000, 2), (300_000, 3), (400_000, 1)), KINDS)
for seconds in (-5000, -1, 0, 98_000, 100_000, 103_000, 250_000, 300_000, 305_000, 399_999, 450_000):
    local = datetime.datetime.fromtimestamp(seconds, UTC).astimezone(tz)
    print(seconds, local, local.tzname(), local.dst(), local.fold, local.timestamp() == seconds)
    naive = local.replace(tzinfo=None)
    for fold in (0, 1):
        print("   ", naive.replace(tzinfo=tz, fold=fold).utcoffset())
print(tz.utcoffset(None), zone(b"UTC0").utcoffset(None), zone(b"").tzname(None))
print(zone(b"", ((0, 0),)).utcoffset(datetime.datetime(2000, 1, 1)))
attempt(zone, b"", (), ())

named = zone(b"UTC0", key="Some/Zone")
print(repr(named), str(named), named.key, zone(b"UTC0").key)
attempt(pickle.dumps, named)
attempt(setattr, named, "key", 5)
attempt(named.utcoffset, 5)
attempt(named.fromutc, 5)
attempt(named.fromutc, datetime.datetime(2020, 1, 1))
attempt(zoneinfo.ZoneInfo.from_file, 5)
attempt(zoneinfo.ZoneInfo.from_file, io.BytesIO(b"TZif"))
attempt(zoneinfo.ZoneInfo)
attempt(zoneinfo.ZoneInfo, "UTC", 5)
attempt(zoneinfo.ZoneInfo, "No/Such")
attempt(zoneinfo.ZoneInfo, "../UTC")
attempt(zoneinfo.ZoneInfo, [])
attempt(zoneinfo.ZoneInfo.clear_cache, 5)


class Mine(zoneinfo.ZoneInfo):
    pass


class Cache:
    def get(self, key, default=None):
        return 1337


print(type(Mine._weak_cache).__name__, hasattr(zoneinfo.ZoneInfo, "_weak_cache"))
Mine._weak_cache = Cache()
attempt(Mine, "UTC")
del Mine._weak_cache
attempt(Mine, "UTC")
