import os
import sys
import importlib
import _helper_package.inner as inner
from _helper_package import value, inner as again

print(inner is again, value, inner.__name__, inner.up)
print("_helper_package" in sys.modules, sys.modules["_helper_package"].inner is inner)
for statement in ("import _helper_package.missing", "from _helper_package import nothing",
                  "import _helper_package.inner.deeper", "from . import x", "import _helper_broken"):
    try:
        exec(statement, {"__name__": "__main__"})
    except Exception as error:
        print(type(error).__name__, str(error).replace(os.path.dirname(os.path.abspath(__file__)), "HERE"))
print("_helper_broken" in sys.modules)
print(importlib.import_module(".inner", "_helper_package") is inner, inner.__spec__.parent)
