#!/bin/sh
# check_header.sh HEADER INCLUDE COMPILER FLAG... - fail unless the header compiles alone, twice
# in a row, without a warning.
set -eu
header=$1 include=$2
shift 2
printf '#include <boc/%s>\n#include <boc/%s>\ntypedef int boc_program;\n' "$header" "$header" |
    "$@" -I "$include" -pedantic -Wall -Wextra -Werror -fsyntax-only -
