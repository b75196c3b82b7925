#!/bin/sh
# find_python.sh - print the path of the interpreter to build with.
#
# Looked for in this order, the newest of 3.12 to 3.15 in the first place that has one that
# works: PYTHON from the environment, PATH, the versions of pyenv, what uv can install.  Works
# means: it starts, has its C headers, and can make a virtual environment.  Release candidates
# and free-threaded builds are taken only from PYTHON.
set -u

probe='
import os, sys, sysconfig
import ensurepip, venv
level, (major, minor) = sys.version_info.releaselevel, sys.version_info[:2]
given = sys.argv[1] == "given"
ok = sys.implementation.name == "cpython" and (3, 12) <= (major, minor) <= (3, 15)
plain = level == "final" and not sysconfig.get_config_var("Py_GIL_DISABLED")
headers = os.path.join(sysconfig.get_paths()["include"], "Python.h")
if ok and (given or plain) and os.path.exists(headers):
    print("%d %s" % (minor, sys.executable))
'

# Print "MINOR PATH" when the interpreter works.
try() {
    "$1" -I -c "$probe" "${2:-found}" 2>/dev/null
}

newest() {
    sort -rn | head -n 1 | cut -d' ' -f2-
}

answer() {
    if [ -n "$1" ]; then
        printf '%s\n' "$1"
        exit 0
    fi
}

if [ -n "${PYTHON:-}" ]; then
    answer "$(try "$PYTHON" given | newest)"
    echo "PYTHON=$PYTHON is not a CPython 3.12 to 3.15 with C headers (python3-dev) and venv" \
        "(python3-venv): install these or name another." >&2
    exit 1
fi

answer "$(
    for name in python3.15 python3.14 python3.13 python3.12 python3 python; do
        try "$name"
    done | newest
)"

answer "$(
    for python in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-5]*/bin/python; do
        [ -x "$python" ] && try "$python"
    done | newest
)"

# uv may come from PyPI with the help of any interpreter that has pip.
uv=uv
if ! uv --version >/dev/null 2>&1; then
    uv=build/uv/bin/uv
    for python in python3 python "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python; do
        [ -x "$uv" ] && break
        "$python" -m venv build/uv >/dev/null 2>&1 &&
            build/uv/bin/python -m pip install -q uv >/dev/null 2>&1
    done
fi
for version in 3.15 3.14 3.13 3.12; do
    "$uv" python install -q "$version" >/dev/null 2>&1 || continue
    python=$("$uv" python find --managed-python "$version" 2>/dev/null) || continue
    answer "$(try "$python" | newest)"
done

echo "No CPython 3.12 to 3.15 with C headers and venv was found: install one" \
    "(apt-get install python3-dev python3-venv, dnf install python3-devel, or uv python install" \
    "3.13), or name it with PYTHON=/path/to/python3." >&2
exit 1
