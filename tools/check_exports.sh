#!/bin/sh
# check_exports.sh NM LIBRARY HEADER... - fail unless the shared library exports exactly the
# functions that the headers mark with BOC_API.
set -eu
nm=$1 library=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A declaration may span lines; its name is what stands before the first parenthesis.
cat "$@" | tr '\n' ' ' | tr ';' '\n' |
    sed -nE 's/.*BOC_API ([^(]*[ *])?(boc_[a-z0-9_]+)\(.*/\2/p' | sort -u >"$work/declared"
"$nm" -D --defined-only "$library" | awk '{ print $NF }' | sed 's/@.*//' | sort -u >"$work/exported"

[ -s "$work/declared" ] || { echo "no header declares a function" >&2; exit 1; }
if ! diff "$work/declared" "$work/exported" >"$work/diff"; then
    echo "$library: declared (<) and exported (>) differ:" >&2
    cat "$work/diff" >&2
    exit 1
fi
echo "$(wc -l <"$work/exported") functions"
