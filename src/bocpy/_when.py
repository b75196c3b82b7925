"""Scheduling by a call instead of the decorator."""

from __future__ import annotations

from types import FunctionType

from bocpy import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

__all__ = ["whencall"]


def whencall(
    func: Callable[..., Any], args: Sequence[Any], captures: Sequence[Any] = ()
) -> _core.Cown[Any]:
    """Schedule *func* over *args*, which are as for ``when``, with *captures* behind them.

    Never starts the runtime.

    Raises:
        TypeError: if *func* is no function, or its parameters do not fit.
        RuntimeError: if no runtime is up.
    """
    if not isinstance(func, FunctionType):
        kind = type(func).__name__
        raise TypeError(f"whencall: expected a function, not a thunk name or other {kind}")
    if not _core.is_running():
        raise RuntimeError("whencall: the runtime is not running or is shutting down")
    bound = FunctionType(
        func.__code__,
        func.__globals__,
        func.__name__,
        _defaults(func, len(args), tuple(captures)),
        func.__closure__,
    )
    bound.__kwdefaults__ = func.__kwdefaults__
    bound.__dict__.update(func.__dict__)
    bound.__qualname__ = func.__qualname__
    bound.__module__ = func.__module__
    schedule: Callable[[Callable[..., Any]], _core.Cown[Any]] = _core.when(*args)
    return schedule(bound)


def _defaults(
    func: FunctionType, argument_count: int, captures: tuple[Any, ...]
) -> tuple[Any, ...]:
    """Return *captures*, then the defaults of the parameters that they leave out."""
    missing = func.__code__.co_argcount - argument_count - len(captures)
    own = func.__defaults__ or ()
    return captures + own[max(0, len(own) - missing) :] if missing > 0 else captures
