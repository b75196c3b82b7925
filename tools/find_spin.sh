#!/bin/sh
# find_spin.sh - print the path of the model checker spin, installing it where that is allowed.
set -u
works() {
    "$1" -V 2>/dev/null | grep -q '^Spin Version'
}

if ! works spin && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    install="apt-get install -y --no-install-recommends spin"
    { $install || { apt-get update && $install; }; } >&2
fi
if works spin; then
    command -v spin
    exit 0
fi
echo "The models need the model checker spin: install it (apt-get install spin," \
    "dnf install spin, brew install spin), or name it with SPIN=." >&2
exit 1
