#!/bin/sh
# other_pythons.sh PYTHON - print the other interpreters that bocpy can be built for, one a line.
#
# One for each of the CPython versions 3.12 to 3.15 that PATH or pyenv has with C headers, except
# the version of PYTHON.
set -u

probe='
import os, sys, sysconfig
version = sys.version_info
ok = sys.implementation.name == "cpython" and (3, 12) <= version[:2] <= (3, 15)
plain = version.releaselevel == "final" and not sysconfig.get_config_var("Py_GIL_DISABLED")
headers = os.path.join(sysconfig.get_paths()["include"], "Python.h")
if ok and plain and os.path.exists(headers):
    print("%d.%d %s" % (*version[:2], os.path.realpath(sys.executable)))
'

own=$("$1" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])') || exit 1
for python in python3.12 python3.13 python3.14 python3.15 \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-5]*/bin/python; do
    "$python" -I -c "$probe" 2>/dev/null
done | awk -v own="$own" '$1 != own && !seen[$1]++ { print $2 }'
