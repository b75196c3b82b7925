"""Where the C files for other extensions are."""

import sys
from pathlib import Path

_INCLUDE = Path(__file__).absolute().parent / "include"


def get_include() -> str:
    """Return the absolute path of the folder to give to a C compiler, for ``<bocpy/bocpy.h>``.

    CMake finds the same through ``find_package(bocpy)`` and pkg-config through ``bocpy.pc``; see
    the guide.
    """
    return str(_INCLUDE)


def get_sources() -> list[str]:
    """Return the C files to compile into an extension besides its own, as absolute paths.

    One on Windows, where older compilers have no C11 atomics; none elsewhere.
    """
    return [str(_INCLUDE / "bocpy" / "bocpy_msvc.c")] if sys.platform == "win32" else []
