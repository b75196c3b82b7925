"""The check for values that may stay objects, with random values: one more reference is seen."""

import dataclasses
import enum
import gc
import random
import sysconfig
import typing
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bocpy import Cown, wait
from bocpy._core import _is_isolated, _transfer_check

pytestmark = pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="free-threaded builds keep nothing"
)


@dataclasses.dataclass
class Data:
    left: object = None
    right: object = None


@dataclasses.dataclass(slots=True, weakref_slot=True)
class Slots:
    left: object = None
    right: object = None


class SlotsAndDict(Slots):
    pass


class Key:
    """Hashed by identity."""


class Color(enum.Enum):
    RED = 1
    LIST: typing.ClassVar = [2]  # noqa: RUF012


@pytest.fixture(scope="module", autouse=True)
def _stopped() -> Iterator[None]:
    gc.collect()
    gc.freeze()  # collecting is fast then
    yield
    gc.unfreeze()
    wait()


def check(box: list[object]) -> bool:
    """Tell whether the only item of *box*, which is taken out, is isolated."""
    return _is_isolated(box.pop())


def materialized(instance: object) -> object:
    """Make the __dict__ an object, and let go of it."""
    assert instance.__dict__ is not None
    return instance


class Maker:
    """Grows a value whose objects refer to each other at will."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.all: list[typing.Any] = []

    def pick(self) -> object:
        if self.all and self.random.random() < 0.7:
            return self.random.choice(self.all)
        return self.random.choice([None, 1, "a", b"b", 2.5, (1, (2,)), Color.RED, Key, 10**30])

    def hashable(self) -> object:
        keys = [each for each in self.all if type(each) is Key]
        if keys and self.random.random() < 0.5:
            return self.random.choice(keys)
        return self.random.choice([1, "a", (1, 2), frozenset([1])])

    def grow(self, size: int) -> list[object]:
        makers: list[Callable[[], object]] = [
            lambda: [self.pick() for _ in range(self.random.randrange(4))],
            lambda: {self.hashable(): self.pick() for _ in range(self.random.randrange(4))},
            lambda: {self.hashable() for _ in range(self.random.randrange(4))},
            lambda: Data(self.pick(), self.pick()),
            lambda: Slots(self.pick(), self.pick()),
            lambda: SlotsAndDict(self.pick()),
            lambda: materialized(Data(self.pick(), self.pick())),
            lambda: (self.pick(), [self.pick()]),
            lambda: frozenset([self.hashable(), Key()]),
            lambda: bytearray(b"abc"),
            lambda: Key(),
            lambda: Cown(self.pick()) if not self.all else Cown(1),
        ]
        for _ in range(size):
            made = self.random.choice(makers)()
            self.all.append(made)
            target = self.random.choice(self.all)
            if isinstance(target, list):
                target.append(made)
            elif isinstance(target, Data | Slots):
                target.left = made
        return self.all


def mutable_parts(value: object) -> set[int]:
    """Return the ids of what is mutable in *value*, as far as *Maker* builds."""
    waiting, found = [value], set()
    while waiting:
        each: typing.Any = waiting.pop()
        if id(each) in found or isinstance(each, str | bytes | enum.Enum | type):
            continue
        if isinstance(each, dict):
            waiting += [*each, *each.values()]
        elif isinstance(each, list | tuple | set | frozenset):
            waiting += each
        elif isinstance(each, Data | Slots):
            waiting += [each.left, each.right]
        if isinstance(each, list | dict | set | Data | Slots | Key | Cown | bytearray):
            found.add(id(each))
    return found


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 2**32), st.integers(1, 25), st.booleans())
def test_one_reference_more_to_any_part_is_noticed(seed: int, size: int, whole: bool) -> None:
    """Method: the same value is made twice from its seed; of the second, a part is kept."""

    def make() -> tuple[list[object], object]:
        maker = Maker(seed)
        parts = maker.grow(size)
        return [*parts] if whole else [parts[-1]], maker.random.choice(parts)

    value, kept = make()
    _transfer_check(value)
    del kept
    gc.collect()  # circles that are not part of the value refer to parts of it
    box: list[object] = [value]
    del value
    assert check(box)
    value, kept = make()
    gc.collect()
    is_apart = mutable_parts(value).isdisjoint(mutable_parts(kept))
    box.append(value)
    del value
    assert check(box) == is_apart
    del kept
