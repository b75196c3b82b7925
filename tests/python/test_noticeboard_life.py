"""The noticeboard from seed to end: waiting for it, threads, forks, signals."""

import signal
import subprocess
import sys
import threading
import time

import pytest

import bocpy
from bocpy import (
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


def increment(value):
    return value + 1


def in_behavior(function):
    """Call *function* in a behavior and return its result."""

    @when()
    def body():
        return function()

    return body.result(30)


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
