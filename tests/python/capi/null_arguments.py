# A null where the API wants an object is an exception, not a crash.
import _testmodules
import _testcapi
import _testlimitedcapi

NULL = None

for name in ['object_repr', 'object_str', 'sequence_length', 'sequence_list', 'mapping_keys',
             'number_negative']:
    function = getattr(_testlimitedcapi, name, None) or getattr(_testcapi, name, None)
    if function is None:
        continue
    try:
        print(name, repr(function(NULL)))
    except SystemError as error:
        print(name, error)
