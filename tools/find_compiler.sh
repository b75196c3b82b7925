#!/bin/sh
# find_compiler.sh - print the C compiler that CMake will take; it must know C11 atomics.
set -u
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
printf '#include <stdatomic.h>\nint main(void) { return ATOMIC_INT_LOCK_FREE != 2; }\n' >"$work/a.c"
for compiler in ${CC:-cc gcc clang}; do
    if "$compiler" -std=c11 -o "$work/a" "$work/a.c" 2>/dev/null; then
        command -v "$compiler"
        exit 0
    fi
done
echo "No working C11 compiler was found: install gcc or clang" \
    "(apt-get install build-essential, dnf install gcc make, xcode-select --install)," \
    "or name one with CC=." >&2
exit 1
