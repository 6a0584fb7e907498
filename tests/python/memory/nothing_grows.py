"""What is done over and over leaves no memory behind."""

import codecs
import gc
import io
import os
import pickle
import sys
import time
import typing

ROUNDS = 100


def growth(function):
    for _ in range(5):
        function()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(ROUNDS):
        function()
    gc.collect()
    return max(sys.getallocatedblocks() - before, 0) // ROUNDS


def check(function):
    blocks = growth(function)
    # CPython loses a block with some decoders.
    print(function.__name__, f"grows by {blocks}" if blocks > 1 else "stays")


@check
def hidden_items_of_a_struct_sequence():
    os.stat("/")
    time.localtime()


@check
def a_struct_sequence_in_a_cycle():
    cycle = []
    cycle.append(time.struct_time([cycle] * 9))


@check
def attributes_of_type_variables():
    variable = typing.TypeVar("T")
    variable.itself = variable
    typing.ParamSpec("P")
    typing.TypeVarTuple("Ts")


class Assigning(type):
    assigning = False

    def mro(cls):
        if not Assigning.assigning:
            Assigning.assigning = True
            cls.__bases__ += ()
            Assigning.assigning = False
        return type.mro(cls)


@check
def bases_assigned_by_mro():
    class Odd(metaclass=Assigning):
        pass


@check
def classes_that_failed():
    for namespace in ({"__doc__": "\udcdc"}, {"__slots__": ("a", "a b")}):
        try:
            type("A", (), namespace)
        except (UnicodeEncodeError, TypeError):
            pass

    class Failing(type):
        def mro(cls):
            raise ValueError

    try:
        class Odd(metaclass=Failing):
            def method(self):
                return super().method()
    except ValueError:
        pass


@check
def a_pickler_that_is_remembered_by_itself():
    pickler = pickle.Pickler(io.BytesIO())

    class Odd:
        def __reduce__(self):
            pickler
            return list, ()

    pickler.dump(Odd())


class Decoder(codecs.IncrementalDecoder):
    latest = []

    def __init__(self, errors="strict"):
        super().__init__(errors)
        Decoder.latest.append(self)

    def decode(self, data, final=False):
        return bytes(data).decode("latin-1")


def search(name):
    if name == "nothing_grows":
        return codecs.CodecInfo(
            name=name,
            encode=None,
            decode=None,
            incrementalencoder=codecs.IncrementalEncoder,
            incrementaldecoder=Decoder,
        )


codecs.register(search)


@check
def a_decoder_that_knows_its_file():
    file = io.TextIOWrapper(io.BytesIO(b"abc"), encoding="nothing_grows", newline="")
    file.read(1)
    Decoder.latest.pop().file = file
