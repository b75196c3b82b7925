"""Stand-ins for what could not be imported or defined in a worker."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

# Everything that counts as a use, apart from reading an attribute.
_USES = """
    abs add aenter aexit aiter and anext await bool bytes call ceil complex contains delitem
    divmod enter exit float floor floordiv format ge getitem gt iadd iand ifloordiv ilshift
    imatmul imod imul index instancecheck int invert ior ipow irshift isub iter itruediv ixor
    le len lshift lt matmul mod mro_entries mul neg next or pos pow radd rand rdivmod reversed
    rfloordiv rlshift rmatmul rmod rmul ror round rpow rrshift rshift rsub rtruediv rxor
    setitem sub subclasscheck truediv trunc xor
"""


class Placeholder:
    """Raises at first use, saying what is missing, why, and what to do."""

    __slots__ = ("_error", "_message", "_module")

    def __init__(
        self, message: str, error: type[Exception] = ImportError, module: str | None = None
    ) -> None:
        object.__setattr__(self, "_message", message)
        object.__setattr__(self, "_error", error)
        object.__setattr__(self, "_module", module)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        fail(self)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        fail(self)

    def __repr__(self) -> str:
        return f"<placeholder: {object.__getattribute__(self, '_message')}>"

    def __reduce__(self) -> tuple[Any, ...]:
        module = object.__getattribute__(self, "_module")
        if module is None:
            fail(self)
        from bocpy import _worker

        return _worker.module_by_name, (module,)


class MissingError(ImportError):
    """A name is used whose import, or definition, failed in this worker."""


def fail(placeholder: Placeholder) -> NoReturn:
    """Raise what using *placeholder* raises."""
    error = object.__getattribute__(placeholder, "_error")
    raise error(object.__getattribute__(placeholder, "_message"))


def for_import(source: str, name: str, cause: BaseException) -> Placeholder:
    """Return the stand-in for *name*, which an import from module *source* should have bound."""
    what = f"module {source!r}" if name == source else f"{name!r} of module {source!r}"
    message = (
        f"{what} is not available in a worker: importing it failed there with "
        f"{_text(cause)}. Use it outside behaviors, or in behaviors on a PinnedCown, which run in "
        "the main interpreter"
    )
    return Placeholder(message, MissingError, source if name == source else None)


def for_definition(name: str, line: int, cause: BaseException) -> Placeholder:
    """Return the stand-in for *name*, whose definition at *line* failed."""
    message = (
        f"{name!r} is not available in a worker: its definition at line {line} failed there with "
        f"{_text(cause)}. Pass what the behavior needs as a capture"
    )
    return Placeholder(message, MissingError if isinstance(cause, ImportError) else RuntimeError)


def _text(cause: BaseException) -> str:
    return f"{type(cause).__name__}: {cause}"


def _refusing(method: str) -> Callable[..., NoReturn]:
    def use(self: Placeholder, *args: object, **kwargs: object) -> NoReturn:
        fail(self)

    use.__name__ = use.__qualname__ = method
    return use


for _use in _USES.split():
    setattr(Placeholder, f"__{_use}__", _refusing(f"__{_use}__"))
