"""Where the C files for other extensions are."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_INCLUDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "include")


def get_include() -> str:
    """Return the absolute path of the folder to give to a C compiler, for ``<bocpy/bocpy.h>``.

    CMake finds the same through ``find_package(bocpy)`` and pkg-config through ``bocpy.pc``; see
    the guide. ``bocpy.rs`` beside the header is for Rust; Cython finds ``bocpy.capi`` by itself.
    """
    return _INCLUDE


def get_sources() -> list[str]:
    """Return the C files to compile into an extension besides its own, as absolute paths.

    One on Windows, where older compilers have no C11 atomics; none elsewhere.
    """
    return [os.path.join(_INCLUDE, "bocpy", "bocpy_msvc.c")] if sys.platform == "win32" else []


def calling(callable: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that can be a behavior, for any callable."""

    def call(*arguments: object) -> object:
        return callable(*arguments)

    return call
