"""What the check for values that may stay the objects they are accepts, and what it refuses."""

import abc
import array
import collections
import dataclasses
import enum
import functools
import gc
import sys
import sysconfig
import threading
import typing
import weakref
from collections.abc import Callable, Iterator

import pytest

from bocpy import Cown, hold, wait
from bocpy._core import _is_isolated, _transfer_check

pytestmark = pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="free-threaded builds keep nothing"
)


class Plain:
    def __init__(self, *parts: object) -> None:
        self.parts = parts
        self.number = 1


@dataclasses.dataclass
class Data:
    left: object = None
    right: object = None


@dataclasses.dataclass(frozen=True)
class Frozen:
    """Has a __hash__ of its own."""

    left: object = None


@dataclasses.dataclass(slots=True, weakref_slot=True)
class Slots:
    left: object = None
    right: object = None


class SlotsAndDict(Slots):
    pass


class Parent:
    """Only one test lets the encoder meet it and its child."""

    __slots__ = ("left",)


class Child(Parent):
    pass


class BareSlots:
    __slots__ = ("left", "unset")

    def __init__(self, left: object = None) -> None:
        self.left = left


class HiddenBase:
    __slots__ = ("x",)


class Hidden(HiddenBase):
    __slots__ = ("x",)


class Key:
    """Hashed by identity."""


class Deleted:
    def __del__(self) -> None:
        pass


class Reduced:
    def __reduce__(self) -> tuple[object, ...]:
        return Reduced, ()


class ReducedEx:
    def __reduce_ex__(self, protocol: typing.SupportsIndex) -> tuple[object, ...]:
        return ReducedEx, ()


class GetState:
    def __getstate__(self) -> object:
        return None


class SetState:
    def __setstate__(self, state: object) -> None:
        pass


class Hashed:
    def __hash__(self) -> int:
        return 1


class Compared:
    def __eq__(self, other: object) -> bool:
        return True


class ListChild(list[object]):
    pass


class StrChild(str):
    pass


class Abstract(abc.ABC):
    pass


class Color(enum.Enum):
    RED = 1
    LIST: typing.ClassVar = [2]  # noqa: RUF012


class Number(enum.IntEnum):
    ONE = 1


class Bits(enum.Flag):
    A = 1
    B = 2


MANY: list[type[enum.Enum]] = [
    enum.Enum(f"Many{i}", [f"MEMBER_{k}" for k in range(100)], module=__name__)  # type: ignore[misc]
    for i in range(10)
]
globals().update({each.__name__: each for each in MANY})  # so that they travel by name


class Point(typing.NamedTuple):
    x: object
    y: object


def function() -> None:
    pass


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


def alone(make: Callable[[], object]) -> bool:
    return _is_isolated(make())


def settled(make: Callable[[], object]) -> bool:
    """The same for what *make* returns, of which the encoder has met all classes before."""
    try:
        _transfer_check(make())
    except Exception:  # it is refused for that alone, then
        assert not _is_isolated(make())
        return False
    return _is_isolated(make())


def materialized(instance: object) -> object:
    """Make the __dict__ an object, and let go of it."""
    assert instance.__dict__ is not None
    return instance


def cyclic_list() -> object:
    value: list[object] = [1]
    value.append(value)
    return value


def cyclic_instance() -> object:
    value = Plain()
    value.itself = {"me": [value]}  # type: ignore[attr-defined]
    return value


def tuple_in_circle() -> object:
    inner: list[object] = []
    value = (1, inner)
    inner.append(value)
    return value


def aliased() -> object:
    inner = [1]
    node = Data(inner, {"again": inner})
    return [inner, inner, (inner, node), node, frozenset([Key()])]


def many_attributes() -> object:
    value = Plain()
    for i in range(60):
        setattr(value, f"attribute_{i}", [i])
    return value


def with_own_dict() -> object:
    value = Data([1], {2: [3]})
    return [value, value.__dict__]


def odd_names() -> object:
    value = Plain()
    value.__dict__[1] = [2]  # type: ignore[index]
    value.__dict__[Key()] = [3]  # type: ignore[index]
    return value


def deep() -> object:
    value: object = []
    for _ in range(100_000):
        value = [value]
    return value


def deep_tuple() -> object:
    value: object = []
    for i in range(50_000):
        value = (value,) if i % 2 else (value, i)
    return value


def shared_keys() -> object:
    key = Key()
    return [{key: [1]}, {key, 1}, key]


ACCEPTED: dict[str, Callable[[], object]] = {
    "none": lambda: None,
    "bool": lambda: True,
    "int": lambda: 10**50,
    "float": lambda: 0.5,
    "complex": lambda: 1j,
    "str": lambda: "text" * 20,
    "bytes": lambda: b"bytes" * 20,
    "ellipsis": lambda: [..., NotImplemented],
    "empty": lambda: [[], {}, set(), (), frozenset(), bytearray()],
    "list": lambda: [1, "two", None, [3, [4.5]]],
    "dict": lambda: {1: [2], "a": {"b": {}}, (3, 4): {5}},
    "dict of atoms": lambda: {"a": 1, 2: "b", None: 3},
    "set": lambda: {1, "a", (2, 3), frozenset([4, (5, 6)])},
    "bytearray": lambda: [bytearray(b"abc")],
    "tuple with a list": lambda: ([1], (2, [3])),
    "frozenset with an instance": lambda: frozenset([Key(), (Key(), 1)]),
    "constants": lambda: [(1, 2), ((3, "a"), (None, (4, 5))), [((3, "a"), (None, (4, 5)))]],
    "aliases": aliased,
    "circle": cyclic_list,
    "circle of an instance": cyclic_instance,
    "circle through a tuple": tuple_in_circle,
    "instance": lambda: Plain([1], {2: 3}),
    "instance with its __dict__ made": lambda: materialized(Plain([1])),
    "instance and its __dict__": with_own_dict,
    "instance with odd names": odd_names,
    "instance with many attributes": many_attributes,
    "dataclass": lambda: Data([1], Data({2}, None)),
    "slots": lambda: [Slots([1], BareSlots([2])), BareSlots()],
    "slots and a __dict__": lambda: SlotsAndDict([1], (2, [3])),
    "instances as keys": shared_keys,
    "instance with __eq__ only": lambda: [Compared()],
    "instance of an abstract class": lambda: Abstract(),
    "enum members": lambda: [Color.RED, Number.ONE, {Bits.A: Color.RED}],
    "classes and functions": lambda: [Plain, int, Color, Abstract, function, dict],
    "cowns": lambda: [Cown(1), {"c": Cown([2])}, (Cown(3),)],
    "a cown twice": lambda: [Cown(1)] * 2,
    "deep": deep,
    "deep tuple": deep_tuple,
    "wide": lambda: [[i] for i in range(5000)] + [{(i, (i,))} for i in range(5000)],
    "many aliases": lambda: [[i] for i in range(5000)] * 3,
}

KEPT: dict[str, object] = {}


def outside(value: object, kept: object) -> object:
    KEPT["outside"] = kept
    return value


def leaked_list() -> object:
    inner: list[object] = [1]
    return outside([2, inner], inner)


def leaked_circle() -> object:
    value = cyclic_list()
    return outside([value], value)


def leaked_by_tuple() -> object:
    inner: list[object] = [1]
    return outside([inner], (1, (inner,)))


def leaked_tuple() -> object:
    inner = ([1], 2)
    return outside([inner], inner)


def leaked_outer_tuple() -> object:
    inner = (1, (2, (3, [4])))
    return outside({"a": inner}, inner)


def leaked_frozenset() -> object:
    inner = frozenset([Key()])
    return outside([inner], inner)


def leaked_dict() -> object:
    value = Data([1])
    return outside([value], value.__dict__)


def leaked_dict_of_none() -> object:
    value = Plain()
    return outside(value, value.__dict__)


def leaked_attribute() -> object:
    value = Data([1], {2: 3})
    return outside([value], value.right)


def leaked_attribute_of_made_dict() -> object:
    value = Data([1], {2: 3})
    materialized(value)
    return outside([value], value.left)


def leaked_attribute_twice_inside() -> object:
    """Seen twice inside, by the instance and by its __dict__, but only one is a reference."""
    inner: list[object] = [1]
    value = Data(inner)
    return outside([value, value.__dict__], inner)


def leaked_slot() -> object:
    value = Slots([1], 2)
    return outside([value], value.left)


def leaked_hidden_slot() -> object:
    value = Hidden()
    value.x = [1]
    hidden: list[object] = [2]
    HiddenBase.x.__set__(value, hidden)  # type: ignore[attr-defined]
    return outside(value, hidden)


def leaked_in_generator() -> object:
    inner: list[object] = [1]

    def generate() -> Iterator[object]:
        mine = inner
        yield
        yield mine

    generator = generate()
    next(generator)
    return outside([inner], generator)


def leaked_in_traceback() -> object:
    inner: list[object] = [1]

    def fail() -> None:
        mine = inner
        raise ValueError(len(mine))

    try:
        fail()
    except ValueError as error:
        KEPT["outside"] = error
    return [inner]


def leaked_in_frame() -> object:
    inner: list[object] = [1]
    return outside([inner], sys._getframe())


def leaked_in_closure() -> object:
    inner: list[object] = [1]
    return outside([inner], lambda: inner)


def leaked_in_default() -> object:
    inner: list[object] = [1]

    def use(value: object = inner) -> object:
        return value

    return outside([inner], use)


def leaked_in_partial() -> object:
    inner: list[object] = [1]
    return outside([inner], functools.partial(len, inner))


def leaked_in_class() -> object:
    inner: list[object] = [1]
    return outside([inner], type("Keeper", (), {"inner": inner}))


def leaked_iterator() -> object:
    inner: list[object] = [1]
    return outside([inner], iter(inner))


def leaked_method() -> object:
    inner: list[object] = [1]
    return outside([inner], inner.append)


def leaked_view() -> object:
    inner = bytearray(b"abc")
    return outside([inner], memoryview(inner))


def leaked_export() -> object:
    """Nobody else refers to the array, but the export is in the value itself."""
    inner = bytearray(b"abc")
    return [inner, memoryview(inner)]


def leaked_weakly(make: Callable[[], object]) -> Callable[[], object]:
    def leak() -> object:
        value = make()
        return outside([value], weakref.ref(value))

    return leak


def leaked_cown() -> object:
    cown = Cown(1)
    return outside([cown], cown)


def leaked_set_item() -> object:
    key = Key()
    return outside({key}, key)


def leaked_key() -> object:
    key = Key()
    return outside({key: 1}, key)


def local_instance() -> object:
    class Local:
        pass

    return Local()


def keyed_by_local() -> object:
    return {"a": [local_instance()]}


REFUSED: dict[str, Callable[[], object]] = {
    "list": leaked_list,
    "circle": leaked_circle,
    "list in a tuple outside": leaked_by_tuple,
    "tuple with a list": leaked_tuple,
    "tuple with a list deep inside": leaked_outer_tuple,
    "frozenset with an instance": leaked_frozenset,
    "__dict__": leaked_dict,
    "__dict__ of the value": leaked_dict_of_none,
    "attribute": leaked_attribute,
    "attribute of a __dict__": leaked_attribute_of_made_dict,
    "attribute that is seen twice": leaked_attribute_twice_inside,
    "slot": leaked_slot,
    "hidden slot": leaked_hidden_slot,
    "generator": leaked_in_generator,
    "traceback": leaked_in_traceback,
    "frame": leaked_in_frame,
    "closure": leaked_in_closure,
    "default": leaked_in_default,
    "partial": leaked_in_partial,
    "class": leaked_in_class,
    "iterator": leaked_iterator,
    "method": leaked_method,
    "memoryview outside": leaked_view,
    "memoryview inside": leaked_export,
    "weak set": leaked_weakly(lambda: {1}),
    "weak instance": leaked_weakly(lambda: Plain()),
    "weak instance with slots": leaked_weakly(lambda: Slots()),
    "weak frozenset with an instance": leaked_weakly(lambda: frozenset([Key()])),
    "weak cown": leaked_weakly(lambda: Cown(1)),
    "cown": leaked_cown,
    "set item": leaked_set_item,
    "key": leaked_key,
    "instance of a class by value": keyed_by_local,
    "function by value": lambda: [lambda: None],
    "instance with __del__": lambda: [Deleted()],
    "instance with __reduce__": lambda: [Reduced()],
    "instance with __reduce_ex__": lambda: [ReducedEx()],
    "instance with __getstate__": lambda: [GetState()],
    "instance with __setstate__": lambda: [SetState()],
    "instance with __hash__": lambda: [Hashed()],
    "frozen dataclass": lambda: Frozen(1),
    "child of list": lambda: ListChild([1]),
    "child of str": lambda: [StrChild("a")],
    "named tuple": lambda: Point(1, 2),
    "flags without a name": lambda: [Bits.A | Bits.B],
    "array": lambda: array.array("d", [1]),
    "deque": lambda: collections.deque([1]),
    "range": lambda: [range(3)],
    "exception": lambda: ValueError(1),
    "builtin function": lambda: [len],
    "object": lambda: object(),
    # what the encoder refuses too
    "generator inside": lambda: [(i for i in "ab")],
    "lock": lambda: [threading.Lock()],
    "bound method of an instance with a lock": lambda: [threading.Condition().notify],
    "file": lambda: [sys.stderr],
    "module-less class": lambda: type("Lost", (), {"__module__": "nowhere"})(),
    "iterator inside": lambda: [iter({1: 2})],
    "frame inside": lambda: [sys._getframe()],
    "weak reference inside": lambda: [weakref.ref(function)],
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_value_that_nobody_else_reaches_is_accepted(name: str) -> None:
    assert settled(ACCEPTED[name])


@pytest.mark.parametrize("name", REFUSED)
def test_value_that_somebody_may_reach_is_refused(name: str) -> None:
    try:
        assert not settled(REFUSED[name])
    finally:
        KEPT.clear()


@pytest.mark.parametrize("name", ACCEPTED)
def test_every_value_with_another_reference_is_refused_unless_shared(name: str) -> None:
    value = ACCEPTED[name]()
    _transfer_check(value)
    kept = [value]  # from CPython 3.14 on, a call may borrow the reference of a local
    is_shared = value is None or isinstance(value, int | float | complex | str | bytes)
    assert _is_isolated(value) == is_shared
    assert kept


@pytest.mark.parametrize(
    "make",
    [
        lambda: (1, "a", (2, (3.5, None))),
        lambda: frozenset([1, (2, "b")]),
        lambda: (Color.RED, int, function, (frozenset([1]), Plain)),
        lambda: tuple(range(50)),
        lambda: (tuple(range(50)), tuple(range(50))),
    ],
)
def test_immutable_value_is_shared_whoever_refers_to_it(make: Callable[[], object]) -> None:
    value = make()
    _transfer_check(value)
    weak = weakref.ref(value) if isinstance(value, frozenset) else None
    assert settled(lambda: [value, [value, value]])
    assert _is_isolated(value)
    assert weak is None or weak() is value


def test_class_that_the_encoder_has_not_met_is_refused() -> None:
    class New:
        pass

    New.__module__, New.__qualname__ = __name__, "New"
    globals()["New"] = New
    try:
        assert not alone(New)
        assert not alone(lambda: [New])
        _transfer_check(New())
        assert alone(New)
        assert alone(lambda: [New])
    finally:
        del globals()["New"]
    assert not alone(New)  # the name no longer leads to it
    assert not alone(lambda: [New])


def test_class_that_changes_is_looked_at_again() -> None:
    assert settled(Key)
    Key.__reduce__ = lambda self: (Key, ())  # type: ignore[assignment, method-assign]
    try:
        assert not settled(Key)
    finally:
        del Key.__reduce__
    assert settled(Key)
    Key.__del__ = lambda self: None  # type: ignore[attr-defined]
    try:
        assert not settled(Key)
    finally:
        del Key.__del__  # type: ignore[attr-defined]
    assert settled(Key)


def test_class_stays_known_when_its_base_is_met_after_it() -> None:
    assert settled(lambda: [Child(), Parent()])
    assert "__slotnames__" not in vars(Parent)  # nothing that changes it, and so the child


def test_class_stays_known_however_many_others_are_met_after_it() -> None:
    _transfer_check(Data())
    assert settled(lambda: [member for each in MANY for member in each])
    assert alone(Data)


def test_class_that_replaces_many_others_is_known() -> None:
    replaced = []
    try:
        for _ in range(200):
            replaced.append(type("Replaced", (), {"__module__": __name__}))
            globals()["Replaced"] = replaced[-1]
            assert settled(replaced[-1])
    finally:
        del globals()["Replaced"]
    assert not any(alone(each) for each in replaced)


def test_cown_that_is_held_is_refused_until_it_is_given_back() -> None:
    cown = Cown([1])
    box: list[object] = [cown, [cown]]
    with hold(cown):
        cown.value.append(2)
        del cown
        is_isolated = _is_isolated(box)
    assert not is_isolated
    whole = [box]
    del box
    assert check(whole)


def test_check_keeps_the_exception_that_is_handled() -> None:
    try:
        raise KeyError(1)
    except KeyError as error:
        assert settled(Data)
        assert sys.exception() is error


def test_check_runs_no_code_of_classes() -> None:
    """Method: everything that a class can define and that encoding would call raises."""

    def refuse(*args: object) -> typing.NoReturn:
        raise AssertionError("was called")

    value = Data([1], {"a": Key()})
    _transfer_check(value)
    names = ["__getattribute__", "__getattr__", "__reduce_ex__", "__eq__", "__hash__", "__len__"]
    for name in names:
        loaded = type("Loaded", (Data,), {name: refuse, "__module__": __name__})
        globals()["Loaded"] = loaded
        try:
            _is_isolated([object.__new__(loaded), {"a": loaded}])
        finally:
            del globals()["Loaded"]
