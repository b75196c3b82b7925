"""Refuse, at decoration, functions that cannot be bodies and decorators in the wrong place."""

import ast
from itertools import islice
from types import CodeType, FrameType, FunctionType
from typing import Any

from bocpy import _modules

_CO_GENERATOR = 0x20
_CO_COROUTINE = 0x80
_CO_ITERABLE_COROUTINE = 0x100
_CO_ASYNC_GENERATOR = 0x200


def check(func: Any, frame: FrameType) -> None:
    """Check the body that *frame* passes to the ``when`` decorator.

    Raises:
        SyntaxError: saying what stands in the way and what to write instead.
    """
    if isinstance(func, staticmethod | classmethod | property):
        kind = type(func).__name__
        raise SyntaxError(
            f"`@{kind}` below `@when`: a behavior has no class or instance; write a plain function"
        )
    if isinstance(func, FunctionType):
        _check_kind(func)
        if frame.f_lineno == func.__code__.co_firstlineno:
            return  # the decorator being applied is the topmost
    _check_above(frame)


def _check_kind(func: FunctionType) -> None:
    code = func.__code__
    if code.co_flags & (_CO_COROUTINE | _CO_ASYNC_GENERATOR | _CO_ITERABLE_COROUTINE):
        raise _located(
            f"behavior {func.__qualname__!r} is an `async` function: a body runs to its end "
            "without an event loop; use `def`",
            code,
        )
    if code.co_flags & _CO_GENERATOR:
        raise _located(
            f"behavior {func.__qualname__!r} is a generator: a body runs to its end once and, like "
            "an `async` function, cannot be suspended; return a list instead of using `yield`",
            code,
        )


def _check_above(frame: FrameType) -> None:
    """Find the decorator that *frame* is applying; nothing may stand above it."""
    code = frame.f_code
    line, _, column, _ = next(islice(code.co_positions(), frame.f_lasti // 2, None))
    if line is None or column is None:
        return
    source = _modules.source_of_code(code, frame.f_globals)
    above = None if source is None else source.decorators_above(line, column)
    if above:
        name = ast.unparse(above[0])
        raise _located(
            f"decorator `@{name}` stands above @when: it would get the result cown, not the "
            "function; move it below `@when`",
            code,
            above[0].lineno,
        )


def _located(message: str, code: CodeType, line: int | None = None) -> SyntaxError:
    error = SyntaxError(message)
    error.filename, error.lineno = code.co_filename, line or code.co_firstlineno
    return error
