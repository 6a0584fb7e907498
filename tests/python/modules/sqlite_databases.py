"""sqlite3: statements, transactions, rows, functions, callbacks, blobs, errors."""
import datetime
import os
import sqlite3
import tempfile
import threading


def show(label, action):
    try:
        print(label, repr(action()))
    except Exception as error:
        print(label, type(error).__name__, error, getattr(error, "sqlite_errorname", None))


db = sqlite3.connect(":memory:")
cursor = db.execute("create table part(id integer primary key, name text unique, price real, data blob)")
print(cursor.rowcount, cursor.lastrowid, cursor.description, db.in_transaction)
cursor.executemany("insert into part(name, price, data) values(?, ?, ?)",
                   [("bolt", 1.5, b"\x00\x01"), ("nut", 2, None), ("rod", 1e300, bytearray(b"xyz"))])
print(cursor.rowcount, cursor.lastrowid, db.total_changes, db.in_transaction)
db.commit()
print(list(db.execute("select * from part order by name")))
print(db.execute("select name from part where price < :top and id > :low", {"top": 3, "low": 0}).fetchall())
cursor = db.execute("select id, name as 'n [x]' from part")
print([column[0] for column in cursor.description], cursor.fetchone(), cursor.fetchmany(1), cursor.fetchall(), cursor.fetchone())

# Errors
show("unique", lambda: db.execute("insert into part(name) values('nut')"))
show("syntax", lambda: db.execute("selec 1"))
show("missing", lambda: db.execute("select * from nothing"))
show("few", lambda: db.execute("select ?, ?", (1,)))
show("named", lambda: db.execute("select :a", {}))
show("two", lambda: db.execute("select 1; select 2"))
show("type", lambda: db.execute("select ?", (object,)))
show("big", lambda: db.execute("select ?", (2**63,)))
show("many", lambda: db.executemany("select ?", [(1,)]))
show("surrogate", lambda: db.execute("select ?", ("\ud800",)))
show("rollback", lambda: (db.rollback(), db.in_transaction))
print(issubclass(sqlite3.IntegrityError, sqlite3.DatabaseError), sqlite3.Warning.__mro__[1])

# Transactions
with db:
    db.execute("update part set price = 0")
try:
    with db:
        db.execute("delete from part")
        raise KeyError("undo")
except KeyError as error:
    print(error, db.execute("select count(*), sum(price) from part").fetchone())
print(db.isolation_level, db.autocommit == sqlite3.LEGACY_TRANSACTION_CONTROL)
explicit = sqlite3.connect(":memory:", autocommit=False)
print(explicit.in_transaction, explicit.isolation_level)
explicit.close()
show("closed", lambda: explicit.execute("select 1"))

# Rows, factories, types
db.row_factory = sqlite3.Row
row = db.execute("select 1 as a, 'two' as B, 3.0 as c").fetchone()
print(row["A"], row["b"], row[-1], row[0:2], row.keys(), len(row), tuple(row), row == row, hash(row) == hash(row))
show("column", lambda: row["zz"])
show("index", lambda: row[3])
db.row_factory = lambda cursor, row: {c[0]: v for c, v in zip(cursor.description, row)}
print(db.execute("select 1 as a, null as b").fetchone())
db.row_factory = None
db.text_factory = bytes
print(db.execute("select 'text'").fetchone())
db.text_factory = str


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __conform__(self, protocol):
        if protocol is sqlite3.PrepareProtocol:
            return f"{self.x};{self.y}"


sqlite3.register_converter("point", lambda text: tuple(map(int, text.split(b";"))))
sqlite3.register_adapter(datetime.date, lambda date: date.isoformat())
typed = sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES)
typed.execute("create table places(at point, day text)")
typed.execute("insert into places values(?, ?)", (Point(3, 4), datetime.date(2024, 2, 29)))
print(typed.execute("select at, day, '5;6' as 'z [point]' from places").fetchone())
typed.close()

# Functions
db.create_function("twice", 1, lambda value: value * 2, deterministic=True)
print(db.execute("select twice(4), twice('ab'), twice(1.5), twice(x'00')").fetchone())
db.create_function("fails", 0, lambda: 1 / 0)
show("fails", lambda: db.execute("select fails()").fetchone())


class Longest:
    def __init__(self):
        self.values = []

    def step(self, value):
        self.values.append(value)

    def inverse(self, value):
        self.values.remove(value)

    def value(self):
        return max(self.values, key=len, default=None)

    finalize = value


db.create_aggregate("longest", 1, Longest)
print(db.execute("select longest(name) from part").fetchone())
db.create_window_function("longest_near", 1, Longest)
print(db.execute("select longest_near(name) over (order by id rows between 1 preceding and current row) from part").fetchall())
db.create_collation("backward", lambda a, b: (a < b) - (a > b))
print(db.execute("select name from part order by name collate backward").fetchall())

# Callbacks
seen = []
db.set_trace_callback(seen.append)
db.execute("select 10").fetchall()
db.set_trace_callback(None)
print(seen)
db.set_authorizer(lambda action, *rest: sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_DELETE else sqlite3.SQLITE_OK)
show("denied", lambda: db.execute("delete from part"))
db.set_authorizer(None)
db.set_progress_handler(lambda: 1, 1)
show("stopped", lambda: db.execute("select * from part a, part b, part c").fetchall())
db.set_progress_handler(None, 1)

# Blobs, dumps, copies
db.execute("update part set data = zeroblob(8) where id = 1")
with db.blobopen("part", "data", 1) as blob:
    blob.write(b"abc")
    blob[7] = 90
    blob[3:5] = b"de"
    print(len(blob), blob[0], blob[1:4], blob.tell(), blob.seek(0), blob.read())
    show("over", lambda: blob.write(b"123456789"))
    show("item", lambda: blob[8])
db.commit()
print(*db.iterdump(), sep="\n")
copy = sqlite3.connect(":memory:")
steps = []
db.backup(copy, pages=1, progress=lambda status, left, total: steps.append(left))
print(steps[-1], copy.execute("select name from part").fetchall())
image = copy.serialize()
copy.close()
other = sqlite3.connect(":memory:")
other.deserialize(image)
print(type(image), image[:15], other.execute("select count(*) from part").fetchone())
print(other.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) > 100, other.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, 100) > 100)
show("long", lambda: other.execute("select 1" + " " * 200))
other.close()

# Other threads; files
caught = []


def elsewhere():
    try:
        db.execute("select 1")
    except sqlite3.ProgrammingError as error:
        caught.append(str(error).split("in thread")[0])


thread = threading.Thread(target=elsewhere)
thread.start()
thread.join()
print(caught)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "file.db")
    first, second = sqlite3.connect(path, timeout=0.05), sqlite3.connect(path, timeout=0.05)
    first.execute("create table t(x)")
    first.execute("begin exclusive")
    show("locked", lambda: second.execute("insert into t values(1)"))
    first.rollback()
    print(second.execute("select * from t").fetchall())
    first.close()
    second.close()
db.close()
print(sqlite3.complete_statement("select 1;"), sqlite3.complete_statement("select 1"), sqlite3.threadsafety, sqlite3.paramstyle)
