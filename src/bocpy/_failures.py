"""Exceptions on their way from a behavior to whoever reads its result."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["BehaviorError", "BehaviorTraceback"]


class BehaviorError(RuntimeError):
    """Stands for an exception or a value that could not leave the interpreter it was made in.

    Attributes:
        type_name: qualified name of the original exception's type.
        message: its text.
        traceback: its formatted traceback.
    """

    def __init__(self, message: str, type_name: str = "", traceback: str = "") -> None:
        super().__init__(message, type_name, traceback)
        self.message = message
        self.type_name = type_name
        self.traceback = traceback

    def __str__(self) -> str:
        return f"{self.type_name}: {self.message}" if self.type_name else self.message


class BehaviorTraceback(Exception):
    """The cause of an exception from a behavior: shows where it was raised in the worker."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return "\n" + self.text


def describe(error: Any, is_stranded: bool) -> tuple[Any, str]:
    """Return *error*, or what stands for it if *is_stranded*, and its traceback as text.

    A value that is no exception, but was flagged as one by hand, is described by its type.
    """
    import contextlib
    import traceback

    if isinstance(error, NameError):
        from bocpy import _worker

        with contextlib.suppress(Exception):
            _worker.explain(error)
    try:
        text = "".join(traceback.format_exception(error)).rstrip("\n")
    except Exception:
        text = f"{type(error).__name__} (its traceback cannot be formatted)"
    if not is_stranded:
        return error, text
    kind = type(error)
    return BehaviorError(_message(error), f"{kind.__module__}.{kind.__qualname__}", text), text


def restore(error: Any, text: str) -> Any:
    """Give a decoded *error* its traceback in the worker as the cause."""
    if isinstance(error, BaseException) and error.__cause__ is None:
        error.__cause__ = BehaviorTraceback(text)
    return error


def log_unhandled(text: str) -> None:
    """Report an exception whose cown died before anybody looked at it."""
    import logging

    logging.getLogger("bocpy").error("unhandled exception in a behavior:\n%s", text)


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "(its message cannot be formatted)"
