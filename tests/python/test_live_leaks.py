"""What a behavior keeps of a value that it leaves cannot change what the next one gets."""

import array
import asyncio
import contextvars
import dataclasses
import enum
import functools
import gc
import itertools
import operator
import queue
import random
import sys
import sysconfig
import threading
import types
import typing
import weakref
from collections.abc import Callable, Iterator

import pytest

from bocpy import Cown, _core, hold, start, wait, when


def kept_here() -> dict[str, typing.Any]:
    """Return what the behaviors of this interpreter keep."""
    return vars(sys).setdefault("_kept_by_behaviors", {})


KEEPS = not sysconfig.get_config_var("Py_GIL_DISABLED")

CONTEXT: contextvars.ContextVar[object] = contextvars.ContextVar("CONTEXT")
LOCAL = threading.local()


class Plain:
    def __init__(self, marks: list[object]) -> None:
        self.marks = marks


@dataclasses.dataclass(slots=True, weakref_slot=True)
class Slots:
    marks: list[object]


class Base:
    __slots__ = ("marks",)


class Hiding(Base):
    """Has two slots of one name; an instance shows only its own."""

    __slots__ = ("marks",)


class Color(enum.Enum):
    RED = (1, [])


class Keeper:
    kept: typing.Any = None


class Setter:
    """A data descriptor that keeps what it is given."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: typing.Any, owner: type) -> object:
        return self if instance is None else instance.__dict__[self.name]

    def __set__(self, instance: typing.Any, value: object) -> None:
        kept_here()["set"] = value
        instance.__dict__[self.name] = value


class Described:
    marks = Setter()

    def __init__(self, marks: list[object]) -> None:
        self.marks = marks


def spoil(marks: typing.Any) -> None:
    if marks is not None:
        marks.append("bad")


def later(action: Callable[[], object]) -> None:
    """Let the next behavior do *action* first; nothing else refers to what that uses."""
    kept_here()["later"] = action


def do_later() -> None:
    kept_here().pop("later")()


def by_global() -> object:
    marks: list[object] = []
    kept_here()["marks"] = marks
    later(lambda: spoil(kept_here()["marks"]))
    return [marks]


def by_class_attribute() -> object:
    Keeper.kept = value = Plain([])
    later(lambda: spoil(Keeper.kept.marks))
    return value


def by_closure() -> object:
    marks: list[object] = []
    later(lambda: spoil(marks))
    return (1, (marks,))


def by_default() -> object:
    value = Plain([])

    def use(kept: Plain = value) -> None:
        spoil(kept.marks)

    later(use)
    return {"a": value}


def by_dict() -> object:
    value = Plain([])
    names = value.__dict__
    later(lambda: names.update(marks=["bad"]))
    return value


def by_dict_of_part() -> object:
    value = [Plain([])]
    names = vars(value[0])
    later(lambda: spoil(names["marks"]))
    return value


def by_shared_dict() -> object:
    value, other = Plain([]), Plain([])
    value.__dict__ = other.__dict__
    later(lambda: setattr(other, "marks", ["bad"]))
    return value


def by_giving_its_dict() -> object:
    value, other = Plain([]), Plain([])
    other.__dict__ = value.__dict__
    later(lambda: setattr(other, "marks", ["bad"]))
    return value


def by_dict_that_outlives() -> object:
    """The __dict__ of an instance that died is the __dict__ of the value."""
    value = Plain([])
    value.__dict__ = Plain(["x"]).__dict__
    names = value.__dict__
    later(lambda: names.update(marks=["bad"]))
    return value


def by_hidden_slot() -> object:
    value = Hiding()
    value.marks = []
    hidden: list[object] = []
    Base.marks.__set__(value, hidden)  # type: ignore[attr-defined]
    later(lambda: spoil(hidden))
    return value


def by_slot() -> object:
    value = Slots([])
    marks = value.marks
    later(lambda: spoil(marks))
    return (value,)


def by_weak_reference() -> object:
    value = Plain([])
    weak = weakref.ref(value)
    later(lambda: spoil(getattr(weak(), "marks", None)))
    return [value]


def by_weak_reference_with_slots() -> object:
    value = Slots([])
    weak = weakref.ref(value)
    later(lambda: spoil(getattr(weak(), "marks", None)))
    return [value]


def by_proxy() -> object:
    value = Plain([])
    proxy = weakref.proxy(value)

    def change() -> None:
        try:
            proxy.marks.append("bad")
        except ReferenceError:
            pass

    later(change)
    return value


def by_weak_method() -> object:
    value = Plain([])
    value.use = types.MethodType(spoil, value)  # type: ignore[attr-defined]
    del value.use  # type: ignore[attr-defined]
    weak = weakref.WeakMethod(value.__init__)  # type: ignore[misc]
    later(lambda: spoil(weak().__self__.marks) if weak() else None)  # type: ignore[union-attr]
    return value


def by_weak_set() -> object:
    value = Plain([])
    kept = weakref.WeakSet([value])
    later(lambda: [spoil(each.marks) for each in kept])
    return [value]


def by_weak_values() -> object:
    value = Slots([])
    kept = weakref.WeakValueDictionary({1: value})
    later(lambda: [spoil(each.marks) for each in kept.values()])
    return [value]


def by_weak_builtin_set() -> object:
    value: set[object] = set()
    weak = weakref.ref(value)
    later(lambda: weak().add("bad") if weak() is not None else None)  # type: ignore[union-attr]
    return [value]


def by_weak_frozenset() -> object:
    value = frozenset([Plain([])])
    weak = weakref.ref(value)
    later(lambda: [spoil(each.marks) for each in weak() or ()])
    return value


def by_generator() -> object:
    marks: list[object] = []

    def generate() -> Iterator[None]:
        mine = marks
        yield
        spoil(mine)
        yield

    generator = generate()
    next(generator)
    later(lambda: next(generator))
    return [marks]


def by_coroutine() -> object:
    marks: list[object] = []

    async def run() -> None:
        mine = marks
        await asyncio.sleep(0)
        spoil(mine)

    coroutine = run()
    coroutine.send(None)

    def go_on() -> None:
        try:
            coroutine.send(None)
        except StopIteration:
            pass

    later(go_on)
    return [marks]


def by_traceback() -> object:
    marks: list[object] = []

    def fail(mine: list[object]) -> None:
        raise ValueError(len(mine))

    try:
        fail(marks)
    except ValueError as error:
        kept = error
    later(lambda: spoil(kept.__traceback__.tb_next.tb_frame.f_locals["mine"]))  # type: ignore
    return [marks]


def by_frame() -> object:
    marks: list[object] = []
    frame = sys._getframe()
    later(lambda: spoil(frame.f_locals["marks"]))
    return [marks]


def by_trace() -> object:
    frames: list[types.FrameType] = []

    def inner() -> object:
        marks: list[object] = []
        return [marks]

    def trace(frame: types.FrameType, event: str, arg: object) -> None:
        frames.append(frame)

    sys.settrace(trace)
    try:
        value = inner()
    finally:
        sys.settrace(None)
    later(lambda: [spoil(each.f_locals.get("marks")) for each in frames])
    return value


def by_profile() -> object:
    returned: list[typing.Any] = []

    def inner() -> object:
        return [Plain([])]

    def profile(frame: types.FrameType, event: str, arg: object) -> None:
        if event == "return" and frame.f_code is inner.__code__:
            returned.append(arg)

    sys.setprofile(profile)
    try:
        value = inner()
    finally:
        sys.setprofile(None)
    later(lambda: spoil(returned[0][0].marks))
    return value


def by_iterator() -> object:
    value = [[[]]]
    iterator = iter(value)
    later(lambda: spoil(next(iterator)[0]))
    return value


def by_reversed() -> object:
    value = {"a": Plain([])}
    iterator = reversed(value.values())
    later(lambda: spoil(next(iterator).marks))
    return value


def by_view() -> object:
    value: dict[str, list[object]] = {"a": []}
    view = value.items()
    later(lambda: [spoil(each) for _, each in view])
    return value


def by_mapping_proxy() -> object:
    value: dict[str, list[object]] = {"a": []}
    proxy = types.MappingProxyType(value)
    later(lambda: spoil(proxy["a"]))
    return value


def by_method() -> object:
    marks: list[object] = []
    append = marks.append
    later(lambda: append("bad"))
    return [marks]


def by_partial() -> object:
    marks: list[object] = []
    call = functools.partial(operator.iadd, marks, ["bad"])
    later(call)
    return [marks]


def by_cache() -> object:
    @functools.lru_cache
    def make() -> list[object]:
        return []

    later(lambda: spoil(make()))
    return [make()]


def by_itertools() -> object:
    marks: list[object] = []
    again = itertools.repeat(marks)
    later(lambda: spoil(next(again)))
    return [marks]


def by_queue() -> object:
    marks: list[object] = []
    waiting: queue.SimpleQueue[list[object]] = queue.SimpleQueue()
    waiting.put(marks)
    later(lambda: spoil(waiting.get()))
    return [marks]


def by_context() -> object:
    value = Plain([])
    CONTEXT.set(value)
    later(lambda: spoil(CONTEXT.get().marks))  # type: ignore[attr-defined]
    return value


def by_thread_local() -> object:
    LOCAL.kept = value = Plain([])
    later(lambda: spoil(LOCAL.kept.marks))
    return value


def by_thread() -> object:
    """A thread that is still in a call with the list as its argument."""
    marks: list[object] = []
    go, done = threading.Semaphore(0), threading.Semaphore(0)

    def run(mine: list[object]) -> None:
        go.acquire()
        spoil(mine)
        done.release()

    threading.Thread(target=run, args=(marks,)).start()

    def let_it() -> None:
        go.release()
        done.acquire()

    later(let_it)
    return [marks]


def by_thread_inside_sort() -> object:
    """A thread that is inside a method of a part, in C."""
    marks: list[object] = []
    value = [[(1, marks), (0, 2)]]
    inner = value[0]
    began, go, done = (threading.Semaphore(0) for _ in range(3))

    def key(item: tuple[int, object]) -> int:
        if item[0] == 1:
            began.release()
            go.acquire()
            spoil(item[1])
        return item[0]

    def run(mine: list[typing.Any]) -> None:
        sorted(mine, key=key)
        done.release()

    threading.Thread(target=run, args=(inner,)).start()
    began.acquire()
    del inner

    def let_it() -> None:
        go.release()
        done.acquire()

    later(let_it)
    return value


def by_memoryview() -> object:
    value = bytearray(b"good")
    view = memoryview(value)
    later(lambda: view.__setitem__(slice(None), b"bad!"))
    return [value]


def by_ctypes() -> object:
    import ctypes  # which workers of CPython 3.12 cannot import

    value = bytearray(b"good")
    shared = (ctypes.c_char * 4).from_buffer(value)
    later(lambda: setattr(shared, "value", b"bad!"))
    return [value]


def by_array() -> object:
    value = array.array("b", b"good")
    view = memoryview(value)
    later(lambda: view.__setitem__(slice(None), array.array("b", b"bad!")))
    return value


def by_enum() -> object:
    Color.RED.value[1].clear()
    later(lambda: spoil(Color.RED.value[1]))
    return [Color.RED.value]


def by_descriptor() -> object:
    value = Described([])
    later(lambda: spoil(kept_here()["set"]))
    return value


def by_property_of_a_class_of_its_own() -> object:
    marks: list[object] = []
    maker = type("Maker", (Plain,), {"kept": marks, "__module__": __name__})
    later(lambda: spoil(maker.kept))
    return [maker([]), marks]


def by_annotations() -> object:
    marks: list[object] = []
    by_annotations.__annotations__["kept"] = marks
    later(lambda: spoil(by_annotations.__annotations__["kept"]))
    return [marks]


def by_exception_argument() -> object:
    marks: list[object] = []
    error = ValueError(marks)
    later(lambda: spoil(error.args[0]))
    return [marks]


def by_finalizer() -> object:
    value = Plain([])
    finalizer = weakref.finalize(value, print)
    finalizer.atexit = False
    later(lambda: spoil(finalizer.peek()[0].marks) if finalizer.peek() else None)  # type: ignore
    return [value]


def by_garbage() -> object:
    """Circles that nobody refers to hold the list; collecting finds them and calls back."""
    marks: list[object] = []

    class Last:
        def __del__(self) -> None:
            spoil(self.marks)

    last = Last()
    last.marks, last.itself = marks, last  # type: ignore[attr-defined]
    gc.disable()

    def collect() -> None:
        gc.enable()
        gc.collect()

    later(collect)
    return [marks]


LEAKS = [
    value
    for name, value in list(globals().items())
    if name.startswith("by_") and (name != "by_ctypes" or sys.version_info >= (3, 13))
]


def is_spoiled(value: object) -> bool:
    waiting, seen = [value], set()
    while waiting:
        each: typing.Any = waiting.pop()
        if each == "bad" or each in (bytearray(b"bad!"), array.array("b", b"bad!")):
            return True
        if id(each) in seen or isinstance(each, str | int | bytearray | array.array):
            continue
        seen.add(id(each))
        waiting += each.values() if isinstance(each, dict) else ()
        waiting += each if isinstance(each, list | tuple | set | frozenset) else ()
        waiting += vars(each).values() if isinstance(each, Plain | Described) else ()
        waiting += [each.marks] if isinstance(each, Slots) else ()
        waiting += [each.marks] if isinstance(each, Hiding) else ()
    return False


@pytest.fixture(autouse=True)
def _mode_as_before() -> Iterator[None]:
    before = _core._transfer_mode()
    yield
    wait(30)
    _core._set_transfer(before)


@pytest.mark.skipif(not KEEPS, reason="free-threaded builds keep nothing")
@pytest.mark.parametrize("mode", ["live", "eager"])
def test_instance_of_which_nothing_was_kept_stays(mode: typing.Literal["live", "eager"]) -> None:
    """So the test below tries what it means to try."""
    _core._set_transfer(mode)
    start(worker_count=1)
    cown = Cown[object](None)

    def leave(c: Cown[object]) -> None:
        c.value = [Plain([]), Slots([1]), {2: (frozenset([3]),)}]

    def look(c: Cown[object]) -> int:
        assert not is_spoiled(c.value)
        return id(c.value)

    when(cown)(leave)
    when(cown)(look).result(60)
    before = _core._live_values()["taken"]
    with hold(cown):
        when(cown)(leave)
        first = when(cown)(look)
        second = when(cown)(look)
    assert first.result(60) == second.result(60)
    assert _core._live_values()["taken"] == before + 2


@pytest.mark.parametrize("mode", ["live", "encode"])
@pytest.mark.parametrize("leak", LEAKS, ids=operator.attrgetter("__name__"))
def test_what_was_kept_of_a_value_does_not_change_it(
    leak: Callable[[], object], mode: typing.Literal["live", "encode"]
) -> None:
    """Method: the second behavior changes what the first kept, before it looks at its value."""
    _core._set_transfer(mode)
    start(worker_count=1)
    cown = Cown[object](None)
    warm = Cown[object](None)

    def leave(c: Cown[object]) -> None:
        c.value = leak()

    def look(c: Cown[object]) -> bool:
        do_later()
        return is_spoiled(c.value)

    assert when(warm)(leave).result(60) is None  # so that the encoder has met the classes
    assert when(warm)(look).result(60) is False
    with hold(cown):
        when(cown)(leave)
        spoiled = when(cown)(look)
    assert spoiled.result(60) is False


def digest(value: typing.Any) -> int:
    """Return a number that says what *value* holds, the first item of it apart."""
    waiting, result = [iter(value[1:])], 7
    while waiting:
        for each in waiting[-1]:
            result = (result * 31 + 1) % 1_000_003
            if isinstance(each, int):
                result = (result * 31 + each) % 1_000_003
            else:
                parts = each.marks if isinstance(each, Plain | Slots) else each
                parts = parts.values() if isinstance(parts, dict) else parts
                waiting.append(iter(parts))
                break
        else:
            waiting.pop()
            result = (result * 17 + 3) % 1_000_003
    return result


def new_part(rng: random.Random) -> typing.Any:
    numbers: list[object] = [rng.randrange(100) for _ in range(rng.randrange(3))]
    makers: list[Callable[[], object]] = [
        lambda: numbers,
        lambda: {1: numbers},
        lambda: (1, numbers),
        lambda: Plain(numbers),
        lambda: Slots(numbers),
        lambda: materialized(Plain(numbers)),
    ]
    return rng.choice(makers)()


def materialized(value: Plain) -> Plain:
    assert vars(value)
    return value


def numbers_of(part: typing.Any) -> list[object]:
    if isinstance(part, Plain | Slots):
        return part.marks
    return part if isinstance(part, list) else part[1]  # type: ignore[no-any-return]


def keep_some(rng: random.Random, value: list[typing.Any]) -> None:
    """Keep something of *value*, in one of many ways, for later behaviors to change."""
    kept = kept_here().setdefault("some", [])
    part = rng.choice(value[1:])
    ways: list[Callable[[], object]] = [
        lambda: value,
        lambda: part,
        lambda: numbers_of(part),
        lambda: (part,),
        lambda: iter(numbers_of(part)),
        lambda: vars(part) if isinstance(part, Plain) else part,
        lambda: weakref.ref(part) if isinstance(part, Plain | Slots) else part,
        lambda: numbers_of(part).append,
    ]
    kept.append(rng.choice(ways)())
    del kept[:-20]


def change_some(rng: random.Random) -> None:
    """Change something that was kept in this interpreter."""
    kept: list[typing.Any] = kept_here().get("some", [])
    if not kept:
        return
    each = kept.pop(rng.randrange(len(kept)))
    each = each() if isinstance(each, weakref.ref) else each
    if isinstance(each, tuple):
        each = each[-1]
    if isinstance(each, dict):
        each[rng.choice(["marks", 1])] = [12345]
    elif isinstance(each, Plain | Slots):
        each.marks.append(12345)
    elif isinstance(each, list):
        each.append(12345)
    elif callable(each):
        each(12345)


def take_a_turn(cowns: list[Cown[typing.Any]], seed: int) -> None:
    """Look whether the values are as they were left; change them; leave word what they are."""
    rng = random.Random(seed)
    change_some(rng)
    for cown in cowns:
        assert cown.value[0] == digest(cown.value), "somebody else changed the value"
    for cown in cowns:
        if rng.random() < 0.3:
            continue
        value = cown.value
        if len(value) > 8 or rng.random() < 0.2:
            value.pop()
        if len(value) < 2 or rng.random() < 0.8:
            value.append(new_part(rng))
        numbers_of(rng.choice(value[1:])).append(rng.randrange(100))
        if len(cowns) > 1 and rng.random() < 0.3:  # what is in both is not alone
            cowns[0].value.append(rng.choice(value[1:]))
        if rng.random() < 0.3:
            keep_some(rng, value)
    for cown in cowns:
        cown.value[0] = digest(cown.value)


@pytest.mark.parametrize("mode", ["live", "eager"])
@pytest.mark.parametrize("workers", [1, 2])
def test_values_are_as_they_were_left(mode: typing.Literal["live", "eager"], workers: int) -> None:
    """Method: behaviors on some of a few cowns leave a digest in each value, keep parts of
    values, and change what earlier ones in their interpreter kept."""
    _core._set_transfer(mode)
    start(worker_count=workers)
    cowns: list[Cown[typing.Any]] = [Cown([0]) for _ in range(4)]
    for cown in cowns:

        @when(cown)
        def begin(c):
            c.value = [0, [1]]
            c.value[0] = digest(c.value)

    rng = random.Random(1)
    before = _core._live_values()["kept"]
    results = []
    for seed in range(1500):
        chosen = rng.sample(cowns, rng.choice([1, 1, 2, 3]))

        @when(chosen)
        def turn(group):
            take_a_turn(group, seed)

        results.append(turn)
    for result in results:
        assert result.result(60) is None
    assert (_core._live_values()["kept"] > before) == KEEPS
