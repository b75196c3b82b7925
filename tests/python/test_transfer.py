"""Values that cross: equal afterwards, with the same aliasing, however deep."""

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import pathlib
import re
import sys
import types
import typing
import uuid

import pytest

from bocpy import Cown
from bocpy._core import _transfer_roundtrip


@dataclasses.dataclass
class Point:
    x: object
    y: object


@dataclasses.dataclass(slots=True)
class SlottedPoint:
    x: object
    y: object


@dataclasses.dataclass(frozen=True, slots=True)
class FrozenPoint:
    x: object
    y: object


@dataclasses.dataclass(frozen=True)
class FrozenDictPoint:
    x: object


class Plain:
    pass


class Slots:
    __slots__ = ("__private", "left", "right")

    def hide(self, value: object) -> None:
        self.__private = value

    def hidden(self) -> object:
        return self.__private


class WithReduce:
    def __init__(self, items: list) -> None:
        self.items = items

    def __reduce__(self) -> tuple:
        return WithReduce, (self.items,)


class WithNewargs(tuple):
    def __new__(cls, left: object, right: object) -> "WithNewargs":
        return super().__new__(cls, (left, right))

    def __getnewargs__(self) -> tuple:
        return tuple(self)


class Outer:
    class Inner:
        pass

    class Level(enum.Enum):
        LOW = 1


class MyList(list):
    pass


class MyDict(dict):
    pass


class MySet(set):
    pass


class MyStr(str):
    __slots__ = ()


class MyInt(int):
    pass


class MyBytes(bytes):
    pass


Pair = collections.namedtuple("Pair", "left right")


def module_function(value: object) -> object:
    return value


ATOMS = [
    *(None, True, False, ..., NotImplemented, 0, 1, -1, 127, 128, -128, -129, 2**31 - 1, 2**31),
    *(-(2**31) - 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 10**50, -(10**500), 0.0, -0.0),
    *(1.5, float("inf"), 1 + 2j, complex(-0.0, 0.0), "", "a", "é", "\x00", "Ā", "\u1234", "😀"),
    *("abc", "naïve", "Āb", "a😀", "\ud800", "x" * 31, "x" * 32, "x" * 200, "é" * 200, "😀" * 100),
    *(b"", b"a", b"\x00" * 100, b"x" * 5000),
]


@pytest.mark.parametrize("value", ATOMS, ids=ascii)
def test_atom_comes_back_equal(value: object) -> None:
    for shape in (value, [value], (value, value), {"key": value}):
        result = _transfer_roundtrip(shape)
        assert type(result) is type(shape)
        assert repr(result) == repr(shape)


@pytest.mark.parametrize(
    "value",
    [
        *((), [], {}, set(), frozenset(), bytearray(), bytearray(b"abc"), (1, (2, (3,))), [[[]]]),
        *({1: 2, "a": [1], (1, 2): {}}, {1, "a", (2,)}, frozenset({1, frozenset({2})})),
        *(range(1, 10, 2), slice(1, None, "x"), array.array("d", [1.5]), array.array("i")),
        *(datetime.datetime(2026, 1, 2, 3, 4), datetime.timedelta(1), datetime.date(1, 2, 3)),
        *(datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), decimal.Decimal("1.50")),
        *(fractions.Fraction(1, 3), pathlib.PurePath("a/b"), uuid.UUID(int=5), re.compile("a+")),
        *(collections.OrderedDict(b=1, a=2), collections.Counter("abca")),
        *(collections.defaultdict(list, {1: [2]}), collections.deque([1, 2], maxlen=3)),
        *(types.SimpleNamespace(a=1), Pair(1, [2]), Point(1, [2]), SlottedPoint(1, [2])),
        *(FrozenPoint(1, (2,)), FrozenDictPoint(1), WithNewargs(1, 2)),
        *(MyList([1, 2]), MyDict(a=1), MySet({1}), MyStr("abc"), MyInt(7), MyBytes(b"x")),
        *(int, len, sys, dataclasses.field, type(None), type(...), collections.abc.Mapping),
        *(Point, Outer.Inner, module_function, Outer.Level.LOW, list[int], int | None),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_value_comes_back_equal_with_its_type(value: object) -> None:
    result = _transfer_roundtrip(value)
    assert type(result) is type(value)
    assert result == value


def test_dict_keeps_its_order() -> None:
    value = {str(i * 7919 % 101): i for i in range(101)}
    assert list(_transfer_roundtrip(value).items()) == list(value.items())


def test_attributes_that_defaults_do_not_know_come_back() -> None:
    value = MyList([1])
    value.extra = [value]
    result = _transfer_roundtrip(value)
    assert result == [1] and type(result) is MyList and result.extra[0] is result
    counter = collections.defaultdict(int)
    assert _transfer_roundtrip(counter)["missing"] == 0


class ManySlots:
    __slots__ = tuple("abcdefghijklmnopqrstuvwxyz")


class PatchedSlot:
    __slots__ = ("a",)


def test_slot_of_another_class_is_not_read() -> None:
    PatchedSlot.a = ManySlots.z  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="'ManySlots'"):
        _transfer_roundtrip(PatchedSlot())


def test_deque_keeps_maxlen() -> None:
    result = _transfer_roundtrip(collections.deque([1, 2], maxlen=2))
    result.append(3)
    assert list(result) == [2, 3]


# -- aliasing


def test_shared_objects_stay_shared() -> None:
    shared = [1]
    for value in (
        [shared, shared],
        (shared, {"a": shared}, Point(shared, shared), Slots(), collections.deque([shared])),
    ):
        result = _transfer_roundtrip(value)
        assert result[0] is not shared
        result[0].append(2)
        assert result[1] == [1, 2] or result[1]["a"] == [1, 2]
    first, second, point, _, queue = result
    assert second["a"] is first and point.x is first and point.y is first and queue[0] is first


@pytest.mark.parametrize(
    "make",
    [
        lambda: (1, [2]),
        lambda: frozenset({1, (2, 3)}),
        lambda: {1: 2},
        lambda: {1, 2},
        lambda: bytearray(b"abc"),
        lambda: Point(1, 2),
        lambda: SlottedPoint(1, 2),
        lambda: FrozenPoint(1, 2),
        lambda: WithReduce([1]),
        lambda: MyList([1]),
        lambda: array.array("i", [1]),
        lambda: memoryview(b"abc"),
        lambda: datetime.datetime(2026, 1, 1),
        lambda: "long" * 20,
        lambda: b"long" * 20,
        lambda: Cown(1),
    ],
)
def test_every_kind_stays_one_object(make: typing.Callable[[], object]) -> None:
    value = make()
    first, second, (third,) = _transfer_roundtrip([value, value, (value,)])
    assert first is second is third
    assert type(first) is type(value)


def test_cycles_come_back() -> None:
    items: list = []
    items.append(items)
    result = _transfer_roundtrip(items)
    assert result[0] is result

    table: dict = {}
    table["self"] = table
    result = _transfer_roundtrip(table)
    assert result["self"] is result

    pair = ([], [])
    pair[0].append(pair)
    pair[1].append(pair)
    result = _transfer_roundtrip(pair)
    assert result[0][0] is result and result[1][0] is result

    inner = _transfer_roundtrip(pair[0])
    assert inner[0][0] is inner and inner[0][1][0] is inner[0]

    point = Point(1, None)
    point.y = {"back": (point,)}
    result = _transfer_roundtrip(point)
    assert result.y["back"][0] is result

    slotted = SlottedPoint(None, None)
    slotted.x = slotted
    result = _transfer_roundtrip(slotted)
    assert result.x is result

    queue: collections.deque = collections.deque()
    queue.append(queue)
    result = _transfer_roundtrip(queue)
    assert result[0] is result

    reduced = WithReduce([])
    reduced.items.append(reduced)
    result = _transfer_roundtrip(reduced)
    assert result.items[0] is result

    plain = Plain()
    plain.group = frozenset({plain})
    result = _transfer_roundtrip(plain)
    assert next(iter(result.group)) is result
    result = _transfer_roundtrip(plain.group)
    assert next(iter(result)).group is result


def test_object_that_is_its_own_key_comes_back() -> None:
    plain = Plain()
    plain.table = {plain: (plain, 1)}
    result = _transfer_roundtrip(plain)
    assert result.table[result][0] is result


def test_reduction_inside_its_own_arguments_is_refused_as_endless() -> None:
    class_with_loop = WithReduce([])
    class_with_loop.items = class_with_loop  # type: ignore[assignment]
    with pytest.raises(RecursionError):
        _transfer_roundtrip(class_with_loop)


class Endless:
    def __reduce__(self) -> tuple:
        return Endless, (Endless(),)


def test_endless_reduction_is_refused() -> None:
    with pytest.raises(RecursionError):
        _transfer_roundtrip(Endless())


def test_many_cycles_through_one_tuple_end() -> None:
    pair = tuple([] for _ in range(300))
    for items in pair:
        items.append(pair)
    result = _transfer_roundtrip(pair)
    assert all(items[0] is result for items in result)


# -- depth


def _nest(make: typing.Callable[[object], object], depth: int) -> object:
    value: object = None
    for _ in range(depth):
        value = make(value)
    return value


@pytest.mark.parametrize(
    ("make", "step"),
    [
        (lambda value: [value], lambda value: value[0]),
        (lambda value: (value,), lambda value: value[0]),
        (lambda value: {"a": value}, lambda value: value["a"]),
        (lambda value: Point(1, value), lambda value: value.y),
        (lambda value: SlottedPoint(1, value), lambda value: value.y),
    ],
)
def test_deep_values_need_no_c_stack(make: typing.Any, step: typing.Any) -> None:
    depth = 100_000
    result = _transfer_roundtrip(_nest(make, depth))
    for _ in range(depth):
        result = step(result)
    assert result is None


def test_deep_reductions_need_no_c_stack() -> None:
    depth = 20_000
    result = _transfer_roundtrip(_nest(lambda value: WithReduce([value]), depth))
    for _ in range(depth):
        result = result.items[0]
    assert result is None
