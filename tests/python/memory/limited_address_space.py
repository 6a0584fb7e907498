"""A limit on the address space leaves no room for all small ints; those that C code knows stay single."""
import resource
import subprocess
import sys

PROGRAM = """
print([n for n in (-5, -1, 0, 255, 256) if int(str(n)) is int(str(n))])
print(sum(range(10**5)), 2**39 - 1 + 1, -2**39 - 1, (1 << 19) * 3, sorted([2**20, -5, 2**19])[-1])
print({600000: "a", 2**41: "b"}[2 * 300000], [10, 20, 30][int("1")], range(10)[-1], hash(2**40) == 2**40)
"""

for megabytes in (None, 512, 128):
    def limit():
        if megabytes is not None:
            resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))

    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, preexec_fn=limit)
    print(done.stdout, done.stderr, done.returncode)
