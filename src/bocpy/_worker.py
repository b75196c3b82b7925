"""Rebuild what `bocpy._origin` described: the receiving half of code shipping.

`boot` prepares a worker's interpreter; `materialize` makes a behavior's function there, once.
The functions that pickles name work in any interpreter.
"""

from __future__ import annotations

import atexit
import marshal
import sys

from bocpy import _namespaces, _warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FunctionType
    from typing import Any
else:  # a worker imports this before any body, and nothing that can wait
    FunctionType = type(lambda: None)

type Spec = tuple[Any, ...]
type Install = tuple[tuple[int, Any, Any], ...] | Callable[[tuple[Any, ...]], Any]

importing = _namespaces.importing

_CELL, _GLOBAL, _DEFAULT, _KEYWORD = range(4)

_DEFAULT_LOGGING_LEVEL = 30

_booted = False

# Of the settings that this interpreter has taken over.
_version = 0


def boot(config: dict[str, Any]) -> None:
    """Prepare a worker's interpreter, or renew one that has served before.

    To be called in a worker, before anything else, with what `_origin.worker_config` returned.
    """
    global _booted
    if _booted:
        _namespaces.forget()
        modules = sys.modules.get("bocpy._modules")
        if modules is not None:
            modules.forget()
    else:
        atexit.register(_forget_thread)
        _write_lines()
    _booted = True
    _namespaces.guard_imports()
    if sys.version_info < (3, 14):
        from bocpy import _extensions

        _extensions.guard()
    configure(config)
    _namespaces.set_main(config["main"])


def _write_lines() -> None:
    """Let each line of output leave at once and in one piece.

    Several workers share a descriptor. Lines held back would lose the order of the behaviors that
    printed them; an unbuffered stream would let another worker in before the end of the line.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(line_buffering=True, write_through=False)  # type: ignore[union-attr]


def _forget_thread() -> None:
    """Drop the ``Thread`` object that ``threading`` made up for this worker.

    It keeps that in a thread-local, which outlives the module; its finalizer would then fail, and
    CPython would print so.
    """
    threading = sys.modules.get("threading")
    local = getattr(threading, "_thread_local_info", None)
    if local is not None:
        local.__dict__.clear()


def look_up() -> None:
    """Do nothing, by which the interpreter raises an exception that was left for this thread."""


def configure(settings: dict[str, Any]) -> None:
    """Take over settings of main, unless newer ones came before."""
    global _version
    if settings["version"] <= _version:
        return
    _version = settings["version"]
    if "path" in settings and sys.path != settings["path"]:
        sys.path[:] = settings["path"]
        import importlib

        importlib.invalidate_caches()
    if "argv" in settings:
        sys.argv = list(settings["argv"])
    if "warnings" in settings:
        _warnings.apply(settings["warnings"])
    if "logging" in settings:
        _set_logging(*settings["logging"])
    if "output" in settings:
        _set_output(settings["output"])


def materialize(spec: Spec) -> tuple[FunctionType | None, Install]:
    """Make the function that *spec* describes, and say where its captures go.

    Returns:
        The function, and what to do with each captured value before a call; or `None` and a
        callable that takes the values and returns what to call.

    Raises:
        RuntimeError: if the module that defines the function cannot be imported here.
    """
    if spec[-1] is not None:
        configure(spec[-1])
    if spec[0] == "value":
        return None, _first
    func = make_function(spec)
    return func, tuple(_installed(func, kind, key) for kind, key in spec[5])


def make_function(spec: Spec) -> FunctionType:
    """Make the function that *spec* describes, with empty cells."""
    _, place, code, qualname, module, _, modules, later, source, _ = spec
    namespace = _namespaces.find(place)
    for name, imported in modules:
        if name not in namespace:
            namespace[name] = _namespaces.import_or_placeholder(imported)
    for name, later_code in later:
        if name not in namespace:
            namespace[name] = FunctionType(marshal.loads(later_code), namespace, name)
    if source is not None:
        _namespaces.remember_source(*source)
    loaded = marshal.loads(code)
    cells = tuple(_new_cell() for _ in loaded.co_freevars)
    func = FunctionType(loaded, namespace, loaded.co_name, None, cells)
    func.__qualname__ = qualname
    func.__module__ = module
    return func


def fill_function(func: FunctionType, state: tuple[Any, ...]) -> None:
    """Give a function made by `make_function` the state that `_origin.reduce_function` took.

    Module variables are set in a worker only: in main they are the user's own.
    """
    cells, defaults, keyword_defaults, attributes, variables = state
    for number, content in cells.items():
        assert func.__closure__ is not None  # they are its cells
        func.__closure__[number].cell_contents = content
    func.__defaults__ = defaults
    func.__kwdefaults__ = keyword_defaults
    func.__dict__.update(attributes)
    for name, value in variables.items():
        if _booted:
            func.__globals__[name] = value
        else:
            func.__globals__.setdefault(name, value)


def module_by_name(name: str) -> Any:
    """Return a module, or a placeholder if it cannot be loaded in this interpreter."""
    return _namespaces.import_or_placeholder(name)


def explain(error: NameError) -> None:
    """Complete the message of an error about a module variable that did not travel.

    Only in a worker, where a body or a function it called raised *error*.
    """
    name, traceback = error.name, error.__traceback__
    if name is None or traceback is None:
        return
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    from bocpy import _modules

    namespace = traceback.tb_frame.f_globals
    summary = _modules.summary_of(_modules.place_of(namespace), namespace)
    if summary is None or name in namespace:
        return
    bindings = summary.bindings.get(name)
    line = bindings[-1].line if bindings else summary.rebound.get(name)
    if line is None:
        return
    error.args = (
        f"name {name!r} is not defined in this worker: it is assigned at line {line} of "
        f"{summary.filename} while the program runs, and the behavior reaches it only "
        "dynamically; name it in the body or pass it as a capture",
    )


def _new_cell() -> Any:
    from types import CellType

    return CellType()


def _first(values: tuple[Any, ...]) -> Any:
    return values[0]


def _installed(func: FunctionType, kind: int, key: Any) -> tuple[int, Any, Any]:
    if kind == _CELL:
        return (_CELL, (func.__closure__ or ())[key], None)
    if kind == _GLOBAL:
        return (_GLOBAL, func.__globals__, key)
    return (kind, None, key)


def _set_output(descriptor: int | None) -> None:
    if descriptor is None and "bocpy._output" not in sys.modules:
        return
    from bocpy import _output

    _output.redirect(descriptor)


def _set_logging(level: int, format: str | None) -> None:
    if level == _DEFAULT_LOGGING_LEVEL and format is None and "logging" not in sys.modules:
        return
    import logging

    root = logging.getLogger()
    if format is not None and not root.handlers:
        logging.basicConfig(format=format)
    root.setLevel(level)
