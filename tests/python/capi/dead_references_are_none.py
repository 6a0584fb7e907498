# C code reads the referent of a weak reference as a field: `None` when it is gone.
import _testmodules
import _testcapi

print(_testcapi.test_weakref_capi())
