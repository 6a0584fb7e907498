"""Who is told that a buffer is released: `__release_buffer__` of subclasses."""

import inspect


def make(has_buffer, has_release, asks_base):
    namespace = {}
    if has_buffer:

        def __buffer__(self, flags):
            print("  buffer")
            return bytearray.__buffer__(self, flags)

        namespace["__buffer__"] = __buffer__
    if has_release:

        def __release_buffer__(self, view):
            print("  release", view.obj is self, bytes(view.tobytes()))
            try:
                memoryview(view)
            except ValueError as error:
                print("   ", error)
            if asks_base:
                bytearray.__release_buffer__(self, view)

        namespace["__release_buffer__"] = __release_buffer__
    return type("Array", (bytearray,), namespace)


for has_buffer, has_release, asks_base in [
    (0, 0, 0), (0, 1, 0), (0, 1, 1), (1, 0, 0), (1, 1, 0), (1, 1, 1),
]:
    print("buffer", has_buffer, "release", has_release, "base", asks_base)
    array = make(has_buffer, has_release, asks_base)(b"hello")
    with memoryview(array) as view:
        with memoryview(view):
            pass
        print("  inside", view.tobytes())
    array.append(33)
    print("  free", bytes(array))

for flags in (inspect.BufferFlags.READ, inspect.BufferFlags.WRITE):
    try:
        bytearray(b"abc").__buffer__(flags)
    except SystemError:
        print("SystemError")
