"""Build-time variables for sysconfig: what Krait has of a Makefile's variables."""

build_time_vars = {
    'EXT_SUFFIX': '.cpython-314-x86_64-linux-gnu.so',
    'EXE': '',
    'HAVE_FORK': 1,
    'MULTIARCH': 'x86_64-linux-gnu',
    'Py_DEBUG': 0,
    'Py_ENABLE_SHARED': 0,
    'Py_GIL_DISABLED': 0,
    'SHLIB_SUFFIX': '.so',
    'SIZEOF_VOID_P': 8,
    'SOABI': 'cpython-314-x86_64-linux-gnu',
    'TZPATH': '/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo',
    'VERSION': '3.14',
}
