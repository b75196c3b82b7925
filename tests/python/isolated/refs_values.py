"""Reference counts: values of every kind, there and back, without any worker."""

import array
import collections
import copy
import dataclasses
import datetime
import decimal
import enum
import fractions
import pickle
import re
import threading
import types
import uuid

from refs_harness import Breaks, Refuses, case, main

from bocpy import Cown
from bocpy._core import _transfer_check, _transfer_roundtrip


@dataclasses.dataclass
class Point:
    x: object
    y: object


@dataclasses.dataclass(slots=True)
class Slotted:
    x: object


class Plain:
    def __init__(self) -> None:
        self.name = "plain"
        self.link = self


class Color(enum.Enum):
    RED = 1
    GREEN = "g"


class Words(list):
    pass


Pair = collections.namedtuple("Pair", "left right")


class Reduced:
    def __reduce__(self) -> tuple[object, ...]:
        return Reduced, (), {"a": [1]}


class WrongReduce:
    def __reduce__(self) -> object:
        return 17


class BadState:
    def __getstate__(self) -> object:
        raise LookupError("no state")


def cyclic() -> list[object]:
    value: list[object] = [1]
    value.append(value)
    value.append((value, {"me": value}))
    return value


def deep() -> list[object]:
    value: list[object] = []
    for _ in range(3000):
        value = [value]
    return value


shared = ["shared"]
inner = Cown([1, 2])

VALUES: dict[str, object] = {
    "none": None,
    "boolean": True,
    "small_int": 7,
    "large_int": 2**200,
    "negative_int": -(2**63),
    "float": 1.5,
    "complex": 1 + 2j,
    "text": "text" * 9,
    "wide_text": "\u4e16\U0001f600" * 9,
    "surrogate": "\udc80",
    "bytes": b"abc" * 50,
    "big_bytes": bytes(200_000),
    "bytearray": bytearray(b"abc"),
    "memoryview": memoryview(b"abc"),
    "array": array.array("d", [1.0, 2.0]),
    "list": [1, "two", 3.0, None],
    "tuple": (1, (2, (3,))),
    "dict": {"a": 1, 2: ["b"], (3,): {}},
    "set": {1, "a", (2,)},
    "frozenset": frozenset({1, frozenset()}),
    "aliases": [shared, shared, (shared,)],
    "cyclic": cyclic(),
    "deep": deep(),
    "range": range(3),
    "slice": slice(1, 2),
    "ellipsis": ...,
    "type": int,
    "class": Point,
    "builtin": len,
    "method": [].append,
    "function": copy.copy,
    "lambda": lambda x: x + 1,
    "module": re,
    "point": Point(1, [2]),
    "slotted": Slotted("x"),
    "plain": Plain(),
    "color": Color.GREEN,
    "words": Words(["a"]),
    "pair": Pair(1, [2]),
    "reduced": Reduced(),
    "namespace": types.SimpleNamespace(a=1),
    "ordered": collections.OrderedDict(a=1),
    "deque": collections.deque([1, 2], 3),
    "counter": collections.Counter("abc"),
    "defaultdict": collections.defaultdict(list, a=[1]),
    "date": datetime.datetime(2024, 1, 2, 3, tzinfo=datetime.UTC),
    "decimal": decimal.Decimal("1.5"),
    "fraction": fractions.Fraction(1, 3),
    "uuid": uuid.UUID(int=5),
    "pattern": re.compile("a+"),
    "exception": ValueError("text", [1]),
    "group": ExceptionGroup("several", [KeyError(1), OSError(2, "no")]),
    "cown": inner,
    "cowns": [inner, {"c": inner}, (inner,)],
    "local_class": type("Local", (), {"x": 1}),
    "local_instance": type("Local", (), {"x": 1})(),
}  # fmt: skip

REFUSED: dict[str, object] = {
    "lock": threading.Lock(),
    "lock_within": [1, {"a": (threading.Lock(),)}],
    "generator": (i for i in ()),
    "refuses": Refuses(),
    "refuses_within": [[1], "a", Refuses(), Cown(1)],
    "wrong_reduce": WrongReduce(),
    "bad_state": BadState(),
    "frame": [__import__("sys")._getframe()],
}


def register_roundtrip(name: str, value: object) -> None:
    def body() -> None:
        _transfer_roundtrip(value)

    body.__name__ = f"roundtrip_{name}"
    case(value)(body)

    def hold() -> None:
        cown = Cown(value)
        _ = cown.value

    hold.__name__ = f"cown_of_{name}"
    case(value)(hold)


def register_refused(name: str, value: object) -> None:
    def body() -> None:
        for call in (_transfer_check, _transfer_roundtrip, Cown, lambda v: Cown([inner, v])):
            try:
                call(value)
            except Exception:
                continue
            raise AssertionError(f"{name} was not refused by {call}")

    body.__name__ = f"refused_{name}"
    case(value, inner)(body)


for _name, _value in VALUES.items():
    register_roundtrip(_name, _value)
for _name, _value in REFUSED.items():
    register_refused(_name, _value)

breaks = Breaks()


@case(breaks)
def value_that_does_not_arrive() -> None:
    cown = Cown([inner, breaks])
    for _ in range(2):
        try:
            _ = cown.value
        except ZeroDivisionError:
            continue
        raise AssertionError
    cown.value = 1


@case()
def roundtrip_fresh_function() -> None:
    shift = 3

    def add(x: int) -> int:
        return x + shift

    assert _transfer_roundtrip(add)(1) == 4


@case()
def fresh_class() -> None:
    kind = type("Fresh", (), {"x": 1})
    assert type(Cown(kind()).value) is kind


@case(inner)
def pickled_cown() -> None:
    assert pickle.loads(pickle.dumps(inner)) == inner
    assert copy.copy(inner) == copy.deepcopy(inner) == inner


@case(inner)
def pickled_cown_within() -> None:
    pickle.dumps([inner, {"a": inner}])


@case()
def pickled_cown_that_died() -> None:
    data = pickle.dumps(Cown(1))
    try:
        pickle.loads(data)
    except RuntimeError:
        return
    raise AssertionError


@case()
def forged_pickle() -> None:
    from bocpy._core import _cown_of

    for arguments in ((b"x" * 16, 1), (b"", 2**63), ("", 1), (b"x",)):
        try:
            _cown_of(*arguments)
        except (RuntimeError, TypeError):
            continue
        raise AssertionError


if __name__ == "__main__":
    main(0)
