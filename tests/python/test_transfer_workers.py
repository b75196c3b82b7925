"""Values that cross into a worker's interpreter and back; classes and functions by value."""

import abc
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

import pytest

from bocpy import Cown, _pickling, wait, when


@pytest.fixture(autouse=True)
def _stopped() -> typing.Iterator[None]:
    yield
    wait()


def _echo(value: object) -> object:
    """Send *value* to a worker and get it back."""

    @when(Cown(value))
    def echo(cown: Cown) -> object:
        return cown.value

    return echo.result(30)


def _ask(value: object, question: typing.Callable[[typing.Any], object]) -> object:
    """Return what *question* answers about *value* in a worker."""

    @when(Cown((value, question)))
    def ask(cown: Cown) -> object:
        value, question = cown.value
        return question(value)

    return ask.result(30)


def test_deep_list_crosses() -> None:
    value: list = []
    for _ in range(100_000):
        value = [value]
    result = _echo(value)
    depth = 0
    while result:
        result, depth = result[0], depth + 1
    assert depth == 100_000


def test_long_chain_of_cowns_is_freed_without_recursion() -> None:
    chain = Cown(None)
    for _ in range(100_000):
        chain = Cown([chain])

    @when(chain)
    def look(cown: Cown) -> str:
        return type(cown.value[0]).__name__

    assert look.result(30) == "Cown"
    del chain


# ---- classes by value ----


def test_class_with_super_and_self_reference() -> None:
    class Base:
        count = 1

        def name(self) -> str:
            return "base"

    class Local(Base):
        def name(self) -> str:
            return super().name() + "!"

        def me(self) -> type:
            return Local

        @property
        def five(self) -> int:
            return 5

        @staticmethod
        def six() -> int:
            return 6

        @classmethod
        def kind(cls) -> type:
            return cls

    value = Local()
    value.items = [value]

    def look(it: typing.Any) -> list:
        assert it.me() is type(it) is it.kind() and it.items[0] is it
        return [it.name(), it.five, it.six(), it.count, type(it), it]

    name, five, six, count, kind, back = _ask(value, look)
    assert (name, five, six, count) == ("base!", 5, 6, 1)
    assert kind is Local and type(back) is Local and back.items[0] is back


def test_changes_in_a_worker_do_not_come_home() -> None:
    class Local:
        changed = False

    def change(it: typing.Any) -> object:
        type(it).changed = True
        return it

    assert type(_ask(Local(), change)) is Local
    assert Local.changed is False


def test_class_crosses_once() -> None:
    class Local:
        pass

    def kinds(it: typing.Any) -> bool:
        return type(it[0]) is type(it[1]) is it[2]

    assert _ask([Local(), Local(), Local], kinds) is True
    both = Cown(Local()), Cown(Local())

    @when(*both)
    def compare(left: Cown, right: Cown) -> bool:
        return type(left.value) is type(right.value)

    assert compare.result(30) is True


def test_local_dataclasses() -> None:
    @dataclasses.dataclass
    class Record:
        number: int
        items: list = dataclasses.field(default_factory=list)
        constant: typing.ClassVar[int] = 3

    @dataclasses.dataclass(slots=True, frozen=True)
    class Frozen:
        number: int
        text: str = "x"

    def look(it: typing.Any) -> list:
        record, frozen = it
        assert [field.name for field in dataclasses.fields(record)] == ["number", "items"]
        assert type(record)(5).items == [] and record == type(record)(1, [2])
        assert not hasattr(frozen, "__dict__") and frozen == type(frozen)(7)
        return [dataclasses.replace(record, number=9), dataclasses.asdict(record)]

    replaced, table = _ask([Record(1, [2]), Frozen(7)], look)
    assert replaced == Record(9, [2]) and table == {"number": 1, "items": [2]}


def test_local_enums_keep_their_members() -> None:
    class Color(enum.Enum):
        RED = 1
        GREEN = "g"

        def other(self) -> "Color":
            return Color.GREEN

    class Access(enum.Flag):
        READ = 1
        WRITE = 2

    class Level(enum.IntEnum):
        LOW = 1

        @property
        def double(self) -> int:
            return self * 2

    def look(it: typing.Any) -> list:
        color, access, level = it
        assert type(color)["RED"] is color and type(color)("g") is color.other()
        assert (access | type(access).WRITE).value == 3
        return [color.other(), access | type(access).WRITE, level.double, color]

    green, both, double, red = _ask([Color.RED, Access.READ, Level.LOW], look)
    assert green is Color.GREEN and both is Access.READ | Access.WRITE and double == 2
    assert red is Color.RED


def test_abstract_generic_and_builtin_based_classes() -> None:
    class Shape(abc.ABC):
        @abc.abstractmethod
        def area(self) -> int: ...

    class Square(Shape):
        def area(self) -> int:
            return 4

    Shape.register(int)
    T = typing.TypeVar("T")

    class Box(typing.Generic[T]):
        def __init__(self, content: T) -> None:
            self.content = content

    class IntBox(Box[int]):
        pass

    class Items(list):
        pass

    class Mistake(Exception):
        pass

    class Lazy:
        @functools.cached_property
        def value(self) -> int:
            return 42

    Pair = collections.namedtuple("Pair", "left right", module="nowhere")

    class Named(typing.NamedTuple):
        x: int

    class Meta(type):
        def __call__(cls, *args: object) -> object:
            made = super().__call__(*args)
            made.meta = True
            return made

    class Made(metaclass=Meta):
        pass

    def look(it: typing.Any) -> list:
        square, box, _, _, lazy, pair, named, made = it
        shape = type(square).__mro__[1]
        assert isinstance(5, shape) and square.area() == 4
        try:
            shape()
        except TypeError:
            pass
        else:
            raise AssertionError("abstract")
        assert type(box).__orig_bases__[0].__args__ == (int,)
        assert lazy.value == 42 and pair.left == 1 and named.x == 3 and type(made)().meta
        return it

    value = [Square(), IntBox(5), Items([1]), Mistake(1), Lazy(), Pair(1, 2), Named(3), Made()]
    back = _ask(value, look)
    assert [type(each) for each in back] == [type(each) for each in value]
    assert back[1].content == 5 and back[2] == [1] and back[3].args == (1,) and back[5] == (1, 2)


def test_class_that_is_its_own_key() -> None:
    class Node:
        def __init__(self, name: str) -> None:
            self.name = name

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Node) and other.name == self.name

        def __hash__(self) -> int:
            return hash(self.name)

    node = Node("a")
    node.group = {node: {node}}
    back = _echo(node)
    assert type(back) is Node and back.group[back] == {back}


def test_classes_that_refer_to_each_other() -> None:
    class Left:
        def other(self) -> object:
            return Right()

    class Right:
        def other(self) -> object:
            return Left()

    def look(it: typing.Any) -> list:
        return [it.other(), it.other().other(), type(it.other().other()) is type(it)]

    right, left, is_same = _ask(Left(), look)
    assert type(right) is Right and type(left) is Left and is_same


@pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")) and sys.version_info < (3, 14),
    reason="classes live for ever in the free-threaded CPython 3.13 once there were two threads",
)
def test_unused_class_is_freed_everywhere() -> None:
    def make() -> "weakref.ref[type]":
        class Local:
            pass

        assert type(_echo(Local())) is Local
        return weakref.ref(Local)

    reference = make()
    gc.collect()
    assert reference() is None


class _Slow(dict[int, typing.Any]):
    """A table in which the main thread takes its time after each look."""

    def __init__(self, meanwhile: typing.Callable[[], object]) -> None:
        super().__init__()
        self.meanwhile = meanwhile

    def get(self, key: int, default: object = None) -> typing.Any:
        found = super().get(key, default)
        if threading.current_thread() is threading.main_thread():
            self.meanwhile()
        return found


def test_definition_that_is_made_while_the_last_one_dies_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Method: the other thread makes it between the look and the deletion, or waits for that."""

    class Thing:
        pass

    old, new = Thing(), Thing()
    number, threads = 1 << 60, []

    def meanwhile() -> None:
        if not threads:
            make = _pickling.settle_definition
            threads.append(threading.Thread(target=make, args=(new, (None, number, 0))))
            threads[0].start()
            threads[0].join(0.2)

    monkeypatch.setattr(_pickling, "_definitions", {})
    assert _pickling.settle_definition(old, (None, number, 0)) is old
    slow = _Slow(meanwhile)
    slow.update(_pickling._definitions)
    monkeypatch.setattr(_pickling, "_definitions", slow)
    del old
    threads[0].join(30)
    assert _pickling.get_definition(number) is new


# ---- functions by value ----


def test_functions_run_there_and_come_home() -> None:
    offset = 5

    def add(value: int, more: int = 1, *, last: int = 2) -> int:
        return value + offset + more + last

    def look(it: typing.Any) -> list:
        return [it(1), it(1, 2, last=3), it]

    first, second, back = _ask(add, look)
    assert (first, second) == (9, 11) and back is add


def test_function_sees_what_its_variables_hold_when_it_is_sent() -> None:
    number = 1

    def read() -> int:
        return number

    def call(it: typing.Any) -> int:
        return it()

    assert _ask(read, call) == 1
    number = 2
    assert _ask(read, call) == 2


def test_recursive_function_and_cown_in_a_closure() -> None:
    cown = Cown(3)

    def count(n: int) -> int:
        return n if n == 0 else 1 + count(n - 1)

    def give() -> Cown:
        return cown

    assert _ask(count, lambda it: it(5)) == 5
    assert _ask(give, lambda it: it()) == cown


def test_function_made_in_a_worker_comes_back() -> None:
    def make(base: int) -> object:
        return lambda value: value + base

    made = _ask(10, make)
    assert made(5) == 15
    assert _ask(made, lambda it: it(1)) == 11
