#!/bin/sh
# test_capi.sh - build the template of an extension against the installed wheel, and test both.
#
#     tools/test_capi.sh FOLDER [VERSION...]
#
# Without versions: 3.12 and 3.13, as far as they are found.  For each version of CPython: a wheel of bocpy, a fresh virtual environment in FOLDER that gets
# nothing but the wheel, the template by pip and by CMake, their tests, and the tests of what the
# wheel contains.  BENCH=1 measures a chain of bodies in C as well.
set -eu
folder=$1
shift
root=$(cd "$(dirname "$0")/.." && pwd)

# The interpreter of a version: PATH, pyenv, uv.
find_version() {
    for candidate in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/python"$1" \
        "$(uv python find "$1" 2>/dev/null)"; do
        if [ -n "$candidate" ] && "$candidate" -c "import sys, ensurepip, venv
sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null; then
            echo "$candidate"
            return 0
        fi
    done
    echo "no CPython $1 was found on PATH, in pyenv or by uv" >&2
    return 1
}

if [ $# -eq 0 ]; then
    for version in 3.12 3.13; do
        find_version "$version" >/dev/null && set -- "$@" "$version"
    done
    [ $# -gt 0 ] || { echo "name the versions that there are with VERSIONS=" >&2; exit 1; }
fi

for version in "$@"; do
    python=$(find_version "$version")
    work=$folder/$version
    echo "== CPython $version: $python"
    rm -rf "$work/wheel" "$work/template" "$work/by_cmake" "$work/installed"
    mkdir -p "$work/wheel"
    [ -x "$work/venv/bin/python" ] || "$python" -m venv "$work/venv"
    bin=$work/venv/bin
    pip="$bin/python -m pip --disable-pip-version-check -q"
    PATH=$(cd "$bin" && pwd):$PATH
    export PATH
    $pip install "scikit-build-core>=0.10" "cmake>=3.21" ninja setuptools wheel pytest \
        pytest-timeout
    $pip wheel --no-build-isolation --no-deps -w "$work/wheel" \
        -Cbuild-dir="$work/build" -Ccmake.define.BOC_LTO=OFF "$root"
    $pip install --force-reinstall --no-deps "$work"/wheel/bocpy-*.whl
    cp -R "$root/templates/c_abi_consumer" "$work/template"
    (
        cd "$work/template" # away from the sources: only the installed package is found
        CFLAGS="-Wall -Wextra -Werror" $pip install --no-build-isolation --no-deps \
            --force-reinstall .
        "$bin/python" -m pytest -q -p no:cacheprovider test
        $pip uninstall -y bocpy-c-abi-consumer
        prefix=$("$bin/python" -c 'import bocpy, os; print(os.path.dirname(bocpy.get_include()))')
        cmake -G Ninja -B "$work/by_cmake" -S . -DCMAKE_PREFIX_PATH="$prefix" \
            -DPython_EXECUTABLE="$bin/python" -DCMAKE_INSTALL_PREFIX="$work/installed" >/dev/null
        cmake --build "$work/by_cmake" --target install >/dev/null
        PYTHONPATH=$work/installed "$bin/python" -m pytest -q -p no:cacheprovider test
        if command -v pkg-config >/dev/null; then
            PKG_CONFIG_PATH=$prefix/share/pkgconfig pkg-config --cflags bocpy | grep -q include
        fi
    )
    BOCPY_TEST_WHEEL=1 "$bin/python" -m pytest -q -p no:cacheprovider -c "$root/pyproject.toml" \
        --rootdir "$root" "$root/tests/python/test_public_c_abi.py" \
        "$root/tests/python/test_c_abi_types.py" "$root/tests/python/test_c_abi_old_names.py"
    if [ "${BENCH:-}" = 1 ]; then
        cmake -G Ninja -B "$work/native" -S "$root" -DCMAKE_BUILD_TYPE=Release \
            -DBOC_BUILD_PYTHON=OFF -DBOC_BUILD_TESTS=ON >/dev/null
        cmake --build "$work/native" --target bench_native >/dev/null
        "$bin/python" "$root/benchmarks/python/c_bodies.py" "$work/native/bin/bench_native"
    fi
done
