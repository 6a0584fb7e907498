# PYTHONMALLOC=debug finds writes out of bounds, frees by the wrong function, and calls
# without the GIL.
import _testmodules
import os
import re
import subprocess
import sys

for name in ['pymem_buffer_overflow', 'pymem_api_misuse', 'pymem_malloc_without_gil']:
    code = f'import sys; sys.path = {sys.path!r}; import _testcapi; _testcapi.{name}()'
    environment = {**os.environ, 'PYTHONMALLOC': 'debug'}
    ended = subprocess.run([sys.executable, '-c', code], env=environment, capture_output=True)
    report = ended.stderr.decode().split('Python runtime state')[0]
    print(ended.returncode, re.sub('0x[0-9a-f]{6,}', '0x...', report))
