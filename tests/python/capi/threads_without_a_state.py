"""What C code may ask on a thread that Python does not know."""
import ctypes

library = ctypes.CDLL(None)
for name in ("PyInterpreterState_Head", "PyInterpreterState_Main", "Py_GetVersion", "Py_GetPlatform", "Py_GetCopyright",
             "Py_IsInitialized", "PyThreadState_GetUnchecked", "PyGILState_GetThisThreadState"):
    function = ctypes.cast(getattr(library, name), ctypes.c_void_p)
    thread, answer = ctypes.c_ulong(), ctypes.c_void_p()
    library.pthread_create(ctypes.byref(thread), None, function, None)
    library.pthread_join(thread, ctypes.byref(answer))
    print(name, bool(answer.value))
get = ctypes.pythonapi.Py_GetVersion
get.restype = ctypes.c_char_p
print(get().startswith(b"3.14.10"))
