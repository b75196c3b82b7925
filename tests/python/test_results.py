"""What comes back from behaviors: values, exceptions, and what cannot come back."""

import logging
import os
import threading
import time
import traceback

import pytest

from bocpy import BehaviorError, Cown, quiesce, start, wait, when

LIMIT = 60


class AppError(Exception):
    """An exception of the program's own."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code


class StuckError(Exception):
    """An exception that cannot leave its interpreter."""

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("stays where it is")


class WreckedError(Exception):
    """An exception that leaves but does not arrive: its constructor wants more."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(f"{a} and {b}")


class Brittle:
    """A value that leaves its interpreter but does not arrive."""

    def __reduce__(self) -> tuple[object, ...]:
        return _divide, (1, 0)


def _divide(a: int, b: int) -> float:
    return a / b


# -- exceptions -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        (TypeError, None),
        (KeyError, ("missing",)),
        (ZeroDivisionError, ("division by zero",)),
    ],
)
def test_exceptions_are_values_to_dependants(kind: type, args: object, runtime) -> None:
    name = kind.__name__

    @when()
    def fail():
        if name == "TypeError":
            return "a" + 1
        if name == "KeyError":
            return {}["missing"]
        return 1 / 0

    @when(fail)
    def look(f):
        return f.exception, type(f.value).__name__, f.value.args

    flag, seen, got = look.result(LIMIT)
    assert (flag, seen) == (True, name)
    assert args is None or got == args


def test_own_exception_arrives_as_the_same_class(runtime) -> None:
    @when()
    def fail():
        raise AppError(7, "because")

    wait()
    assert fail.exception is True
    assert type(fail.value) is AppError
    assert fail.value.args == (7, "because")
    assert fail.value.code == 7


def test_returned_exception_is_a_plain_value(runtime) -> None:
    @when()
    def give():
        return ValueError("plain")

    wait()
    assert give.exception is False
    assert isinstance(give.value, ValueError)


@pytest.mark.parametrize("name", ["KeyboardInterrupt", "SystemExit", "GeneratorExit"])
def test_base_exceptions_are_stored_and_the_worker_lives(name: str, runtime) -> None:
    cown = Cown(0)

    @when(cown)
    def fail(c):
        import builtins

        c.value += 1
        raise getattr(builtins, name)("stop here")

    @when(cown)
    def follow(c):
        c.value += 1
        return c.value

    assert follow.result(LIMIT) == 2
    wait()
    with pytest.raises(BaseException, match="stop here") as caught:
        fail.unwrap()
    assert type(caught.value).__name__ == name


def test_sys_exit_in_a_body_ends_only_the_body(runtime) -> None:
    @when()
    def leave():
        import sys

        sys.exit(3)

    with pytest.raises(SystemExit) as caught:
        leave.result(LIMIT)
    assert caught.value.code == 3


def test_mutation_before_the_exception_stays(runtime) -> None:
    cown = Cown([1])

    @when(cown)
    def fail(c):
        c.value.append(2)
        raise ValueError

    @when(cown)
    def read(c):
        return c.value

    assert read.result(LIMIT) == [1, 2]
    with pytest.raises(ValueError):
        fail.result(LIMIT)


def test_many_failures_do_not_wear_workers_out(runtime, caplog) -> None:
    cown = Cown(0)
    for _ in range(200):

        @when()
        def fail():
            raise ValueError

    for _ in range(50):

        @when(cown)
        def add(c):
            c.value += 1

    del fail
    wait()
    assert cown.value == 50


def test_w33_worker_traceback_reaches_the_reader(runtime) -> None:
    @when()
    def fail():
        raise AppError(1, "deep down")  # the line in question

    with pytest.raises(AppError) as caught:
        fail.result(LIMIT)
    text = "".join(traceback.format_exception(caught.value))
    assert os.path.basename(__file__) in text
    assert "the line in question" in text


def test_traceback_inside_a_body_names_file_and_line(runtime) -> None:
    @when()
    def format_it():
        import traceback

        try:
            raise ValueError  # inside the body
        except ValueError:
            return traceback.format_exc()

    text = format_it.result(LIMIT)
    assert os.path.basename(__file__) in text
    assert "inside the body" in text


# -- what cannot make the journey -----------------------------------------------------------


def test_w2_unpicklable_result_is_an_error_and_everything_is_released(runtime) -> None:
    a, b = Cown(1), Cown(2)

    @when(a, b)
    def body(a, b):
        a.value += 10
        b.value += 10
        return (i for i in range(3))

    @when(a, b)
    def after(a, b):
        return a.value, b.value

    with pytest.raises(TypeError, match="generator"):
        body.result(LIMIT)
    assert after.result(LIMIT) == (11, 12)


def test_w2_unpicklable_cown_value_is_replaced_and_the_others_are_released(runtime) -> None:
    bad, good = Cown(1), Cown(2)

    @when(bad, good)
    def body(bad, good):
        import threading

        bad.value = threading.Lock()
        good.value = 20
        return "fine"

    @when(bad, good)
    def after(bad, good):
        seen = bad.exception, type(bad.value).__name__, good.value
        bad.value = "repaired"
        return seen

    with pytest.raises(TypeError, match="lock"):
        body.result(LIMIT)
    assert after.result(LIMIT) == (True, "BehaviorError", 20)
    wait()
    assert (bad.exception, bad.value) == (False, "repaired")


def test_w2_unpicklable_exception_becomes_a_behavior_error(runtime) -> None:
    cown = Cown(1)

    @when(cown)
    def body(c):
        raise StuckError("on the spot")

    @when(cown)
    def after(c):
        return c.value

    with pytest.raises(BehaviorError, match="on the spot") as caught:
        body.result(LIMIT)
    assert caught.value.type_name.endswith("StuckError")
    assert caught.value.message == "on the spot"
    assert "on the spot" in caught.value.traceback
    assert after.result(LIMIT) == 1


def test_exception_that_does_not_arrive_becomes_a_behavior_error(runtime) -> None:
    @when()
    def body():
        raise WreckedError(1, 2)

    with pytest.raises(BehaviorError, match="1 and 2") as caught:
        body.result(LIMIT)
    assert caught.value.type_name.endswith("WreckedError")


def test_exception_with_an_unpicklable_argument_becomes_a_behavior_error(runtime) -> None:
    @when()
    def body():
        import threading

        raise ValueError("held", threading.Lock())

    with pytest.raises(BehaviorError, match="held"):
        body.result(LIMIT)


def test_exception_whose_text_fails_still_arrives(runtime) -> None:
    @when()
    def body():
        class Mute(Exception):
            def __str__(self):
                raise RuntimeError("no text")

            def __reduce__(self):
                raise TypeError("no bytes")

        raise Mute

    with pytest.raises(BehaviorError, match="cannot be formatted"):
        body.result(LIMIT)


def test_unpicklable_capture_raises_at_decoration_and_names_it(runtime) -> None:
    stuck = threading.Lock()
    with pytest.raises(TypeError) as caught:

        @when()
        def body():
            return stuck

    assert any("stuck" in note for note in caught.value.__notes__)


def test_value_that_does_not_arrive_keeps_the_body_from_running(runtime) -> None:
    bad, ran = Cown(Brittle()), Cown([])

    @when(bad, ran)
    def first(b, r):
        r.value.append(1)

    @when(bad, ran)
    def second(b, r):
        r.value.append(2)

    @when(first)
    def dependant(f):
        return f.exception, type(f.value).__name__

    assert dependant.result(LIMIT) == (True, "ZeroDivisionError")
    with pytest.raises(ZeroDivisionError):
        second.result(LIMIT)
    wait()
    assert ran.value == []
    bad.value = 1

    @when(bad)
    def third(b):
        return b.value

    assert third.result(LIMIT) == 1


# -- result, done -----------------------------------------------------------------------------


def test_w35_result_waits_for_one_behavior_and_does_not_consume(runtime) -> None:
    gate = Cown(0)
    start()

    @when(gate)
    def other(g):
        return 1

    with gate:

        @when(gate)
        def blocked(g):
            return 2

        assert not blocked.done()

    @when()
    def free():
        return [3]

    assert free.result(LIMIT) == [3]
    assert free.result(LIMIT) == [3]
    assert free.done()
    assert blocked.result() == 2


def test_result_of_a_running_behavior_times_out(runtime) -> None:
    gate = Cown(0)
    start()
    release = threading.Event()
    held = threading.Event()

    def hold() -> None:
        with gate:
            held.set()
            release.wait(LIMIT)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(LIMIT)

    @when(gate)
    def blocked(g):
        return 2

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        blocked.result(0.2)
    assert 0.2 <= time.monotonic() - began < 5
    with pytest.raises(TimeoutError):
        blocked.result(0)
    with pytest.raises(TimeoutError):
        blocked.result(-1)
    with pytest.raises(ValueError):
        blocked.result(float("nan"))
    release.set()
    thread.join()
    assert blocked.result(float("inf")) == 2
    assert blocked.result(timeout=1e300) == 2


def test_result_raises_the_stored_exception_each_time(runtime) -> None:
    @when()
    def fail():
        raise AppError(1, "x")

    for _ in range(2):
        with pytest.raises(AppError):
            fail.result(LIMIT)


def test_result_inside_a_behavior_raises(runtime) -> None:
    @when()
    def outer():
        @when()
        def inner():
            return 1

        try:
            inner.result(1)
        except RuntimeError as error:
            return str(error)
        return "waited"

    assert "must not wait" in outer.result(LIMIT)


def test_result_while_holding_a_cown_raises(runtime) -> None:
    gate = Cown(0)
    start()
    with gate:

        @when()
        def body():
            return 1

        with pytest.raises(RuntimeError):
            body.result(LIMIT)


def test_result_from_other_threads(runtime) -> None:
    @when()
    def body():
        return 5

    got: list[int] = []
    threads = [threading.Thread(target=lambda: got.append(body.result(LIMIT))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [5] * 4


def test_result_after_wait_is_readable_everywhere(runtime) -> None:
    results = []
    for i in range(5):

        @when()
        def body():
            return [i]

        results.append(body)
    wait()
    assert [r.value for r in results] == [[i] for i in range(5)]
    assert [r.result() for r in results] == [[i] for i in range(5)]


# -- unseen exceptions -------------------------------------------------------------------------


def unseen(caplog) -> list[str]:
    return [
        r.getMessage()
        for r in caplog.records
        if r.name == "bocpy" and "unhandled exception" in r.getMessage()
    ]


def test_w33_unseen_exception_is_logged_once_when_its_cown_dies(runtime, caplog) -> None:
    caplog.set_level(logging.ERROR, "bocpy")

    @when()
    def fail():
        raise AppError(4, "nobody looks")

    wait()
    assert unseen(caplog) == []
    del fail
    assert len(unseen(caplog)) == 1
    assert "nobody looks" in unseen(caplog)[0]
    assert "AppError" in unseen(caplog)[0]


@pytest.mark.parametrize("how", ["value", "exception", "result", "unwrap"])
def test_exception_that_was_looked_at_is_not_logged(how: str, runtime, caplog) -> None:
    caplog.set_level(logging.ERROR, "bocpy")

    @when()
    def fail():
        raise AppError(4, "seen")

    wait()
    if how in ("result", "unwrap"):
        with pytest.raises(AppError):
            getattr(fail, how)()
    else:
        getattr(fail, how)
    del fail
    start()
    wait()
    assert unseen(caplog) == []


def test_returned_exception_is_never_logged(runtime, caplog) -> None:
    caplog.set_level(logging.ERROR, "bocpy")

    @when()
    def give():
        return ValueError("plain")

    wait()
    del give
    assert unseen(caplog) == []


def test_errors_that_were_raised_to_the_caller_are_not_logged(runtime, caplog) -> None:
    caplog.set_level(logging.ERROR, "bocpy")
    cown = Cown(1)
    start()
    cown.acquire()
    cown.value = threading.Lock()
    with pytest.raises(TypeError):
        cown.release()
    cown.value = 1
    cown.release()
    wait()
    cown.value = threading.Lock()
    with pytest.raises(TypeError):
        start()
    cown.value = 1
    del cown
    assert unseen(caplog) == []


def test_wait_can_raise_what_nobody_looked_at(runtime) -> None:
    @when()
    def fail():
        raise AppError(4, "raised by wait")

    @when()
    def seen():
        raise AppError(5, "seen")

    with pytest.raises(AppError):
        seen.result(LIMIT)
    with pytest.raises(ExceptionGroup) as caught:
        wait(raise_errors=True)
    assert [e.args for e in caught.value.exceptions] == [(4, "raised by wait")]


def test_quiesce_leaves_results_with_the_runtime(runtime) -> None:
    @when()
    def body():
        return 1

    quiesce(LIMIT)
    assert body.done()
    with pytest.raises(RuntimeError):
        _ = body.value
    assert body.result() == 1


def test_scheduling_site_reaches_the_reader(runtime) -> None:
    @when(Cown(1))
    def fails(c):
        raise KeyError(c.value)

    with pytest.raises(KeyError) as caught:
        fails.result(60)
    line = test_scheduling_site_reaches_the_reader.__code__.co_firstlineno + 1
    (note,) = caught.value.__notes__
    assert "fails" in note
    assert f"{__file__}:{line}" in note
