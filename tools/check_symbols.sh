#!/bin/sh
# check_symbols.sh NM LIBRARY - fail when the library refers to a symbol of CPython.
set -eu
symbols=$("$1" -u "$2")
if printf '%s\n' "$symbols" | grep -E '(^|[[:space:]])_?_?Py'; then
    echo "$2 refers to CPython" >&2
    exit 1
fi
# An empty list would mean that nm saw nothing: a C library always needs something of libc.
printf '%s\n' "$symbols" | grep -q '[A-Za-z]' || { echo "$2: nm lists nothing" >&2; exit 1; }
