"""Describe callables for other interpreters: the sending half of code shipping.

Runs where ``when`` is applied, once per code object and namespace. `bocpy._worker` is the half
that rebuilds them.
"""

import functools
import marshal
import sys
from collections.abc import Callable
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

from bocpy import _config, _decorators, _modules, _names
from bocpy._modules import travels_by_name
from bocpy._resolve import Resolver, Uses, is_empty, later_function

__all__ = [
    "reduce_function",
    "reduce_module",
    "template_of",
    "travels_by_name",
    "worker_config",
]

type Spec = tuple[Any, ...]
type Entry = tuple[int, int | str, str]
type Snapshot = Callable[[Any], tuple[Any, ...]]
type Plan = tuple[Entry, ...] | Snapshot
type Arity = tuple[int, int]

worker_config = _config.worker_config

# What an entry of a plan reads.
CELL, GLOBAL, DEFAULT, KEYWORD = range(4)

_CO_VARARGS = 0x04


def template_of(func: Any, argument_count: int) -> tuple[Spec, Plan, Arity]:
    """Describe the body *func* of a behavior with *argument_count* arguments to ``when``.

    To be called straight from the ``when`` decorator, whose caller's frame is looked at. Works in
    any interpreter.

    Returns:
        What a worker rebuilds the body from; what to snapshot at each decoration; and the least
        and greatest number of arguments this holds for, the latter -1 if there is no limit.

    Raises:
        TypeError: if the parameters do not fit *argument_count*, or *func* is not callable.
        SyntaxError: if it is asynchronous, a generator, rebinds a captured name, or a decorator
            stands above ``when``.
        NameError: if it uses a name that nothing defines.
    """
    frame = sys._getframe(1)
    _decorators.check(func, frame)
    settings = _config.later_settings()
    if type(func) is not FunctionType:
        _check_callable(func, argument_count)
        return ("value", settings), _whole, (argument_count, argument_count)
    explicit, arity = _explicit_captures(func, argument_count)
    shape = _Shape(func, frame)
    shape.check_rebinding()
    if func.__dict__:
        shape.check_names()
        return ("value", settings), _whole, arity
    entries = shape.entries(explicit)
    shape.check_names()
    if shape.has_empty_cell or shape.is_incomplete:
        return shape.spec(entries, settings), _Reader(tuple(entries), frame), arity
    return shape.spec(entries, settings), tuple(entries), arity


def reduce_function(func: FunctionType) -> tuple[Any, ...]:
    """Reduce a function that does not travel by name, for a pickler.

    The copy lives in the namespace of the module that defines *func*. Cells, defaults, attributes
    and the module variables it uses are its state, so that it may refer to itself.

    Raises:
        NameError: if it uses a name that nothing defines.
    """
    from bocpy import _worker

    shape = _Shape(func, None)
    shape.check_names()
    entries = shape.entries(())
    cells = {}
    for number, cell in enumerate(func.__closure__ or ()):
        try:
            cells[number] = cell.cell_contents
        except ValueError:
            continue
    names = [name for kind, _, name in entries if kind == GLOBAL]
    state = (
        cells,
        func.__defaults__,
        func.__kwdefaults__,
        func.__dict__,
        {name: func.__globals__[name] for name in names},
    )
    return _worker.make_function, (shape.spec([]),), state, None, None, _worker.fill_function


def reduce_module(module: ModuleType) -> tuple[Any, ...]:
    """Reduce a module to its name, for a pickler.

    A module that cannot load where it arrives becomes a placeholder that raises at first use.
    """
    from bocpy import _worker

    return _worker.module_by_name, (module.__name__,)


class _Shape:
    """What can be said of a function once for all its decorations."""

    def __init__(self, func: FunctionType, frame: FrameType | None) -> None:
        self.func = func
        self.code = func.__code__
        self.namespace = func.__globals__
        self.place = _modules.place_of(self.namespace)
        self.summary = _modules.summary_of(self.place, self.namespace)
        self.names = _names.global_names(self.code)
        self._frame = frame

    @functools.cached_property
    def uses(self) -> Uses:
        """The module-level names of the function, and of what it reaches in its module."""
        return Resolver(self.func, self.names, self._frame).resolve()

    @property
    def has_empty_cell(self) -> bool:
        """Whether an enclosing function assigns a captured variable only later."""
        return any(is_empty(cell) for cell in self.func.__closure__ or ())

    @property
    def is_incomplete(self) -> bool:
        """Whether a variable that the function reaches has yet to be assigned."""
        return self.uses.incomplete

    def entries(self, explicit: tuple[Entry, ...]) -> list[Entry]:
        """Return what to snapshot, in order."""
        cells: list[Entry] = [(CELL, i, name) for i, name in enumerate(self.code.co_freevars)]
        return [*cells, *explicit, *((GLOBAL, name, name) for name in self.uses.captured)]

    def spec(self, entries: list[Entry], settings: _config.Config | None = None) -> Spec:
        """Return what `bocpy._worker.materialize` needs, as builtins with equal contents."""
        return (
            "function",
            self.place,
            dump_code(self.code),
            self.func.__qualname__,
            self.func.__module__,
            tuple((kind, key) for kind, key, _ in entries),
            tuple(sorted(self.uses.modules)),
            tuple((name, dump_code(code)) for name, code in self.uses.later),
            _modules.unsaved_source(self.code, self.namespace),
            settings,
        )

    def check_rebinding(self) -> None:
        """Refuse a body that rebinds what it was given a copy of.

        Raises:
            SyntaxError: naming the variable.
        """
        for name, line in _names.rebound_cells(self.code).items():
            raise self._error(f"rebinds the captured variable {name!r} through `nonlocal`", line)
        for name, line in self.names.stored.items():
            if name in self.namespace or self._is_bound_at_module_level(name):
                raise self._error(f"rebinds the module variable {name!r} through `global`", line)

    def check_names(self) -> None:
        """Refuse a body that uses a name nothing defines.

        Raises:
            NameError: naming the variable, the function and the line.
        """
        for name, line in self.uses.missing:
            where = f"{self.code.co_filename}:{line}"
            raise NameError(
                f"name {name!r} is not defined: {self.func.__qualname__!r} ({where}) uses it, but "
                f"neither an enclosing function, nor module {self.func.__module__!r}, nor "
                "builtins define it",
                name=name,
            )

    def _is_bound_at_module_level(self, name: str) -> bool:
        return self.summary is not None and name in self.summary.bindings

    def _error(self, what: str, line: int) -> SyntaxError:
        error = SyntaxError(
            f"behavior {self.func.__qualname__!r} {what}: it runs elsewhere, on a copy, so nobody "
            "would see the new value; keep the value in a cown or return it"
        )
        error.filename, error.lineno = self.code.co_filename, line
        return error


class _Reader:
    """Snapshots a body some of whose variables have yet to be assigned."""

    def __init__(self, entries: tuple[Entry, ...], frame: FrameType) -> None:
        self._entries = entries
        self._later = {
            name: code
            for kind, _, name in entries
            if kind == CELL and (code := later_function(frame.f_code, name)) is not None
        }

    def __call__(self, func: FunctionType) -> tuple[Any, ...]:
        return tuple(self._read(func, *entry) for entry in self._entries)

    def _read(self, func: FunctionType, kind: int, key: Any, name: str) -> Any:
        if kind == GLOBAL:
            return func.__globals__[key]
        if kind == DEFAULT:
            return (func.__defaults__ or ())[key]
        if kind == KEYWORD:
            return (func.__kwdefaults__ or {})[key]
        assert func.__closure__ is not None  # the plan names a cell of it
        cell = func.__closure__[key]
        if not is_empty(cell):
            return cell.cell_contents
        code = self._later.get(name)
        if code is None:
            raise NameError(
                f"free variable {name!r} of behavior {func.__qualname__!r} is assigned only after "
                "the behavior is scheduled",
                name=name,
            )
        return FunctionType(code, func.__globals__, name)


def dump_code(code: CodeType) -> bytes:
    """Marshal *code* so that equal code gives equal bytes.

    Version 2 has no back references, which depend on reference counts; from CPython 3.14 on some
    code needs a newer version.
    """
    return _dump(code, code.co_filename)


@functools.lru_cache(256)
def _dump(code: CodeType, filename: str) -> bytes:
    try:
        return marshal.dumps(code, 2)
    except ValueError:
        return marshal.dumps(code)


def forget_code() -> None:
    """Empty the caches: they keep code, with it templates, and so whole namespaces alive."""
    _dump.cache_clear()
    _names.global_names.cache_clear()
    _names.rebound_cells.cache_clear()


def _whole(func: Any) -> tuple[Any, ...]:
    return (func,)


def _explicit_captures(func: FunctionType, argument_count: int) -> tuple[tuple[Entry, ...], Arity]:
    """Return the captures that parameters with defaults stand for.

    Raises:
        TypeError: if the parameters do not fit *argument_count*.
    """
    code = func.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    required = code.co_argcount - len(func.__defaults__ or ())
    unlimited = bool(code.co_flags & _CO_VARARGS)
    if argument_count < required or (argument_count > code.co_argcount and not unlimited):
        least = f"at least {required}" if unlimited else str(required)
        most = "" if unlimited or required == code.co_argcount else f" to {code.co_argcount}"
        raise TypeError(
            f"behavior {func.__qualname__!r} has parameters for {least}{most} cowns, but `when` "
            f"has {argument_count} arguments; only trailing parameters with defaults are captures"
        )
    keywords = names[code.co_argcount :]
    for name in keywords:
        if name not in (func.__kwdefaults__ or {}):
            raise TypeError(
                f"behavior {func.__qualname__!r} has the keyword-only parameter {name!r} without "
                "a default: a capture needs one"
            )
    trailing: list[Entry] = [
        (DEFAULT, number - required, names[number])
        for number in range(argument_count, code.co_argcount)
    ]
    explicit = (*trailing, *((KEYWORD, name, name) for name in keywords))
    if trailing:
        return explicit, (argument_count, argument_count)
    return explicit, (code.co_argcount, -1 if unlimited else code.co_argcount)


def _check_callable(func: Any, argument_count: int) -> None:
    """Check what is not a plain function: a wrapper object, a bound method, a partial.

    Raises:
        TypeError: if it cannot be called with *argument_count* arguments.
    """
    import inspect

    if not callable(func):
        raise TypeError(f"a behavior must be a function, not {type(func).__name__!r}")
    try:
        signature = inspect.signature(func, follow_wrapped=False)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*range(argument_count))
    except TypeError as error:
        raise TypeError(
            f"behavior {func!r} does not take the {argument_count} arguments of `when`: {error}"
        ) from None
