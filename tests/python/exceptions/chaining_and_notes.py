def low():
    {}["missing"]


def middle():
    try:
        low()
    except KeyError as error:
        error.add_note("while looking")
        raise ValueError("bad value") from error


def high():
    try:
        middle()
    except ValueError:
        raise RuntimeError("gave up")


high()
