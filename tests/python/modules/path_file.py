"""A file `NAME._pth` beside the executable NAME lists the whole of `sys.path`."""
import os
import subprocess
import sys
import tempfile

SHOW = """if True:
    import os, sys
    folder = os.path.dirname(sys.executable)
    print([path[len(folder):] for path in sys.path if path.startswith(folder)])
    print(sys.path[0] == os.path.dirname(folder), sys.prefix == sys.base_exec_prefix == folder, "site" in sys.modules)
    print(sys.flags.isolated, sys.flags.no_site, sys.flags.safe_path, sys.flags.ignore_environment, sys.flags.no_user_site)
    print(any("elsewhere" in path for path in sys.path))
"""

library = [path for path in sys.path if os.path.dirname(__file__) != path]
with tempfile.TemporaryDirectory() as folder:
    folder = os.path.realpath(folder)
    executable = os.path.join(folder, "program")
    os.symlink(sys.executable, executable)
    for special in [[], ["import site  # and what it does"]]:
        lines = ["# nothing", "", "..", "a/../b/./c", *special, "lib/python3.14", *library, "last"]
        with open(executable + "._pth", "w") as file:
            file.write("\n".join(lines))
        subprocess.run([executable, "-c", SHOW], env=os.environ | {"PYTHONPATH": "elsewhere"}, check=True)
