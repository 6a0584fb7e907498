"""Makes CPython's own extension modules for tests importable, from where the
reference is installed."""

import os
import sys

_root = os.environ.get('KRAIT_REFERENCE', '/opt/reference')
_folder = f'{_root}/root/usr/lib/python3.14/lib-dynload'
if _folder not in sys.path:
    sys.path.append(_folder)
