"""What other extensions get: paths, headers, files of the wheel, the functions for MSVC.

With ``BOCPY_TEST_WHEEL=1`` the installed package is looked at too (``make test-capi``).
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

import pytest

import bocpy

INCLUDE = Path(bocpy.get_include())
PUBLIC = {"bocpy.h", "bocpy.rs", "xidata.h", "matrix.h", "bocpy_msvc.c"}
SUFFIXES = {
    ".py",
    ".pyc",
    ".pyi",
    ".pxd",
    ".so",
    ".pyd",
    ".dylib",
    ".dll",
    ".txt",
    ".cmake",
    ".pc",
}
ATOMICS = [
    "atomic_compare_exchange_strong",
    "atomic_fetch_add",
    "atomic_load",
    "atomic_store",
]


def test_include_path_is_absolute_and_has_both_headers() -> None:
    assert INCLUDE.is_absolute()
    assert (INCLUDE / "bocpy" / "bocpy.h").is_file()
    assert (INCLUDE / "bocpy" / "xidata.h").is_file()


def test_sources_are_those_of_the_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert bocpy.get_sources() == []
    monkeypatch.setattr(sys, "platform", "win32")
    (source,) = bocpy.get_sources()
    assert os.path.isabs(source)
    assert Path(source).name == "bocpy_msvc.c"
    assert Path(source).is_file()


def test_both_are_public() -> None:
    assert {"get_include", "get_sources"} <= set(bocpy.__all__)


# -- the files of the wheel -----------------------------------------------------------------


def unexpected(files: Iterable[Path]) -> list[str]:
    """Return the files of a package that must not ship."""
    found = []
    for file in files:
        is_header = file.parent.name == "bocpy" and file.parent.parent.name == "include"
        is_ours = is_header and file.name in PUBLIC
        if not is_ours and file.suffix not in SUFFIXES and file.name != "py.typed":
            found.append(str(file))
    return found


def test_checker_fires() -> None:
    good = ["bocpy/a.py", "bocpy/py.typed", "bocpy/include/bocpy/bocpy.h", "bocpy/examples/a.txt"]
    bad = [
        "bocpy/include/boc/cown.h",
        "bocpy/include/bocpy/boc_private.h",
        "bocpy/a.o",
        "bocpy/a.c",
    ]
    assert unexpected(map(Path, good)) == []
    assert unexpected(map(Path, good + bad)) == bad


def test_installed_package_has_nothing_else() -> None:
    if os.environ.get("BOCPY_TEST_WHEEL") != "1":
        return  # a build tree links to the sources
    package = Path(bocpy.__file__).parent
    files = [file for file in package.rglob("*") if file.is_file()]
    assert len(files) > 20
    assert unexpected(files) == []
    assert "site-packages" in str(package)


# -- the functions for MSVC ---------------------------------------------------------------------


def signatures(text: str, end: str) -> dict[str, str]:
    """Return the parameter lists of the atomic functions that *text* declares or defines."""
    pattern = rf"^[a-z_0-9]+ (atomic_\w+)\(([^)]*)\)\s*{re.escape(end)}"
    found = re.findall(pattern, text, re.MULTILINE)
    return {name: " ".join(parameters.split()) for name, parameters in found}


def test_prototypes_and_bodies_have_equal_parameters() -> None:
    header = (INCLUDE / "bocpy" / "bocpy.h").read_text()
    source = (INCLUDE / "bocpy" / "bocpy_msvc.c").read_text()
    prototypes, bodies = signatures(header, ";"), signatures(source, "{")
    assert sorted(prototypes) == ATOMICS
    assert prototypes == bodies


def test_extractor_reads_lines_that_are_broken_and_nothing_else() -> None:
    assert signatures("bool atomic_x(int a,\n              int b);", ";") == {
        "atomic_x": "int a, int b"
    }
    assert signatures("int main(void) { return atomic_load(&x); }", ";") == {}


# -- the headers ----------------------------------------------------------------------------------

C11 = ["-x", "c", "-std=c11", "-Wpedantic", "-Wstrict-prototypes"]
CXX = ["-x", "c++", "-std=c++17"]
PROGRAMS = {
    "umbrella": "#include <bocpy/bocpy.h>\n",
    "matrix": "#include <bocpy/matrix.h>\n",
    "matrix_limited": "#define Py_LIMITED_API 0x030C0000\n#include <bocpy/matrix.h>\n",
    "xidata_first": "#include <bocpy/xidata.h>\n",
    "python_first": "#include <Python.h>\n#include <bocpy/bocpy.h>\n",
    "no_build_core": "#include <bocpy/bocpy.h>\n#ifdef Py_BUILD_CORE\n#error leaked\n#endif\n",
    "limited_api": "#define Py_LIMITED_API 0x030C0000\n#include <bocpy/bocpy.h>\n",
}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("language", ["c11", "c++17"])
def test_headers_compile_without_warnings(language: str, program: str, tmp_path: Path) -> None:
    if "limited" in program and sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.skip("free-threaded builds have no limited API")
    compiler = shutil.which("cc" if language == "c11" else "c++")
    assert compiler is not None, "these tests need a C and a C++ compiler"
    source = tmp_path / "source"
    use = """
        int use(PyTypeObject *type, const bocpy_type_ops_t *ops);
        int use(PyTypeObject *type, const bocpy_type_ops_t *ops) {
            static atomic_int_least64_t word;
            const bocpy_api_t *api = bocpy_import();
            return api != NULL && bocpy_interpid() != BOCPY_NO_OWNER && atomic_load(&word) == 0 &&
                   BOCPY_ABI >= 1 ? api->type_register(type, ops) : -1;
        }
    """
    source.write_text(PROGRAMS[program] + use)
    done = subprocess.run(
        [
            compiler,
            *(C11 if language == "c11" else CXX),
            *["-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{INCLUDE}"],
            *["-isystem", sysconfig.get_paths()["include"], str(source)],
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_package_is_found_by_cmake_and_pkg_config() -> None:
    prefix = INCLUDE.parent
    config = (prefix / "share" / "cmake" / "bocpy" / "bocpy-config.cmake").read_text()
    assert "bocpy::bocpy" in config
    module = (prefix / "share" / "pkgconfig" / "bocpy.pc").read_text()
    assert f"Version: {bocpy.__version__}" in module
