#!/bin/sh
# install-reference DIR: CPython 3.14 with headers and test-suite, and PyPy, to compare Krait with.
#
# Both come as packages of Debian's development release, in a tree of their own below DIR/root. They
# need a newer C library than most systems have, so the two programs are made to load the one of
# that tree. Needs root. Quick when everything is there already. Leaves
#   DIR/python3.14, DIR/pypy3          the interpreters
#   DIR/root/usr/lib/python3.14        the standard library, its tests in test/
#   DIR/root/usr/include/python3.14    the headers
#   DIR/installed                      says that the installation is complete
set -eu
fail() { echo "install-reference: $*" >&2; exit 1; }

dir=$1
root=$dir/root
if [ ! -e "$dir/installed" ]; then
    [ "$(id -u)" = 0 ] || fail "this needs root"
    missing=
    for tool in debootstrap patchelf; do
        command -v "$tool" >/dev/null || missing="$missing $tool"
    done
    if [ -n "$missing" ]; then
        command -v apt-get >/dev/null || fail "please install$missing"
        apt-get update -qq || fail "the package lists cannot be read: no network?"
        # shellcheck disable=SC2086 # one word per tool
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null \
            || fail "cannot install$missing: no network?"
    fi

    mkdir -p "$dir"
    rm -rf "$root"
    packages=python3.14,python3.14-dev,libpython3.14-testsuite,pypy3
    echo "install-reference: getting $packages (a minute or two)"
    if ! debootstrap --variant=minbase --no-check-gpg --include="$packages" sid "$root" \
        >"$dir/install.log" 2>&1; then
        tail -n 5 "$dir/install.log" >&2
        fail "debootstrap failed (no network?); the log is $dir/install.log"
    fi
    libraries=$root/lib/x86_64-linux-gnu:$root/usr/lib/x86_64-linux-gnu
    for program in python3.14 pypy3.11; do
        patchelf --set-interpreter "$root/lib64/ld-linux-x86-64.so.2" \
            --force-rpath --set-rpath "$libraries" "$root/usr/bin/$program"
    done
    ln -sf "$root/usr/bin/python3.14" "$dir/python3.14"
    ln -sf "$root/usr/bin/pypy3.11" "$dir/pypy3"
    "$dir/python3.14" -c 'import ssl, test.support' || fail "the installed CPython does not run"
    "$dir/pypy3" -c 'import ssl' || fail "the installed PyPy does not run"
    touch "$dir/installed"
fi
"$dir/python3.14" -c 'import sys; print("CPython", sys.version.split()[0], "in", sys.executable)'
"$dir/pypy3" -c 'import sys; print("PyPy %d.%d.%d" % sys.pypy_version_info[:3], "in", sys.executable)'
