import _helper_cycle

try:
    _helper_cycle.missing
except AttributeError as error:
    message = str(error)
