"""The noticeboard: what a snapshot holds, the order of mutations, and their errors."""

import gc
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from functools import partial

import pytest

import bocpy
from bocpy import (
    REMOVED,
    Behaviors,
    Cown,
    WaitResult,
    notice_delete,
    notice_read,
    notice_seed,
    notice_sync,
    notice_update,
    notice_write,
    noticeboard,
    quiesce,
    receive,
    send,
    start,
    wait,
    when,
)

pytestmark = pytest.mark.usefixtures("runtime")


class Slotted:
    __slots__ = ("left",)


class SlottedToo(Slotted):
    __slots__ = ("right",)


class Key(str):
    pass


class Reduced:
    """Pickled by a reducer; its cown is an ordinary attribute."""

    def __init__(self, cown):
        self.cown = cown

    def __reduce__(self):
        return Reduced, (self.cown,)


class Breaks:
    """Leaves its interpreter and does not arrive."""

    def __reduce__(self):
        return divmod, (1, 0)


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


@pytest.fixture
def gate():
    """Return two functions: one makes an update that waits, the other lets it go on."""
    held = []

    def hold(key):
        held.append(key)
        result = notice_update(key, wait_at_gate, 0)
        assert receive("at the gate", 30)[0] == "at the gate"
        return result

    def let_go():
        while held:
            held.pop()
            send("open", None)

    start()
    yield hold, let_go
    let_go()


def wait_at_gate(value):
    send("at the gate", None)
    receive("open", 60)
    return value


# -- values and snapshots


@pytest.mark.parametrize("value", [1, None, [1, 2], {1, 2}, 1.5, "tëxt", (1, [2]), {"a": {"b": 1}}])
def test_written_value_is_seen_by_the_next_behavior(value):
    order = Cown(0)

    @when(order)
    def writes(order):
        notice_write("key", value)
        notice_sync()

    @when(order)
    def reads(order):
        return "key" in noticeboard(), notice_read("key", "absent"), noticeboard()["key"]

    assert reads.result(30) == (True, value, value)
    assert type(reads.result()[1]) is type(value)


def test_last_write_wins_and_keys_coexist():
    notice_seed("a", 0)
    for number in range(5):
        notice_write("a", number)
    notice_write("b", "two")
    notice_write("", "empty")
    assert in_behavior(lambda: dict(noticeboard())) == {"a": 4, "b": "two", "": "empty"}


def test_behavior_sees_one_state():
    notice_seed("key", "old")

    @when()
    def body():
        first = noticeboard()
        seen = [first["key"], notice_read("key")]
        notice_write("key", "new")
        notice_write("more", 1)
        notice_sync()
        return [*seen, first["key"], notice_read("key"), noticeboard()["key"], "more" in first]

    assert body.result(30) == ["old"] * 5 + [False]
    assert in_behavior(lambda: (notice_read("key"), notice_read("more"))) == ("new", 1)


def test_snapshot_is_taken_at_the_first_read():
    notice_seed("key", "old")

    @when()
    def body():
        notice_write("key", "new")
        notice_sync()
        return notice_read("key")

    assert body.result(30) == "new"


def test_main_sees_the_present_state_at_each_read():
    notice_seed("key", 1)
    before = noticeboard()
    assert notice_read("key") == 1
    notice_seed("key", 2)
    assert (notice_read("key"), noticeboard()["key"], before["key"]) == (2, 2, 1)


def test_threads_of_main_see_the_present_state():
    start()
    seen = []
    for number in range(3):
        notice_write("key", number)
        thread = threading.Thread(target=lambda: seen.append(notice_read("key")))
        thread.start()
        thread.join()
    assert seen == [0, 1, 2]


def test_mapping_is_read_only():
    notice_seed("key", 1)
    board = noticeboard()
    assert type(board).__name__ == "mappingproxy"
    assert isinstance(board, Mapping)
    with pytest.raises(TypeError):
        board["key"] = 2
    with pytest.raises(TypeError):
        del board["key"]
    assert noticeboard() is not board


def test_mapping_behaves_like_a_dict():
    expected = {"a": 1, "b": [2], "ü": None}
    start()
    for key, value in expected.items():
        notice_write(key, value)
    board = noticeboard()
    assert board == expected
    assert expected == board
    assert board == noticeboard()
    assert board != {"a": 1}
    assert len(board) == 3
    assert list(board) == list(expected)
    assert list(reversed(board)) == list(reversed(expected))
    assert list(board.keys()) == list(expected)
    assert board.keys() & {"a", "z"} == {"a"}
    assert list(board.values()) == list(expected.values())
    assert list(board.items()) == list(expected.items())
    assert board.copy() == expected
    assert board | {"z": 1} == expected | {"z": 1}
    assert {"z": 1} | board == {"z": 1} | expected
    assert {**board} == expected
    assert repr(board) == f"mappingproxy({expected!r})"
    assert board.get("nothing") is None
    assert board.get("nothing", 5) == 5
    assert 1 not in board
    assert "\udc80" not in board
    with pytest.raises(KeyError, match="nothing"):
        board["nothing"]
    with pytest.raises(TypeError):
        hash(board)


def test_order_is_that_of_first_writes():
    start()
    for key in "cab":
        notice_write(key, key)
    notice_write("c", "again")
    notice_delete("a")
    notice_write("a", 1)
    assert list(noticeboard()) == ["c", "b", "a"]


def test_w30_changes_to_a_value_stay_in_the_behavior():
    notice_seed("key", {"list": [1]})
    start()

    def change():
        noticeboard()["key"]["list"].append(2)
        return notice_read("key"), noticeboard()["key"]["list"]

    for _ in range(8):
        assert in_behavior(change) == ({"list": [1, 2]}, [1, 2])
    assert notice_read("key") == {"list": [1]}


def test_w32_values_are_decoded_one_by_one():
    start()
    notice_write("bad", Breaks())
    notice_write("good", 1)

    @when()
    def body():
        assert len(noticeboard()) == 2
        assert notice_read("good") == 1
        try:
            notice_read("bad")
        except ZeroDivisionError:
            return "read"

    assert body.result(30) == "read"
    with pytest.raises(ZeroDivisionError):
        dict(noticeboard())


def test_board_works_without_runtime():
    assert dict(noticeboard()) == {}
    assert notice_read("key") is None
    assert notice_read("key", 7) == 7


# -- keys


@pytest.mark.parametrize("key", [1, None, b"key", ("key",)])
def test_key_of_another_type_is_refused(key):
    start()
    for call in (
        lambda: notice_write(key, 1),
        lambda: notice_update(key, increment),
        lambda: notice_delete(key),
        lambda: notice_read(key),
        lambda: notice_seed(key, 1),
    ):
        with pytest.raises(TypeError, match="noticeboard key must be a str"):
            call()


@pytest.mark.parametrize("key", ["x" * 64, "a" * 61 + "€", "a\0b"])
def test_key_that_does_not_fit_is_refused(key):
    start()
    for call in (
        lambda: notice_write(key, 1),
        lambda: notice_update(key, increment),
        lambda: notice_delete(key),
        lambda: notice_seed(key, 1),
    ):
        with pytest.raises(ValueError):
            call()
    with pytest.raises(UnicodeEncodeError):
        notice_write("\udc80", 1)
    assert len(noticeboard()) == 0


def test_longest_keys_are_accepted():
    for key in ("x" * 63, "a" * 60 + "€", Key("sub")):
        notice_seed(key, 1)
        assert notice_read(key) == 1


def test_mutations_from_main_need_a_runtime():
    with pytest.raises(RuntimeError, match="cannot write to the noticeboard"):
        notice_write("key", 1)
    with pytest.raises(RuntimeError, match="cannot update the noticeboard"):
        notice_update("key", increment)
    with pytest.raises(RuntimeError, match="cannot delete from the noticeboard"):
        notice_delete("key")
    with pytest.raises(RuntimeError, match="no runtime"):
        notice_sync()
    with pytest.raises(RuntimeError, match="cannot write"):
        notice_write(1, 1)  # the runtime is looked at first


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


# -- notice_sync and notice_seed


def test_sync_waits_for_mutations_of_the_caller():
    start()
    assert notice_sync() is None
    for number in range(20):
        notice_update("key", increment, 0)
        if number % 5 == 0:
            assert notice_sync(timeout=None) is None
            assert notice_read("key") == number + 1


def test_sync_that_expires(gate):
    hold, let_go = gate
    assert notice_sync(-1) is None
    hold("key")
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        notice_sync(0.05)
    assert time.monotonic() - began >= 0.05
    for timeout in (0, -1):
        with pytest.raises(TimeoutError):
            notice_sync(timeout)
    let_go()
    assert notice_sync(30) is None


@pytest.mark.parametrize("timeout", [float("nan"), "1", []])
def test_sync_refuses_what_is_no_timeout(timeout):
    start()
    with pytest.raises((ValueError, TypeError), match="NaN|number"):
        notice_sync(timeout)


def test_seed_is_there_at_once():
    assert notice_seed("key", [1]) is None  # the first call of all may be a seed
    assert notice_read("key") == [1]
    assert in_behavior(lambda: notice_read("key")) == [1]
    notice_seed("key", 2)
    notice_seed("key", 3)
    assert notice_read("key") == 3


def test_seed_waits_for_an_update_of_the_key():
    notice_seed("key", 1)
    for number in range(20):
        notice_update("key", increment)
        notice_seed("key", number)
        assert notice_read("key") == number


def test_seed_is_for_main_only():
    start()

    @when()
    def body():
        notice_seed("key", 1)

    with pytest.raises(RuntimeError, match="primary interpreter"):
        body.result(30)


# -- cowns on the board


def drop_references(order):
    """Wait until no worker holds anything of what it did before."""
    for _ in range(3):

        @when(order)
        def nothing(order):
            pass

        nothing.result(30)
    gc.collect()


def put_ring(kind):
    cowns = [Cown(number) for number in range(8)]
    if kind == "slotted":
        value = SlottedToo()
        value.left, value.right = cowns[:4], {4: cowns[4:]}
    elif kind == "reduced":
        value = Reduced(cowns)
    else:
        value = cowns
    return notice_write("ring", value)


def ring():
    value = notice_read("ring")
    if isinstance(value, SlottedToo):
        return value.left + value.right[4]
    return value.cown if isinstance(value, Reduced) else value


@pytest.mark.parametrize("kind", ["list", "slotted", "reduced"])
def test_cowns_live_as_long_as_their_entry(kind):
    order = Cown(0)

    @when(order)
    def writes(order):
        put_ring(kind)

    for _ in range(3):

        @when(order)
        def reads(order):
            total = []
            for cown in ring():

                @when(cown)
                def add(cown):
                    cown.value += 10

                total.append(add)
            return len(total)

        assert reads.result(30) == 8
    quiesce()
    before = bocpy._core._native_live()
    notice_write("ring", None)
    drop_references(order)
    assert bocpy._core._native_live() <= before - 8


def test_reader_may_hold_a_cown_of_the_board():
    notice_seed("ring", [Cown(5)])

    def body():
        with notice_read("ring")[0] as value:
            return value

    assert in_behavior(body) == 5


def test_cown_of_a_snapshot_outlives_its_entry():
    notice_seed("ring", [Cown([1])])
    board = noticeboard()
    notice_delete("ring").result(30)
    gc.collect()
    (cown,) = board["ring"]
    assert cown.result(30) == [1]


def test_restart_makes_a_new_board_and_frees_cowns():
    notice_seed("cown", Cown([1]))
    wait(30)
    gc.collect()
    before = bocpy._core._native_live()
    notice_seed("cown", Cown([1]))
    assert in_behavior(lambda: sorted(noticeboard())) == ["cown"]
    wait(30)
    assert len(noticeboard()) == 0
    gc.collect()
    assert bocpy._core._native_live() == before


# -- wait and quiesce


def test_wait_returns_the_board():
    notice_seed("kept", {"a": [1, {"b": 2}]})
    notice_seed("gone", 1)

    @when()
    def body():
        notice_write("kept too", 1)
        notice_write("kept too", 2)
        notice_delete("gone")
        notice_update("updated", increment, 5)

    board = wait(30, noticeboard=True)
    assert type(board) is dict
    assert board == {"kept": {"a": [1, {"b": 2}]}, "kept too": 2, "updated": 6}
    board["more"] = 1
    assert len(noticeboard()) == 0


def test_wait_without_runtime_returns_an_empty_board():
    assert wait(noticeboard=True) == {}
    assert wait(stats=True, noticeboard=True) == WaitResult([], {})
    assert quiesce(noticeboard=True) == {}
    start()
    assert wait(30, noticeboard=True) == {}


def test_wait_returns_both():
    start(2)
    notice_write("key", 1)
    result = wait(30, stats=True, noticeboard=True)
    assert isinstance(result, WaitResult)
    assert len(result.stats) == 2
    assert result.noticeboard == {"key": 1}


def test_quiesce_returns_the_board_and_goes_on():
    start()

    @when()
    def body():
        notice_write("key", 1)
        notice_update("sum", increment, 0)

    assert quiesce(30, noticeboard=True) == {"key": 1, "sum": 1}
    notice_write("key", 2)
    result = quiesce(30, noticeboard=True, stats=True)
    assert result.noticeboard == {"key": 2, "sum": 1}
    assert len(result.stats) == bocpy.WORKER_COUNT
    assert notice_read("key") == 2


def test_stopped_behaviors_leave_the_board_for_wait():
    with Behaviors(2):
        notice_write("key", [1])
    assert len(noticeboard()) == 0
    assert wait(noticeboard=True) == {"key": [1]}
    assert wait(noticeboard=True) == {}
    with Behaviors(2):
        notice_write("key", [1])
    start()
    assert wait(30, noticeboard=True) == {}


def test_quiesce_waits_for_updates(gate):
    hold, let_go = gate
    hold("key")
    with pytest.raises(TimeoutError):
        quiesce(0.05)
    let_go()
    quiesce(30)
    assert notice_read("key") == 0


def test_wait_that_expires_during_an_update_may_be_repeated(gate):
    hold, let_go = gate
    running = hold("key")
    queued = notice_update("key", increment)
    behind = notice_write("key", 5)
    elsewhere = notice_update("other", increment)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="noticeboard thread did not shut down"):
            wait(0.05)
        with pytest.raises(RuntimeError, match="shutting down"):
            when(Cown(0))(lambda cown: None)
        with pytest.raises(RuntimeError, match="cannot write"):
            notice_write("key", 1)
    for result in (running, queued, behind, elsewhere):
        with pytest.raises(RuntimeError, match=r"stop\(\)"):
            result.result(30)
    let_go()
    wait(30)
    start(2)
    assert in_behavior(lambda: dict(noticeboard())) == {}


def test_w17_tags_of_users_do_not_stop_the_board():
    start()
    bocpy.set_tags([f"tag{number}" for number in range(16)])
    notice_update("key", increment, 1).result(30)
    send("tag3", "kept")
    notice_write("other", 3)
    assert wait(30, noticeboard=True) == {"key": 2, "other": 3}
    start()
    assert receive("tag3", 0) == ("tag3", "kept")
    bocpy.set_tags([])


# -- many threads, and the end


def test_threads_of_main_mutate_and_read():
    start()
    failed = []

    def run(number):
        try:
            for step in range(200):
                notice_write(f"key{number}", step)
                notice_update("sum", increment, 0)
                assert notice_read("sum", 0) >= 0
            notice_sync()
            assert notice_read(f"key{number}") == 199
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert notice_read("sum") == 1200


@pytest.mark.parametrize(
    "snapshots",
    [3_000, pytest.param(100_000, marks=[pytest.mark.long, pytest.mark.timeout(1800)])],
)
def test_every_snapshot_is_one_that_the_writer_published(snapshots):
    """Goal: no torn snapshot. Method: all keys have the same number, and the sum of it."""
    start()
    readers = [Cown(0) for _ in range(3)]
    keys = [f"key{number}" for number in range(7)]
    for key in keys:
        notice_write(key, 0)
    notice_write("state", (0, 0))

    @when()
    def write():
        for step in range(1, snapshots // 3 + 1):
            notice_write("before", step)
            notice_write("state", (step, step * 7 + 1))
            notice_write("after", step)

    def read(reader, left):
        @when(reader)
        def look(reader):
            board = noticeboard()
            step, checksum = board["state"]
            assert checksum == (step * 7 + 1 if step else 0)
            before, after = board.get("before", 0), board.get("after", 0)
            assert before >= step >= after >= before - 1
            assert step >= reader.value
            reader.value = step
            if left > 1:
                read(reader, left - 1)

    for reader in readers:
        read(reader, snapshots // 3)
    wait(raise_errors=True)


def test_fork_keeps_the_board_in_the_parent_and_clears_it_in_the_child(program):
    done = program("""
        import os
        from bocpy import *

        notice_seed("key", [1])
        notice_update("key", lambda value: value + [2])
        quiesce()
        if os.fork() == 0:
            assert dict(noticeboard()) == {}
            notice_seed("child", 1)
            notice_update("child", lambda value: value + 1).result(30)
            assert wait(noticeboard=True) == {"child": 2}
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.wait()[1]) == 7
        assert dict(noticeboard()) == {"key": [1, 2]}
        notice_write("more", 1)
        notice_update("key", len)
        assert wait(noticeboard=True) == {"key": 2, "more": 1}
        """)
    assert (done.returncode, done.stderr) == (0, "")


def test_forgotten_wait_runs_every_update(program):
    done = program("""
        from bocpy import *

        def fn(value):
            print("update", value, flush=True)
            return value + 1

        start()
        for _ in range(3):
            notice_update("key", fn, 1)
        """)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split("\n")[:3] == ["update 1", "update 2", "update 3"]


@pytest.mark.parametrize("call", ["time.sleep(60)", "[None for _ in iter(int, 1)]"])
def test_uncaught_exception_ends_an_update(program, call):
    done = program(
        f"""
        import time
        from bocpy import *

        start()
        notice_update("key", lambda value: (send("in", 1), {call}))
        notice_update("key", lambda value: print("never"))
        receive("in")
        raise SystemError("the end")
        """,
        limit=60,
    )
    assert done.returncode == 1
    assert "the end" in done.stderr
    assert "never" not in done.stdout


@pytest.mark.parametrize("waiting", ["notice_sync(None)", "notice_seed('key', 1)", "quiesce()"])
def test_ctrl_c_interrupts_waiting(waiting):
    source = f"""
import time
from bocpy import *
start()
notice_update("key", lambda value: (send("in", 1), receive("out")) and 5)
receive("in")
try:
    print("ready", flush=True)
    {waiting}
except KeyboardInterrupt:
    print("interrupted", flush=True)
send("out", 1)
quiesce()
print(notice_read("key"))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", source], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (0, "")
    interrupted, value = out.split()
    assert interrupted == "interrupted"
    assert value == "5" or ("seed" in waiting and value == "1")


# -- objects that move


def test_matrix_on_the_board_is_read_by_all():
    matrix = bocpy.Matrix(2, 2, [1, 2, 3, 4])
    assert notice_seed("alone", matrix) is None
    assert notice_write("inside", [bocpy.Matrix(1, 2, [5, 6])]).result(30) is None
    for _ in range(4):
        found = in_behavior(lambda: (notice_read("alone").sum(), notice_read("inside")[0].sum()))
        assert found == (10, 11)
    notice_update("alone", lambda found: found * 2).result(30)
    assert notice_read("alone").sum() == 20


def test_refused_matrix_stays_with_its_owner():
    start()
    for number in range(64):
        notice_write(f"key{number}", number)
    matrix = bocpy.Matrix(2, 2, [1, 2, 3, 4])
    with pytest.raises(RuntimeError):
        notice_write("more", matrix).result(30)
    with pytest.raises(RuntimeError):
        notice_seed("more", [matrix])
    with pytest.raises(ValueError):
        notice_write("x" * 64, matrix)
    assert matrix.sum() == 10
