# What is said of names that a module does not have.
import os.path

import _helper_cycle

print(_helper_cycle.message.replace(os.path.dirname(__file__) + "/", ""))
for module in (_helper_cycle, os.path):
    try:
        module.missing
    except AttributeError as error:
        print(error, error.name, error.obj is module)
_helper_cycle.__spec__._initializing = True
_helper_cycle.__spec__.origin = "/elsewhere/_helper_cycle.py"
try:
    _helper_cycle.missing
except AttributeError as error:
    print(error)
_helper_cycle.__spec__.has_location = False
try:
    _helper_cycle.missing
except AttributeError as error:
    print(error)
_helper_cycle.__spec__._initializing = False
_helper_cycle.__spec__._uninitialized_submodules = ["missing"]
try:
    _helper_cycle.missing
except AttributeError as error:
    print(error)
