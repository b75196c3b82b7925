#!/bin/sh
# check_door.sh CC INCLUDE - fail unless boc/boc.h brings in every other public header.
set -eu
cc=$1 include=$2
reached=$("$cc" -std=c11 -I "$include" -MM -x c "$include/boc/boc.h")
for header in "$include"/boc/*.h; do
    case $reached in
    *"/boc/${header##*/}"*) ;;
    *)
        echo "boc/boc.h does not include boc/${header##*/}" >&2
        exit 1
        ;;
    esac
done
