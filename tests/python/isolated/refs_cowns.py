"""Reference counts: cowns in main, once while no runtime is up and once while one is."""

import copy
import sys
import threading

from refs_harness import Breaks, Refuses, case, is_running, main, raises

import bocpy
from bocpy import Cown, hold, when

cown = Cown([1, {"a": "b"}])
other = Cown("other")
held = [1, 2]


@case()
def construct() -> None:
    Cown(1)
    Cown(value=[1])
    Cown(Cown([1]))


@case(held)
def construct_wrongly() -> None:
    raises(TypeError, Cown)
    raises(TypeError, Cown, held, 2)
    raises(TypeError, Cown, worth=held)
    raises(ZeroDivisionError, Cown, [held, Refuses()])


@case(cown, other)
def compare() -> None:
    assert cown == copy.copy(cown)
    assert cown != other
    assert (cown < other) is not (cown > other)
    assert cown != 1
    raises(TypeError, lambda: cown <= other)
    raises(TypeError, lambda: cown < 1)
    assert len({cown, copy.copy(cown), other}) == 2


@case(cown)
def text() -> None:
    assert repr(cown).startswith("<Cown")
    assert str(Cown([1]))


@case(cown)
def subscript_and_impl() -> None:
    assert Cown[int] is not None
    assert cown.impl == cown
    assert cown


@case(cown, held)
def block() -> None:
    with cown as value:
        assert value[0] == 1
        cown.value = [1, {"a": "b"}]
        with cown:
            assert cown.acquired
        cown.value.append(held)
    with cown:
        cown.value.pop()


@case(cown)
def block_left_by_exception() -> None:
    try:
        with cown:
            raise LookupError
    except LookupError:
        pass


@case(cown)
def acquire_and_release() -> None:
    cown.acquire()
    cown.acquire()
    cown.exception = False
    cown.value = [1]
    cown.release()
    cown.release()


@case(cown)
def attributes_used_wrongly() -> None:
    with cown:
        raises(AttributeError, delattr, cown, "value")
        raises(AttributeError, delattr, cown, "exception")
    raises(AttributeError, setattr, cown, "acquired", True)
    raises(TypeError, cown.acquire, 1)
    raises(TypeError, cown.result, "soon")
    raises(ValueError, cown.result, float("nan"))


@case(cown)
def value_without_ownership() -> None:
    if not is_running():
        return
    raises(RuntimeError, lambda: cown.value)
    raises(RuntimeError, setattr, cown, "value", 2)
    raises(RuntimeError, lambda: cown.exception)
    raises(RuntimeError, setattr, cown, "exception", True)


@case()
def exception_flag() -> None:
    one = Cown(ValueError("x", held))
    with one:
        one.exception = True
    with one:
        assert one.exception
        one.exception = False
    with one:
        one.exception = 1
        one.value = None


@case(cown, other)
def hold_several() -> None:
    with hold(cown, other) as (one, two):
        assert two == "other"
        del one
        cown.value = [1]
    with hold(cown, cown, other), hold(other):
        pass
    with hold():
        pass


@case(cown, other)
def hold_wrongly() -> None:
    raises(TypeError, hold, cown, 1)
    raises(TypeError, hold, [cown])
    entered = hold(cown, other)
    with entered:
        raises(RuntimeError, entered.__enter__)
    hold(cown, other)


@case(cown)
def hold_left_by_exception() -> None:
    try:
        with hold(cown, Cown(1)):
            raise LookupError
    except LookupError:
        pass


@case(cown)
def hold_entered_and_dropped() -> None:
    hold(Cown([1]), cown).__enter__()


@case()
def block_entered_and_dropped() -> None:
    one = Cown([1])
    one.__enter__()
    if is_running():
        one.__exit__(None, None, None)


@case()
def value_that_cannot_leave() -> None:
    one = Cown(1)
    if not is_running():
        one.value = Refuses()
        return
    try:
        with one:
            one.value = [held, Refuses()]
    except ZeroDivisionError:
        with one as value:
            assert isinstance(value, bocpy.BehaviorError)
            one.value = 2
        return
    raise AssertionError


@case(other)
def hold_with_value_that_cannot_leave() -> None:
    if not is_running():
        return
    one = Cown(1)
    try:
        with hold(other, one):
            one.value = Refuses()
    except ZeroDivisionError:
        with one:
            one.value = 2
        return
    raise AssertionError


@case()
def release_that_fails() -> None:
    one = Cown(1)
    if not is_running():
        return
    one.acquire()
    one.value = Refuses()
    raises(ZeroDivisionError, one.release)
    one.value = 1
    one.release()


@case()
def value_that_does_not_arrive() -> None:
    one = Cown([held, Breaks()])
    raises(ZeroDivisionError, one.acquire)
    raises(ZeroDivisionError, one.__enter__)
    raises(ZeroDivisionError, one.unwrap)
    raises(ZeroDivisionError, one.result)
    raises(ZeroDivisionError, hold(one, other).__enter__)
    with_value = Cown(one)
    assert with_value.unwrap() == one


@case(cown)
def results() -> None:
    assert cown.done()
    assert cown.result()
    assert cown.result(1)
    assert cown.result(timeout=None)
    one = Cown([1])
    assert one.unwrap() == [1]
    assert one.unwrap() is None


@case()
def result_of_exception() -> None:
    one = Cown(LookupError("x", held))
    with one:
        one.exception = True
    raises(LookupError, one.result)
    raises(LookupError, one.unwrap)
    assert one.unwrap() is None


@case()
def cycle_through_values() -> None:
    one = Cown(None)
    with one:
        one.value = [Cown([1])]
    other_one = Cown({"one": one})
    assert other_one.result()["one"] == one


@case(cown)
def threads() -> None:
    def use() -> None:
        with cown:
            pass

    thread = threading.Thread(target=use)
    with cown:
        thread.start()
    thread.join()


@case(cown)
def unused_decorators() -> None:
    when(cown)
    when([cown, other], (cown,), [])
    when()
    raises(TypeError, when, 1)
    raises(TypeError, when, None)
    raises(TypeError, when, [cown, 1])
    raises(TypeError, when, {cown})
    raises(TypeError, when, cown, a=1)
    raises(TypeError, when(cown))
    raises(TypeError, when(cown), 1, 2)


if __name__ == "__main__":
    main(int(sys.argv.pop(1)))
