"""Ways to call SQLite's functions that will go: who uses them is warned."""
import sqlite3
import warnings


class Sum:
    def step(self, value):
        pass

    def finalize(self):
        return 1


class Connection(sqlite3.Connection):
    pass


def show(function, *args, **kwargs):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = type(function(*args, **kwargs)).__name__
        except Exception as error:
            result = f"{type(error).__name__}: {error}"
    print(getattr(function, "__name__", function), len(args), sorted(kwargs), result)
    for warning in caught:
        if warning.category is not ResourceWarning:
            print("   ", warning.category.__name__, warning.message, warning.filename == __file__)


connection = sqlite3.connect(":memory:")
show(connection.create_function, "f", 1, abs)
show(connection.create_function, "f", 1, func=abs)
show(connection.create_function, "f", narg=1, func=abs)
show(connection.create_function, name="f", narg=1, func=abs, deterministic=True)
show(connection.create_function, "f", 1, abs, deterministic=True)
show(connection.create_function, "f", narg=1)
show(connection.create_function, "f", 1, abs, func=abs)
show(connection.create_aggregate, "sum2", 1, Sum)
show(connection.create_aggregate, "sum2", 1, aggregate_class=Sum)
show(connection.set_authorizer, None)
show(connection.set_authorizer, authorizer_callback=None)
show(connection.set_progress_handler, None, 1)
show(connection.set_progress_handler, None, n=1)
show(connection.set_progress_handler, progress_handler=None, n=1)
show(connection.set_trace_callback, None)
show(connection.set_trace_callback, trace_callback=None)
show(sqlite3.Connection, ":memory:")
show(sqlite3.Connection, ":memory:", timeout=5.0)
show(sqlite3.Connection, ":memory:", 5.0)
show(sqlite3.Connection, ":memory:", 5.0, 0, None, True, Connection)
show(sqlite3.connect, ":memory:", 5.0)
show(sqlite3.connect, ":memory:", 5.0, 0, None, True, Connection)
show(sqlite3.connect, ":memory:", factory=Connection)
with warnings.catch_warnings():
    warnings.simplefilter("error")
    show(connection.set_trace_callback, trace_callback=None)
    try:
        connection.set_trace_callback(trace_callback=print)
    except DeprecationWarning as error:
        print("raised", error)
    connection.execute("select 1")
