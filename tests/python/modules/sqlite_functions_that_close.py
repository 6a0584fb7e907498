"""Functions that SQLite calls close the database or run statements.

What is expected is written by hand: the reference crashes in some of these.
"""

import sqlite3


class Aggregate:
    def step(self, *args):
        interfere()

    def finalize(self):
        interfere()
        return 1


def interfere(*args):
    global left
    if left > 0:
        left -= 1
        try:
            act(connection)
        except sqlite3.Error as error:
            seen.add(str(error))
    return 0


ACTS = {
    "close": lambda connection: connection.close(),
    "init": lambda connection: connection.__init__(":memory:"),
    "drop": lambda connection: connection.execute("drop table t"),
    "script": lambda connection: connection.executescript("drop table t;"),
    "forget": lambda connection: (
        connection.set_authorizer(None), connection.set_progress_handler(None, 0),
        connection.set_trace_callback(None),
    ),
}  # fmt: skip
WAYS = {
    "function": lambda connection: connection.create_function("f", 1, interfere),
    "aggregate": lambda connection: connection.create_aggregate("f", 1, Aggregate),
    "collation": lambda connection: connection.create_collation("k", lambda a, b: interfere()),
    "authorizer": lambda connection: connection.set_authorizer(interfere),
    "progress": lambda connection: connection.set_progress_handler(interfere, 1),
    "trace": lambda connection: connection.set_trace_callback(interfere),
}
for way, begin in WAYS.items():
    for name, act in ACTS.items():
        connection = sqlite3.connect(":memory:")
        connection.execute("create table t(a)")
        connection.executemany("insert into t values(?)", [(i,) for i in range(5)])
        connection.commit()
        left, seen = 3, set()
        begin(connection)
        for sql in ("select f(a) from t", "select a from t order by a||'' collate k", "select 1"):
            try:
                connection.execute(sql).fetchall()
            except sqlite3.Error:
                pass
        left = 0
        print(way, name, *sorted(seen))
        connection.close()


def elsewhere(value):
    """Another database may be closed."""
    other = sqlite3.connect(":memory:")
    found = other.execute("select ? + 1", (value,)).fetchone()[0]
    other.close()
    return found


connection = sqlite3.connect(":memory:")
connection.create_function("elsewhere", 1, elsewhere)
print(connection.execute("select elsewhere(4)").fetchall())
connection.set_progress_handler(lambda: 0, 1)
rows = connection.execute("with recursive n(i) as (select 1 union all select i + 1 from n limit 500) select i from n")
print(next(rows))
connection.close()
try:
    print(len(list(rows)))
except sqlite3.ProgrammingError as error:
    print(error)
