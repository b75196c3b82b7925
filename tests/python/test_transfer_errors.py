"""Values that do not cross: refused as pickle refuses, and nothing is lost."""

import array
import collections
import ctypes
import dataclasses
import enum
import gc
import operator
import pickle
import subprocess
import sys
import sysconfig
import threading
import types
import typing

import pytest

from bocpy import Cown
from bocpy._core import _transfer_check, _transfer_roundtrip


@dataclasses.dataclass
class Point:
    x: object
    y: object


@dataclasses.dataclass(slots=True)
class SlottedPoint:
    x: object
    y: object


class Color(enum.Enum):
    RED = 1
    GREEN = "green"


class MyError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(f"code {code}")
        self.code = code

    def __reduce__(self) -> tuple:
        return MyError, (self.code,)


class Replaced:
    pass


# -- errors


class Unreducible:
    def __reduce__(self) -> object:
        raise ZeroDivisionError("on purpose")


class BadResult:
    def __init__(self, result: object) -> None:
        self.result = result

    def __reduce__(self) -> object:
        return self.result


class BadPairs:
    def __reduce__(self) -> object:
        return dict, (), None, None, iter([1])


class FailsToLoad:
    def __reduce__(self) -> tuple:
        return operator.truediv, (1, 0)


class FailsToLoadState:
    def __setstate__(self, state: object) -> None:
        raise ZeroDivisionError

    def __getstate__(self) -> object:
        return [1]


def _generator() -> typing.Iterator[int]:
    yield 1


UNPICKLABLE = {
    "generator": lambda: _generator(),
    "lock": threading.Lock,
    "frame": sys._getframe,
    "file": lambda: open(__file__),  # noqa: SIM115
    "detached module": lambda: types.ModuleType("detached"),
    "iterator type": lambda: type(iter([])),
    "hook raises": Unreducible,
    "no tuple": lambda: BadResult(5),
    "empty tuple": lambda: BadResult(()),
    "long tuple": lambda: BadResult((int, (), None, None, None, None, None)),
    "not callable": lambda: BadResult((1, ())),
    "no arguments": lambda: BadResult((int, 1)),
    "bad iterator": lambda: BadResult((int, (), None, 5)),
    "bad pairs": BadPairs,
    "bad name": lambda: BadResult("no such name"),
    "exotic view": lambda: memoryview((ctypes.c_int * 3)()),
}


@pytest.mark.parametrize("make", UNPICKLABLE.values(), ids=UNPICKLABLE.keys())
def test_what_pickle_refuses_is_refused_alike(make: typing.Callable[[], object]) -> None:
    bad = make()
    with pytest.raises(Exception) as expected:
        pickle.dumps(bad, 5)
    for value in (bad, [1, bad], {"a": [bad]}, Point(1, bad), collections.deque([bad])):
        with pytest.raises(type(expected.value)) as raised:
            _transfer_check(value)
        assert raised.type is expected.type


def test_errors_while_decoding_are_the_originals() -> None:
    for bad in (FailsToLoad(), FailsToLoadState()):
        for value in (bad, [bad], {"a": bad}, Point(bad, 1), {1: [2, bad]}, (bad,)):
            with pytest.raises(ZeroDivisionError):
                _transfer_roundtrip(value)


def test_unhashable_after_decoding_is_a_type_error() -> None:
    value = BadResult((list, ([],)))
    with pytest.raises(TypeError):
        _transfer_roundtrip({value})


def test_encoding_twice_gives_equal_values() -> None:
    value = {"a": [Point(1, 2)] * 3, "b": Color.RED}
    assert _transfer_roundtrip(value) == _transfer_roundtrip(value) == value


# -- mutation while encoding


class Mutates:
    def __init__(self, action: typing.Callable[[], object]) -> None:
        self.action = action

    def __reduce__(self) -> tuple:
        self.action()
        return int, ()


def _tolerated(value: object) -> None:
    """Whatever comes of it, it is an error of ours or a value."""
    try:
        _transfer_roundtrip(value)
    except RuntimeError as error:
        assert "changed size" in str(error)  # noqa: PT017


def test_list_may_change_while_it_is_encoded() -> None:
    for change in (list.clear, list.pop, lambda items: items.append([1]), lambda items: None):
        items: list = [[1], [2]]
        items.insert(1, Mutates(lambda items=items, change=change: change(items)))
        _tolerated(items)
        _tolerated([items, items])


def test_dict_may_change_while_it_is_encoded() -> None:
    for change in (dict.clear, dict.popitem, lambda table: table.update(new=[1]), lambda t: None):
        table: dict = {"a": [1], "b": None, "c": [2]}
        table["b"] = Mutates(lambda table=table, change=change: change(table))
        _tolerated(table)
        table = {(1, 2): [1], "x": [3]}
        table[Mutates(lambda table=table, change=change: change(table))] = [[2]]
        _tolerated(table)


def test_set_and_instance_may_change_while_they_are_encoded() -> None:
    members: set = {1, 2}
    members.add(Mutates(members.clear))
    _tolerated(members)
    point = Point([1], None)
    point.y = Mutates(lambda: point.__dict__.clear())
    _tolerated(point)
    slotted = SlottedPoint(None, [1])
    slotted.x = Mutates(lambda: setattr(slotted, "y", None))
    _tolerated(slotted)


def test_bytearray_may_change_while_it_is_encoded() -> None:
    data = bytearray(b"x" * 10)
    _tolerated([data, Mutates(data.clear), memoryview(data).tobytes(), data])


def test_class_may_change_while_it_is_encoded() -> None:
    module = sys.modules[__name__]
    old = Replaced

    def replace() -> None:
        module.Replaced = type("Replaced", (), {"__module__": __name__})
        gc.collect()

    try:
        result = _transfer_roundtrip([old(), Mutates(replace), old()])
        assert type(result[2]) is old
    finally:
        module.Replaced = old


# -- references


def _count(make: typing.Callable[[], object], action: typing.Callable[[object], None]) -> None:
    """Run *action* often and check that nothing is kept."""
    value = make()
    for _ in range(20):
        action(value)
    gc.collect()
    before = len(gc.get_objects()), sys.getrefcount(value), sys.getrefcount(Point)
    for _ in range(200):
        action(value)
    gc.collect()
    after = len(gc.get_objects()), sys.getrefcount(value), sys.getrefcount(Point)
    for old, new in zip(before, after, strict=True):
        assert abs(new - old) <= 5, (before, after)


def _succeed(value: object) -> None:
    _transfer_roundtrip(value)


def _fail(value: object) -> None:
    try:
        _transfer_roundtrip(value)
    except Exception:
        return
    raise AssertionError("it should have failed")


def _cyclic() -> list:
    value: list = [Point(1, (2,)), {"a": SlottedPoint([3], "x" * 100)}, {4}, frozenset({5})]
    value += [value, (value,), collections.deque([value]), Color.RED, memoryview(bytearray(9))]
    value += [Cown(1), array.array("i", [1]), lambda: None, 2**100, MyError(1), len, sys]
    return value


def test_success_keeps_no_reference() -> None:
    _count(_cyclic, _succeed)


@pytest.mark.parametrize("make", UNPICKLABLE.values(), ids=UNPICKLABLE.keys())
def test_refusal_keeps_no_reference(make: typing.Callable[[], object]) -> None:
    _count(lambda: [_cyclic(), Point([make()], 1)], _fail)


@pytest.mark.parametrize("make", [FailsToLoad, FailsToLoadState])
def test_failed_decoding_keeps_no_reference(make: typing.Callable[[], object]) -> None:
    _count(lambda: [_cyclic(), {"a": Point((1, [make()]), 1)}, _cyclic()], _fail)


def test_refusal_gives_cowns_back() -> None:
    cown = Cown(1)
    before = sys.getrefcount(cown)
    for _ in range(10):
        with pytest.raises(TypeError):
            _transfer_roundtrip([cown, {"a": cown}, _generator()])
    assert sys.getrefcount(cown) == before


FAILING = """
import collections, sys
import _testcapi
from bocpy import Cown
from bocpy._core import _transfer_roundtrip

class List(list):
    pass

value = [{"a": [3], (1, 2): "x" * 100}, {4}, frozenset({5}), 2**100, "\u00e9", b"x" * 2000, 1.5]
value += [value, (value,), collections.deque([value]), Cown(1), List([1]), bytearray(5)]
value += [[i] for i in range(40)]
_transfer_roundtrip(value)
count = sys.getrefcount(value), sys.getrefcount(value[10])
failed = 0
for n in range(1000):
    _testcapi.set_nomemory(n, n + 1)
    try:
        result = _transfer_roundtrip(value)
    except MemoryError:
        failed += 1
    finally:
        _testcapi.remove_mem_hooks()
    result = None
assert failed > 50, failed
assert count == (sys.getrefcount(value), sys.getrefcount(value[10]))
assert _transfer_roundtrip(value)[0] == value[0]
"""


@pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    reason="what makes allocations fail crashes free-threaded builds by itself",
)
def test_each_allocation_may_fail() -> None:
    pytest.importorskip("_testcapi")
    subprocess.run([sys.executable, "-c", FAILING], check=True, timeout=60)
