"""Reference counts: behaviors, their arguments, captures and results, with one worker."""

import copy
import functools
import pickle
import sysconfig
import threading
from collections.abc import Callable

from refs_harness import Breaks, Refuses, case, main, raises

import bocpy
from bocpy import Cown, hold, when, whencall


class Custom(Exception):
    def __init__(self, number: int, extra: object) -> None:
        super().__init__(number, extra)


class Untravelled(Exception):
    def __init__(self, one: object, two: object) -> None:
        super().__init__(one)
        self.two = two


class Point:
    def __init__(self, x: object) -> None:
        self.x = x


a = Cown([1, 2])
b = Cown({"b": 1})
number = Cown(0)
data = {"data": [1, 2]}


# -- arguments -----------------------------------------------------------------------------


@case()
def without_arguments() -> None:
    @when()
    def nothing():
        pass


@case(a, b)
def one_and_two_cowns() -> None:
    @when(a)
    def one(a):
        pass

    @when(a, b)
    def two(a, b):
        return a.value[0]


@case(a, b)
def groups() -> None:
    group = [a, b]

    @when(group, a, (b,), [])
    def grouped(group, a, single, empty):
        return len(group)

    @when([])
    def nobody(empty):
        return empty


@case(a)
def duplicates() -> None:
    @when(a, a, [a, a])
    def same(x, y, group):
        return x.value is y.value is group[1].value


@case()
def many_cowns() -> None:
    cowns = [Cown(i) for i in range(40)]

    @when(cowns, *cowns[:20])
    def many(cowns, *more):
        for cown in cowns:
            cown.value += 1


@case()
def fresh_cown() -> None:
    @when(Cown([1]))
    def fresh(cown):
        cown.value.append(cown.value)


@case(a)
def received_cowns() -> None:
    @when(a)
    def received(a):
        copies = {a, copy.copy(a), Cown(a)}
        repr(a)
        return len(copies), a < Cown(1), a.acquired, a.done()


@case(a)
def unused() -> None:
    when(a)(lambda a: None)
    when([a])(lambda a, x=1: None)


# -- captures ----------------------------------------------------------------------------


@case(data)
def captured_variable() -> None:
    local = data
    flag, text, real = True, "text", 1.5

    @when()
    def reader():
        return local["data"], flag, text, real


@case(data)
def captured_default() -> None:
    @when(a)
    def defaults(a, x=data, y=1, *, z=data, w=2):
        return x, y, z, w


@case(data)
def captured_global() -> None:
    @when()
    def reader():
        return data


@case(a, b)
def captured_cown() -> None:
    cowns = [a, {"b": b}]

    @when(a)
    def received(again):
        return cowns[1]["b"], a == again


@case()
def captured_function() -> None:
    step = 2

    def helper(x):
        return x + step

    @when()
    def calls():
        return helper(1), (lambda: helper(2))()


@case()
def captured_class() -> None:
    class Local:
        x = 1

    thing = Local()

    @when()
    def uses():
        return type(thing) is Local


@case()
def cell_kept_by_body() -> None:
    value = [1]

    @when(number)
    def keeps(number):
        value[0] += 1
        return [lambda: value][0]


@case()
def decorated_below() -> None:
    def doubled(func):
        @functools.wraps(func)
        def call(*args):
            return 2 * func(*args)

        return call

    @when(number)
    @doubled
    def behavior(number):
        return number.value


@case(data, a)
def by_call() -> None:
    def body(a, x):
        return x

    whencall(body, [a], [data])
    raises(TypeError, whencall, "body", [a], [data])
    raises(TypeError, whencall, body, [1], [data])
    raises(TypeError, whencall, body, [a], [])
    raises(ZeroDivisionError, whencall, body, [a], [Refuses()])


@case(a)
def method_as_body() -> None:
    point = Point([1])

    class Owner:
        def schedule(self):
            @when(a)
            def body(a):
                return point.x, self is None

    Owner().schedule()


space: dict[str, object] = {"when": when, "a": a, "__name__": "made"}


@case()
def code_of_its_own() -> None:
    exec("@when(a)\ndef body(a):\n    return a.value\n", space)


# -- errors at decoration --------------------------------------------------------------------


@case(data, a)
def capture_that_fails() -> None:
    def schedule() -> None:
        first, lock, last = data, threading.Lock(), a

        @when(a)
        def behavior(a):
            return first, lock, last

    raises(TypeError, schedule)


@case(a, data)
def capture_that_fails_by_default() -> None:
    def schedule() -> None:
        @when(a, [a])
        def behavior(a, group, x=data, y=Refuses()):
            return x

    raises(ZeroDivisionError, schedule)


@case()
def capture_that_does_not_arrive() -> None:
    broken = [data, Breaks()]

    @when(a)
    def behavior(a):
        return broken

    raises(ZeroDivisionError, behavior.result)


@case(a)
def functions_that_are_no_behaviors() -> None:
    async def waits(a):
        pass

    def generates(a):
        yield

    for func, kind in (
        (waits, SyntaxError),
        (generates, SyntaxError),
        (lambda: 0, TypeError),
        (lambda a, b: 0, TypeError),
        (17, TypeError),
        (None, TypeError),
    ):
        raises(kind, when(a), func)


@case(a)
def name_that_nothing_defines() -> None:
    def schedule() -> None:
        @when(a)
        def behavior(a):
            return nothing_defines_this  # noqa: F821

    raises(NameError, schedule)


@case()
def variable_without_value() -> None:
    def schedule() -> None:
        @when(a)
        def behavior(a):
            return late

        late = 1

    raises(NameError, schedule)


# -- results and exceptions ----------------------------------------------------------------


@case()
def result_read() -> None:
    @when(a)
    def gives(a):
        return [a.value, {"x": (1, 2)}]

    assert gives.result(30)[1] == {"x": (1, 2)}
    assert gives.done()
    assert gives.unwrap()
    assert gives.result() is None


@case()
def result_chained() -> None:
    @when()
    def first():
        return [1]

    @when(first)
    def second(first):
        return first.value + [2]

    assert second.result() == [1, 2]


@case(a)
def result_is_a_cown() -> None:
    @when(a)
    def gives(a):
        return a

    assert gives.result() == a

    @when()
    def makes():
        return Cown([Cown(1)])

    assert makes.result().result()[0].result() == 1


@case()
def result_of_every_kind() -> None:
    @when()
    def gives():
        return [None, True, 1, 2**70, 1.5, "t", b"b", (1,), {2}, Point([1]), LookupError(1), Point]

    assert gives.result()[9].x == [1]


@case(a)
def body_raises() -> None:
    @when(a)
    def raiser(a):
        raise ValueError("text", [1])

    raises(ValueError, raiser.result)
    raises(ValueError, raiser.result, 1)
    raises(ValueError, raiser.unwrap)


@case(a)
def body_raises_and_nobody_looks() -> None:
    @when(a)
    def raiser(a):
        raise Custom(1, [a])


@case()
def body_raises_custom() -> None:
    @when()
    def raiser():
        try:
            raise KeyError("first")
        except KeyError as error:
            raise Custom(7, ["extra"]) from error

    raises(Custom, raiser.result)


@case()
def body_raises_group() -> None:
    @when()
    def raiser():
        raise ExceptionGroup("two", [ValueError(1), TypeError("x")])

    raises(ExceptionGroup, raiser.result)


@case()
def body_raises_what_cannot_travel() -> None:
    @when()
    def raiser():
        raise Untravelled(1, threading.Lock())

    raises(bocpy.BehaviorError, raiser.result)


@case()
def body_exits() -> None:
    @when()
    def leaves():
        raise SystemExit(3)

    @when()
    def interrupted():
        raise KeyboardInterrupt("x")

    raises(SystemExit, leaves.result)
    raises(KeyboardInterrupt, interrupted.result)


@case()
def exception_seen_by_behavior() -> None:
    @when()
    def raiser():
        raise LookupError([1])

    @when(raiser)
    def looks(raiser):
        return raiser.exception, type(raiser.value).__name__

    assert looks.result() == (True, "LookupError")

    @when(raiser)
    def clears(raiser):
        raiser.exception = False
        raiser.value = 1
        raiser.exception = 1
        raiser.exception = 0

    assert clears.result() is None


@case()
def result_that_cannot_leave() -> None:
    @when(a)
    def gives(a):
        return [a, Refuses()]

    @when(a)
    def locks(a):
        return threading.Lock()

    raises(ZeroDivisionError, gives.result)
    raises(TypeError, locks.result)


@case()
def result_that_does_not_arrive() -> None:
    @when()
    def gives():
        return [a, Breaks()]

    raises(ZeroDivisionError, gives.result)

    @when(gives)
    def looks(gives):
        return gives.value

    raises(ZeroDivisionError, looks.result)


@case()
def value_that_cannot_leave() -> None:
    one = Cown([1])

    @when(one, a)
    def spoils(one, a):
        one.value = [Refuses(), a]

    raises(ZeroDivisionError, spoils.result)

    @when(one)
    def looks(one):
        return type(one.value).__name__

    assert looks.result() == "BehaviorError"


@case()
def value_that_does_not_arrive() -> None:
    one = Cown([1, Breaks()])

    @when(one)
    def skipped(one):
        return 1

    raises(ZeroDivisionError, skipped.result)

    @when(one)
    def again(one):
        return 1

    raises(ZeroDivisionError, again.result)


@case()
def wrong_call_within() -> None:
    @when(a)
    def behavior(a):
        for call, kind in (
            (lambda: Cown(Refuses()), ZeroDivisionError),
            (lambda: a.release(), RuntimeError),
            (lambda: a.unwrap(), RuntimeError),
            (lambda: bocpy.wait(), RuntimeError),
            (lambda: bocpy.quiesce(), RuntimeError),
            (lambda: bocpy.start(), RuntimeError),
            (lambda: when(1), TypeError),
            (lambda: when(a)(lambda: 0), TypeError),
        ):
            try:
                call()
            except kind:
                continue
            raise AssertionError(kind)

    assert behavior.result() is None


# -- values in a worker ----------------------------------------------------------------------


@case(number)
def value_replaced() -> None:
    @when(number)
    def adds(number):
        number.value += 1


@case()
def value_mutated() -> None:
    @when(b)
    def mutates(b):
        b.value["x"] = [len(b.value)]
        b.value.pop("x")


@case()
def value_cyclic() -> None:
    one = Cown([])

    @when(one)
    def ties(one):
        one.value.append(one.value)
        one.value.append(Point(one.value))

    assert ties.result() is None


@case()
def garbage_in_body() -> None:
    @when()
    def makes():
        cycle = [Cown(1)]
        cycle.append(cycle)


@case(a)
def pickles_in_body() -> None:
    @when(a)
    def pickles(a):
        return pickle.loads(pickle.dumps(a)) == a

    assert pickles.result()


@case()
def block_in_body() -> None:
    free = Cown([1])

    @when(a)
    def takes(a):
        with a as value, free as other_value:
            value.append(other_value[0])
            value.pop()
        with hold(a, free) as (one, two):
            one.extend(two)
            one.pop()
        free.acquire()
        free.value = [2]
        free.release()

    assert takes.result() is None


@case()
def nested() -> None:
    depth = 3

    def go(cown, left):
        @when(cown)
        def level(cown):
            cown.value = left
            if left:
                go(cown, left - 1)

    go(Cown(0), depth)


@case()
def nested_result_returned() -> None:
    @when(number)
    def outer(number):
        @when(number)
        def inner(number):
            return [number.value]

        return inner

    assert outer.result().result() == [number.result()]


@case()
def nested_errors() -> None:
    @when(number)
    def outer(number):
        refuses = Refuses()
        try:

            @when(number)
            def inner(number):
                return refuses
        except ZeroDivisionError:
            return True

    assert outer.result()


# -- values that stay live between behaviors ----------------------------------------------------


def queue(body: Callable[[Cown], object], then: Callable[[Cown], object]) -> None:
    """Run *body*, which leaves a live value, then *then*, on one cown."""
    free = Cown({"list": [1], "cown": Cown([2])})
    before = bocpy._core._live_values()["kept"]
    with hold(free):
        for function in (body, then, change):
            whencall(function, (free,))
    bocpy.quiesce()
    has_kept = bocpy._core._live_values()["kept"] > before
    has_gil = not sysconfig.get_config_var("Py_GIL_DISABLED")
    assert has_kept == (has_gil and bocpy._core._transfer_mode() != "encode")


def change(c: Cown) -> None:
    c.value = {"list": [c.value] * 2, "cown": Cown(c.value)}


def look_away(c: Cown) -> None:
    pass


def replace(c: Cown) -> None:
    c.value = []


def fail(c: Cown) -> None:
    c.value = {**c.value}
    raise ValueError("on purpose")


@case()
def value_that_is_taken() -> None:
    queue(change, change)


@case()
def value_that_is_passed_on() -> None:
    queue(change, look_away)


@case()
def value_that_is_replaced() -> None:
    queue(change, replace)


@case()
def value_of_a_failure() -> None:
    queue(fail, change)
    bocpy._core._forget_failures()


@case()
def value_that_nobody_looks_at_at_last() -> None:
    free = Cown([[1]])
    with hold(free):
        for function in (change, look_away):
            whencall(function, (free,))
    assert len(bocpy._core._live_values()) == 6


# -- waiting ----------------------------------------------------------------------------------


@case()
def result_too_late() -> None:
    with a:

        @when(a)
        def waits(a):
            pass

        assert not waits.done()
        raises(RuntimeError, waits.result)
        raises(RuntimeError, waits.unwrap)
        raises(RuntimeError, bocpy.quiesce)
        raises(RuntimeError, bocpy.wait)


@case()
def taken_elsewhere() -> None:
    errors: list[BaseException] = []

    def other_thread() -> None:
        @when(a)
        def waits(a):
            pass

        for call in (lambda: waits.result(0), lambda: waits.result(1e-4), lambda: bocpy.quiesce(0)):
            try:
                call()
            except TimeoutError as error:
                errors.append(error)

    with a:
        thread = threading.Thread(target=other_thread)
        thread.start()
        thread.join()
    assert len(errors) == 3


@case(a)
def block_in_main() -> None:
    @when(a)
    def before(a):
        a.value.append(1)

    with a as value:
        value.pop()
    with hold(a, b):
        pass


@case(a)
def acquire_while_busy() -> None:
    one = Cown(1)
    with hold(a, one):

        @when(one)
        def waits(one):
            pass

    one.result()
    try:
        one.acquire()
        one.release()
    except RuntimeError:
        pass


@case()
def calls_of_the_runtime() -> None:
    bocpy.quiesce()
    bocpy.quiesce(1.5, stats=True)
    bocpy.scheduler_stats()
    bocpy.start()
    bocpy.start(1)
    raises(RuntimeError, bocpy.start, 2)
    raises(RuntimeError, bocpy.start, 0)
    raises(ValueError, bocpy.start, -1)
    raises(TypeError, bocpy.start, "2")
    raises(ValueError, bocpy.start, 1, ("not a path", None))
    raises(FileNotFoundError, bocpy.start, 1, ("a.b", "/nowhere"))
    raises(ValueError, bocpy.quiesce, float("nan"))
    raises(ValueError, bocpy.wait, float("nan"))
    raises(TypeError, bocpy.wait, "1")


if __name__ == "__main__":
    main(1)
