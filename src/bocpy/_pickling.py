"""What encoding a value leaves to Python.

The encoder in C calls this module on slow paths only: for names that need a search, for errors
that pickle words best, and for classes and functions that no name gives. Those are *definitions*:
each has a number that is unique in the process, crosses once into an interpreter that does not
have it, and comes home as the original object.

What it needs is imported when it is needed: most workers never do.
"""

import sys
import types
import weakref
from _thread import RLock
from typing import TYPE_CHECKING, Any

from bocpy import _core, _modules

if TYPE_CHECKING:
    import pickle

_STANDARD = frozenset({"builtins", "types"})
# Guards both tables: what dies on one thread must not take along what another notes just then.
_lock = RLock()

_definitions: dict[int, "weakref.ref[Any]"] = {}
"""The object of each number that lives in this interpreter."""

_known: dict[int, tuple["weakref.ref[Any]", object, int, bool]] = {}
"""By ``id`` of the object: the object, its definition, its place in that, whether it is final."""


def module_of(obj: object, path: str) -> str:
    """Return the name of the module that *path* leads to *obj* from, as pickle searches it."""
    import pickle

    name: str = pickle.whichmodule(obj, path)  # type: ignore[attr-defined]
    return name


def travels_by_name(obj: object, place: tuple[types.ModuleType, str]) -> bool:
    """Tell whether other interpreters find *obj* by its name as well.

    A program without a file, such as an interactive session, has its definitions only where
    they were typed in; they travel by value.
    """
    module, path = place
    if isinstance(obj, type | types.FunctionType) and module.__name__ not in _STANDARD:
        return _modules.travels_by_name(obj)
    if module.__name__ == "__main__":
        summary = _modules.summary_of(_modules.MAIN, vars(module))
        return summary is not None and path.partition(".")[0] in summary.kept
    return True


def load_module(name: str, file: str) -> types.ModuleType:
    """Import the module that another interpreter knows as *name*, from *file* if need be.

    Raises:
        Exception: whatever the import raises.
    """
    from bocpy import _namespaces

    try:
        _namespaces.find(("module", name, file or None))
    except RuntimeError as error:
        raise error.__cause__ or error from None
    return sys.modules[name]


def check(value: object) -> None:
    """Encode *value* and forget it.

    Raises:
        Exception: what pickle raises, if it cannot travel.
    """
    _core._transfer_check(value)


def pickling_error(text: str) -> "pickle.PicklingError":
    """Make the error for a value that describes itself wrongly."""
    import pickle

    return pickle.PicklingError(text)


def refuse(obj: object) -> None:
    """Raise what pickle raises for *obj*.

    Raises:
        Exception: ``PicklingError``, ``TypeError`` or ``AttributeError``, as pickle chooses.
    """
    import pickle

    pickle.dumps(obj, 5)
    raise pickle.PicklingError(f"Can't pickle {obj!r}: it has no name that leads to it")


def find_definition(obj: object) -> tuple[object, int, bool] | None:
    """Return (definition, place, is final) of a class or function that has one.

    What is not final has to be looked at again: a function may see other values by now.
    """
    entry = _known.get(id(obj))
    if entry is None or entry[0]() is not obj:
        return None
    return entry[1:]


def get_definition(number: int) -> object | None:
    """Return the object with *number* if it lives in this interpreter."""
    reference = _definitions.get(number)
    return None if reference is None else reference()


def add_definition(defined: list[object], spec: tuple[object, int]) -> None:
    """Note that the objects *defined* here got the numbers from ``spec[1]`` on."""
    definition, first = spec
    for place, obj in enumerate(defined):
        _note(obj, definition, first, place, not _may_change(obj))


def settle_definition(obj: object, spec: tuple[object, int, int]) -> object:
    """Return the object to use for a definition of which *obj* was just made.

    An object that lives here under the same number already is the one: it stays as it is.
    """
    definition, first, place = spec
    with _lock:
        there = get_definition(first + place)
        if there is not None:
            return there
        _note(obj, definition, first, place, True)
    return obj


def _note(obj: object, definition: object, first: int, place: int, is_final: bool) -> None:
    key, number = id(obj), first + place

    def forget(reference: "weakref.ref[Any]") -> None:
        with _lock:
            if _definitions.get(number) is reference:
                del _definitions[number]
            entry = _known.get(key)
            if entry is not None and entry[0] is reference:
                del _known[key]

    reference = weakref.ref(obj, forget)
    with _lock:
        _definitions[number] = reference
        _known[key] = (reference, definition, place, is_final)


def _may_change(obj: object) -> bool:
    """Tell whether *obj* is a function that reads variables from around it."""
    if not isinstance(obj, types.FunctionType):
        return False
    if obj.__closure__ or obj.__defaults__ or obj.__kwdefaults__ or obj.__dict__:
        return True
    return any(_reads_globals(code, obj.__globals__) for code in _codes(obj.__code__))


def _codes(code: types.CodeType) -> list[types.CodeType]:
    codes = [code]
    for each in codes:
        codes.extend(item for item in each.co_consts if isinstance(item, types.CodeType))
    return codes


def _reads_globals(code: types.CodeType, namespace: dict[str, object]) -> bool:
    return any(name in namespace for name in code.co_names)


def reduce_by_value(obj: Any) -> tuple[Any, ...]:
    """Take a class or function apart that no name gives.

    Raises:
        Exception: what pickle raises, if it cannot be taken apart.
    """
    if isinstance(obj, types.FunctionType):
        from bocpy import _origin

        return _origin.reduce_function(obj)
    from bocpy import _classes

    reduction = _classes.reduce_class(obj)
    if reduction is None:
        refuse(obj)
        raise AssertionError("refuse returned")
    return reduction


def reduce_in_definition(obj: object) -> tuple[Any, ...] | None:
    """Take apart what occurs in definitions only: properties, cells and the like.

    None means that the object's own way will do.
    """
    from bocpy import _classes

    return _classes.reduce_part(obj)


def make_view(base: Any, spec: tuple[int, int, str, tuple[int, ...], int]) -> Any:
    """Make the memoryview of ``spec[1]`` bytes from ``spec[0]`` on of *base*."""
    start, size, form, shape, is_readonly = spec
    view: Any = memoryview(base)
    if view.format != form or len(shape) != 1:
        view = view.cast("B")
    if size == 0:
        view = view[:0] if view.format == form else _empty_view(view, form)
    else:
        view = view[start // view.itemsize : (start + size) // view.itemsize]
        if view.format != form or view.shape != shape:
            view = view.cast("B").cast(form, shape)
    return view.toreadonly() if is_readonly else view


def _empty_view(view: Any, form: str) -> Any:
    """Return a view of nothing with *form*, which no cast can make from nothing."""
    import struct

    size = struct.calcsize(form)
    whole: Any = view[:size] if len(view) >= size else memoryview(bytearray(size))
    return whole.cast(form)[:0]
