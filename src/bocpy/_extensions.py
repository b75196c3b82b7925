"""Extension modules that CPython before 3.14 must load in main before a worker tries to.

Before 3.13 that is every one. There the init function of a module that refuses sub-interpreters
has run when it is refused, and has left objects of the worker's interpreter in memory of the
process (python/cpython#119450); and some functions keep what their first call with keywords made,
in whichever interpreter that was (python/cpython#119213). Either aborts the process later. `guard`
makes a worker ask main to go first.

CPython 3.13 sees to that itself. But where the first ctypes types of two interpreters are made at
the same time, both fill in one table of the process: one can find it half filled, and crash.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What main imports, to have the first calls made that their Python part makes.
_PARTS_OF = {"_asyncio": "asyncio", "_ctypes": "ctypes", "_hashlib": "hashlib", "_ssl": "ssl"}

# What main loads first on CPython 3.13.
_STILL = {"_ctypes"}


def guard() -> None:
    """Let the import system of this worker load extension modules in main first."""
    external: Any = sys.modules["_frozen_importlib_external"]
    _guard(external.ExtensionFileLoader)
    _guard(sys.modules["_frozen_importlib"].BuiltinImporter)


def load(name: str, path: str) -> None:
    """Load the extension module *name* from *path*; a built-in one if the path is empty.

    Called in main, on the thread of the worker that is about to load it. Of modules outside the
    standard library only the init function runs.
    """
    import _imp
    import contextlib
    import importlib.machinery

    with contextlib.suppress(Exception):
        if name.partition(".")[0] in sys.stdlib_module_names:
            module = importlib.import_module(_PARTS_OF.get(name, name))
            if name == "zlib":
                module.compress(b"x", level=1)
        elif name not in sys.modules:
            loader = importlib.machinery.ExtensionFileLoader(name, path)
            _imp.create_dynamic(importlib.machinery.ModuleSpec(name, loader, origin=path))


def _guard(loader: Any) -> None:
    original = loader.create_module
    if getattr(original, "guards", False):
        return

    def create_module(*args: Any) -> Any:
        from bocpy import _core

        spec = args[-1]
        is_unsafe = sys.version_info < (3, 13) or spec.name in _STILL
        if is_unsafe and _core.is_worker():  # not an interpreter that a test has made
            _core._load_in_main(spec.name, spec.origin if spec.origin != "built-in" else "")
        return original(*args)

    create_module.guards = True  # type: ignore[attr-defined]
    loader.create_module = create_module
