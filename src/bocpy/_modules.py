"""Which module a function's globals belong to, and what that module's source says.

A *place* names a namespace across interpreters, as a tuple of builtins:
    ("main",)                                 ``__main__``
    ("module", name, file)                    a module that can be imported by name, or from file
    ("detached", token, name, file, package)  any other namespace: `exec`, a module made by hand
"""

import linecache
import os
import sys
import tokenize
from types import CodeType, FunctionType, ModuleType
from typing import Any

from bocpy import _namespaces, transpiler

type Place = tuple[Any, ...]

MAIN: Place = ("main",)

# Set in a namespace that no interpreter can find by name.
TOKEN = "__bocpy_namespace__"

# Given to every module; a worker's copy has its own.
DUNDERS = frozenset(
    {
        "__annotations__",
        "__builtins__",
        "__cached__",
        "__debug__",
        "__doc__",
        "__file__",
        "__loader__",
        "__name__",
        "__package__",
        "__path__",
        "__spec__",
        TOKEN,
    }
)

# Parsed sources; beyond this many (a notebook's cells) they are parsed again.
_SUMMARIES_MAX = 256

_summaries: dict[Place, transpiler.Module | None] = {}


def place_of(namespace: dict[str, Any]) -> Place:
    """Return the place of *namespace*, marking it if it has no name of its own."""
    name = namespace.get("__name__")
    token = namespace.get(TOKEN)
    if token is None:
        module = sys.modules.get(name) if isinstance(name, str) else None
        if module is not None and getattr(module, "__dict__", None) is namespace:
            if name == "__main__":
                return MAIN
            if _is_importable(module):
                return ("module", name, _text(namespace.get("__file__")))
        token = namespace[TOKEN] = os.urandom(8).hex()
    package = _text(namespace.get("__package__"))
    return ("detached", token, _text(name), _text(namespace.get("__file__")), package)


def summary_of(place: Place, namespace: dict[str, Any]) -> transpiler.Module | None:
    """Return what the source of a module says; `None` if it cannot be read."""
    if place[0] == "detached":
        return None
    if place not in _summaries:
        source, filename = _source_of(place, namespace)
        _summaries[place] = _summarize(source, filename)
    return _summaries[place]


def forget() -> None:
    """Forget every source."""
    _summaries.clear()


def read_source(namespace: dict[str, Any]) -> tuple[str | None, str]:
    """Return the source of a module and the file that its code names."""
    filename = _text(namespace.get("__file__"))
    if filename is None:
        return None, "<unknown>"
    try:
        with tokenize.open(filename) as stream:
            return stream.read(), filename
    except (OSError, SyntaxError, UnicodeDecodeError):
        return "".join(linecache.getlines(filename, namespace)) or None, filename


def source_of_code(code: CodeType, namespace: dict[str, Any]) -> transpiler.Module | None:
    """Return what the source that *code* was compiled from says; `None` if it cannot be read."""
    summary = summary_of(place_of(namespace), namespace)
    if summary is not None and summary.filename == code.co_filename:
        return summary
    unsaved = unsaved_source(code, namespace)
    if unsaved is None:
        lines = linecache.getlines(code.co_filename)
        unsaved = (code.co_filename, "".join(lines))
    place = ("source", *unsaved)
    if place not in _summaries:
        if len(_summaries) > _SUMMARIES_MAX:
            _summaries.clear()
        _summaries[place] = _summarize(unsaved[1], unsaved[0])
    return _summaries[place]


def unsaved_source(code: CodeType, namespace: dict[str, Any]) -> tuple[str, str] | None:
    """Return the file name and text of code that no file holds: a prompt, a notebook cell."""
    filename = code.co_filename
    if not filename.startswith("<") and os.path.exists(filename):
        return None
    from_code = getattr(linecache, "_getlines_from_code", None)
    lines = (from_code(code) if from_code is not None else None) or linecache.getlines(
        filename, namespace
    )
    if not lines and filename == "<string>" and "-c" in sys.orig_argv[1:-1]:
        text = sys.orig_argv[sys.orig_argv.index("-c") + 1]
        lines = text.splitlines(keepends=True)
    return (filename, "".join(lines)) if lines else None


def travels_by_name(value: type | FunctionType) -> bool:
    """Say whether another interpreter finds *value* under its module and qualified name.

    Everything that an importable module holds does; of ``__main__``, what its reduced copy keeps.
    """
    name = getattr(value, "__module__", None)
    qualname = getattr(value, "__qualname__", "<locals>")
    module = sys.modules.get(name) if isinstance(name, str) else None
    if module is None or "<locals>" in qualname:
        return False
    found: Any = module
    for part in qualname.split("."):
        found = getattr(found, part, None)
    if found is not value:
        return False
    place = place_of(vars(module))
    if place == MAIN:
        summary = summary_of(MAIN, vars(module))
        return summary is not None and qualname.partition(".")[0] in summary.kept
    return bool(place[0] == "module")


def _source_of(place: Place, namespace: dict[str, Any]) -> tuple[str | None, str]:
    if place == MAIN and _namespaces.main_source is not None:
        return _namespaces.main_source  # the file may have changed, or there is none
    return read_source(namespace)


def _summarize(source: str | None, filename: str) -> transpiler.Module | None:
    try:
        return None if source is None else transpiler.summarize(source, filename)
    except (SyntaxError, ValueError):
        return None


def _is_importable(module: ModuleType) -> bool:
    spec = getattr(module, "__spec__", None)
    return bool(spec is not None and (spec.loader is not None or spec.origin is not None))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
