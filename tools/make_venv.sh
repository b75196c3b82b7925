#!/bin/sh
# make_venv.sh DIRECTORY - make the virtual environment of the build, or keep the one there.
#
# It is kept while its interpreter starts and is the one that PYTHON names, if PYTHON is given.
set -eu
venv=$1
tools=$(dirname "$0")

if ! sh "$tools/find_compiler.sh" >/dev/null; then
    exit 1
fi
if [ -f "$venv/.python" ] && "$venv/bin/python" -I -c '' 2>/dev/null; then
    if [ -z "${PYTHON:-}" ]; then
        exit 0
    fi
    wanted=$(sh "$tools/find_python.sh")
    if [ "$wanted" = "$(cat "$venv/.python")" ]; then
        exit 0
    fi
fi
python=$(sh "$tools/find_python.sh")
echo "making $venv with $("$python" --version) ($python)"
rm -rf "$venv" build/*/CMakeCache.txt # a cache would remember the headers of the old one
"$python" -m venv "$venv"
printf '%s\n' "$python" >"$venv/.python"
