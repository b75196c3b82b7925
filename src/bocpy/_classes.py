"""Classes by value: taken apart where they are, made again where they are needed.

Making happens in two steps, so that a class may refer to itself: an empty class with its bases
and slots, then everything else as state.
"""

import dataclasses
import enum
import sys
import types
import typing
from abc import ABCMeta
from typing import Any

type Reduction = tuple[Any, ...]

_HEAP = 1 << 9
_IMMUTABLE = 1 << 8

# What making the class gives it anew.
_MADE = frozenset({"__dict__", "__weakref__", "__slots__", "__slotnames__", "_abc_impl"})

_ENUM_MADE = frozenset(
    {"_generate_next_value_", "_member_map_", "_member_names_", "_member_type_", "_new_member_"}
    | {"_value2member_map_", "_hashable_values_", "_unhashable_values_", "_unhashable_values_map_"}
    | {"_use_args_", "_value_repr_", "_singles_mask_", "_all_bits_", "_flag_mask_", "_inverted_"}
    | {"_sort_order_", "__new__"}
)

_ANNOTATING = frozenset({"__annotate__", "__annotate_func__", "__annotations_cache__"})


def reduce_class(cls: type) -> Reduction | None:
    """Take *cls* apart; None for a class that was not written in Python."""
    for name, value in vars(types).items():
        if value is cls:
            return getattr, (types, name)
    if not cls.__flags__ & _HEAP or cls.__flags__ & _IMMUTABLE or _has_c_methods(cls):
        return None
    start: dict[str, Any] = {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
    if isinstance(cls, enum.EnumType):
        named: dict[str, Any] = dict(cls.__members__)
        members = {name: member._value_ for name, member in named.items()}
        boundary = getattr(cls, "_boundary_", None)
        parts = (type(cls), cls.__name__, cls.__bases__, start, members, boundary)
        return _make_enum, parts, _state(cls, members), None, None, _fill
    if typing.is_typeddict(cls):
        return _make_typed_dict, (cls.__name__,), _state(cls, ()), None, None, _fill
    for name in ("__slots__", "__orig_bases__"):  # what making a class looks at
        if name in vars(cls):
            start[name] = vars(cls)[name]
    arguments = (type(cls), cls.__name__, cls.__bases__, start)
    return _make, arguments, _state(cls, ()), None, None, _fill


def _has_c_methods(cls: type) -> bool:
    written_in_c = types.MethodDescriptorType | types.WrapperDescriptorType
    return any(
        isinstance(value, written_in_c) and value.__objclass__ is cls
        for value in vars(cls).values()
    )


def _state(cls: type, members: Any) -> tuple[dict[str, Any], list[type]]:
    """Return the attributes to set, and what is registered with an abstract class."""
    left_out = _MADE | _ANNOTATING
    if isinstance(cls, enum.EnumType):
        left_out |= _ENUM_MADE | set(members)
    attributes = {
        name: value
        for name, value in vars(cls).items()
        if name not in left_out
        and not (isinstance(value, types.MemberDescriptorType) and value.__objclass__ is cls)
    }
    if sys.version_info >= (3, 14):
        attributes["__annotations__"] = _annotations(cls)
    registered: list[type] = []
    if isinstance(cls, ABCMeta):
        from _abc import _get_dump  # type: ignore[import-not-found]

        registered = [each for each in (ref() for ref in _get_dump(cls)[0]) if each is not None]
    return attributes, registered


def _annotations(cls: type) -> Any:
    """Return what *cls* was annotated with; asking the class itself would leave that in it."""
    import annotationlib  # type: ignore[import-not-found]

    namespace = vars(cls)
    for name in ("__annotations__", "__annotations_cache__"):
        if name in namespace:
            return namespace[name]
    annotate = annotationlib.get_annotate_from_class_namespace(namespace)
    if annotate is None:
        return {}
    try:
        return annotationlib.call_annotate_function(annotate, annotationlib.Format.VALUE, owner=cls)
    except NameError:
        return annotationlib.call_annotate_function(
            annotate, annotationlib.Format.STRING, owner=cls
        )


def _make(metaclass: type, name: str, bases: tuple[Any, ...], start: dict[str, Any]) -> type:
    return types.new_class(
        name, bases, {"metaclass": metaclass}, lambda namespace: namespace.update(start)
    )


def _make_typed_dict(name: str) -> Any:
    return typing.TypedDict(name, {})  # type: ignore[operator]


def _make_enum(
    metaclass: Any,
    name: str,
    bases: tuple[type, ...],
    start: dict[str, Any],
    members: dict[str, Any],
    boundary: Any,
) -> Any:
    namespace = metaclass.__prepare__(name, bases)
    for key, value in {**start, **members}.items():
        namespace[key] = value
    return metaclass(name, bases, namespace, boundary=boundary)


def _fill(cls: Any, state: tuple[dict[str, Any], list[Any]]) -> None:
    attributes, registered = state
    for name, value in attributes.items():
        type.__setattr__(cls, name, value)
    for each in registered:
        cls.register(each)


# Compared by identity, so a copy would not do.
_SINGLETONS = {
    id(value): name
    for name, value in vars(dataclasses).items()
    if name in {"MISSING", "KW_ONLY", "_FIELD", "_FIELD_CLASSVAR", "_FIELD_INITVAR"}
    or name == "_HAS_DEFAULT_FACTORY"
}


def reduce_part(obj: Any) -> Reduction | None:
    """Take apart what occurs in classes and functions only; None for anything else."""
    name = _SINGLETONS.get(id(obj))
    if name is not None:
        return getattr, (dataclasses, name)
    kind = type(obj)
    if kind is property:
        return property, (obj.fget, obj.fset, obj.fdel, obj.__doc__)
    if kind is staticmethod or kind is classmethod:
        return kind, (obj.__func__,)
    if kind is types.MappingProxyType:
        return kind, (dict(obj),)
    if kind is types.CellType:
        return _reduce_cell(obj)
    if kind in (types.GetSetDescriptorType, types.MemberDescriptorType):
        return getattr, (obj.__objclass__, obj.__name__)
    if kind is typing.TypeVar:
        bound = {"bound": obj.__bound__} if obj.__bound__ is not None else {}
        variance = {"covariant": obj.__covariant__, "contravariant": obj.__contravariant__}
        if getattr(obj, "__infer_variance__", False):
            variance = {"infer_variance": True}
        return _make_type_variable, (obj.__name__, obj.__constraints__, {**bound, **variance})
    if kind in (typing.ParamSpec, typing.TypeVarTuple):
        return kind, (obj.__name__,)
    return None


def _make_type_variable(name: str, constraints: tuple[Any, ...], options: dict[str, Any]) -> Any:
    make: Any = typing.TypeVar  # checkers want literal arguments
    return make(name, *constraints, **options)


def _reduce_cell(cell: types.CellType) -> Reduction:
    try:
        return types.CellType, (), cell.cell_contents, None, None, _fill_cell
    except ValueError:
        return types.CellType, ()


def _fill_cell(cell: types.CellType, value: object) -> None:
    cell.cell_contents = value
