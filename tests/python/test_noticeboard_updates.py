"""Mutations of the noticeboard: results, errors, their order, functions that update."""

import gc
import logging
import os
import pickle
import threading
from functools import partial

import pytest

from bocpy import (
    REMOVED,
    Cown,
    notice_delete,
    notice_read,
    notice_seed,
    notice_sync,
    notice_update,
    notice_write,
    noticeboard,
    quiesce,
    start,
    wait,
    when,
)

pytestmark = pytest.mark.usefixtures("runtime")


def increment(value):
    return value + 1


def divide_by_zero(value):
    return value / 0


def in_behavior(function):
    """Call *function* in a behavior and return its result."""

    @when()
    def body():
        return function()

    return body.result(30)


# -- results and errors


def test_mutators_return_result_cowns():
    start()
    for result in (
        notice_write("key", 1),
        notice_update("key", increment),
        notice_delete("key"),
        notice_delete("absent"),
    ):
        assert isinstance(result, Cown)
        assert result.result(30) is None
        assert result.done()


def test_result_of_an_update_can_be_scheduled_on(gate):
    hold, let_go = gate
    updated = hold("key")
    assert not updated.done()

    @when(updated)
    def after(updated):
        return notice_read("key")

    let_go()
    assert after.result(30) == 0


def test_w32_full_board_is_reported_to_the_caller():
    start()
    for number in range(64):
        assert notice_write(f"key{number}", number).result(30) is None
    with pytest.raises(RuntimeError, match=r"one more.*64 keys"):
        notice_write("one more", 1).result(30)
    with pytest.raises(RuntimeError, match="64 keys"):
        notice_update("one more", lambda value: 1).result(30)
    with pytest.raises(RuntimeError, match="64 keys"):
        notice_seed("one more", 1)
    assert noticeboard() == {f"key{number}": number for number in range(64)}
    assert notice_delete("key7").result(30) is None
    assert notice_write("one more", 1).result(30) is None
    assert notice_write("key8", "changed").result(30) is None
    assert len(noticeboard()) == 64


def test_w32_failing_function_is_reported_and_changes_nothing():
    notice_seed("key", 42)
    failing = notice_update("key", divide_by_zero)
    with pytest.raises(ZeroDivisionError) as caught:
        failing.result(30)
    assert "divide_by_zero" in str(caught.value.__cause__)
    assert "key 'key'" in "".join(caught.value.__notes__)
    assert notice_read("key") == 42


def test_result_that_cannot_be_stored_changes_nothing():
    notice_seed("key", 42)
    with pytest.raises(Exception, match="pickle"):
        notice_update("key", lambda value: threading.Lock()).result(30)
    assert notice_read("key") == 42


@pytest.mark.parametrize("raised", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_w31_base_exception_does_not_stop_the_board(raised):
    start()

    def fn(value):
        raise raised

    with pytest.raises(type(raised)):
        notice_update("key", fn).result(30)
    assert notice_update("key", increment, 0).result(30) is None
    assert notice_read("key") == 1


def test_error_that_nobody_looked_at_is_logged_with_its_key(caplog):
    start()
    with caplog.at_level(logging.ERROR, logger="bocpy"):
        notice_update("the key", divide_by_zero, 1)
        quiesce()
        gc.collect()
    assert "unhandled exception" in caplog.text
    assert "the key" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_unpicklable_arguments_raise_at_the_call():
    start()
    for call in (
        lambda: notice_write("key", threading.Lock()),
        lambda: notice_update("key", threading.Lock().acquire),
        lambda: notice_update("key", increment, threading.Lock()),
        lambda: notice_seed("key", threading.Lock()),
    ):
        with pytest.raises(Exception, match="pickle"):
            call()
    assert len(noticeboard()) == 0


@pytest.mark.parametrize("fn", [1, None, "increment"])
def test_function_must_be_callable(fn):
    start()
    with pytest.raises(TypeError, match="fn"):
        notice_update("key", fn)


# -- updates


def test_update_functions_of_all_kinds():
    notice_seed("key", 7)
    notice_update("key", partial(max, 42)).result(30)
    assert notice_read("key") == 42
    step = 8
    notice_update("key", lambda value: value + step).result(30)
    assert notice_read("key") == 50
    notice_update("key", str).result(30)
    assert notice_read("key") == "50"


def test_default_is_for_an_absent_key_only():
    start()
    notice_update("key", lambda value: [value], "default").result(30)
    assert notice_read("key") == ["default"]
    notice_write("key", None)
    notice_update("key", lambda value: [value], "default").result(30)
    assert notice_read("key") == [None]
    notice_update("other", lambda value: [value]).result(30)
    assert notice_read("other") == [None]


def test_removed_deletes_the_key():
    assert repr(REMOVED) == "REMOVED"
    assert pickle.loads(pickle.dumps(REMOVED)) is REMOVED
    assert type(REMOVED)() is REMOVED
    assert REMOVED is not None
    notice_seed("key", 1)
    for expected in ({"key": 2}, {}):
        notice_update("key", lambda value: REMOVED if value > 1 else value + 1).result(30)
        assert noticeboard() == expected
    notice_update("key", increment, 10).result(30)
    assert notice_read("key") == 11


def test_removed_comes_back_from_a_worker_as_itself():
    start()
    assert in_behavior(lambda: REMOVED) is REMOVED


def test_functions_run_one_at_a_time_in_one_thread_of_main():
    start()

    def note(value):
        from bocpy import _core

        return [*value, (threading.get_ident(), os.getpid(), _core.worker_index())]

    def body():
        for number in range(4):
            notice_update(f"key{number % 2}", note, [])
        notice_sync()

    in_behavior(body)
    seen = notice_read("key0") + notice_read("key1")
    assert len(seen) == 4
    assert len(set(seen)) == 1
    assert seen[0][1:] == (os.getpid(), -1)
    assert seen[0][0] != threading.get_ident()


def test_eight_behaviors_write_their_own_key():
    cowns = [Cown(number) for number in range(8)]
    for cown in cowns:

        @when(cown)
        def writes(cown):
            notice_write(f"key{cown.value}", cown.value)
            notice_sync()

    @when(cowns)
    def reads(cowns):
        return dict(noticeboard())

    assert reads.result(30) == {f"key{number}": number for number in range(8)}


def test_eight_behaviors_increment_one_key():
    cowns = [Cown(0) for _ in range(8)]
    for cown in cowns:

        @when(cown)
        def updates(cown):
            notice_update("sum", increment, 0)
            notice_sync()

    @when(cowns)
    def reads(cowns):
        return notice_read("sum")

    assert reads.result(30) == 8


def test_mutations_of_one_thread_take_effect_in_order():
    start()
    for number in range(50):
        notice_update("key", lambda value: [*value, "update"], [])
        notice_write("key", [number])
        notice_update("key", lambda value: [*value, "after"], [])
        notice_write("last", number)
    notice_sync()
    assert noticeboard() == {"key": [49, "after"], "last": 49}


def test_write_to_another_key_by_another_producer_does_not_wait(gate):
    hold, let_go = gate
    hold("slow")

    @when()
    def other():
        wrote = notice_write("quick", 1)
        notice_sync(30)
        behind = notice_write("slow", "behind")
        return wrote.done(), behind.done()

    assert other.result(30) == (True, False)
    assert noticeboard() == {"quick": 1}
    own = notice_write("own", 2)  # of the producer of the update
    assert not own.done()
    let_go()
    assert own.result(30) is None
    quiesce()
    assert noticeboard() == {"slow": "behind", "quick": 1, "own": 2}


def test_write_of_a_body_that_raises_takes_effect():
    start()

    @when()
    def body():
        notice_write("key", 1)
        raise ValueError

    with pytest.raises(ValueError):
        body.result(30)
    assert notice_read("key") == 1


def test_function_may_use_the_board_but_not_wait_for_it():
    notice_seed("key", 1)

    def fn(value):
        seen = notice_read("key"), noticeboard()["key"]
        errors = []
        for call in (notice_sync, wait, quiesce, lambda: notice_seed("key", 0)):
            try:
                call()
            except RuntimeError:
                errors.append(call)
        notice_write("key", "behind")
        notice_write("other", 1)
        return [*seen, len(errors)]

    updated = notice_update("key", fn)
    assert updated.result(30) is None
    quiesce()
    assert noticeboard() == {"key": "behind", "other": 1}


def test_function_may_schedule_behaviors():
    start()

    def fn(value):
        @when()
        def body():
            notice_write("from behind", 1)

        return 1

    notice_update("key", fn)
    assert wait(30, noticeboard=True) == {"key": 1, "from behind": 1}
