"""Start, wait, quiesce, stop and restart, from one thread and from many."""

import gc
import threading
import time
from pathlib import Path

import pytest

import bocpy
from bocpy import Behaviors, Cown, quiesce, scheduler_stats, start, wait, when

LIMIT = 60


def add_one(c: Cown[int]) -> None:
    c.value += 1


# -- start ---------------------------------------------------------------------------


def test_start_again_with_equal_or_no_arguments_does_nothing(runtime) -> None:
    start(2)
    start()
    start(2)
    start(worker_count=2)
    assert len(scheduler_stats()) == 2


def test_start_again_with_another_count_raises(runtime) -> None:
    start(2)
    with pytest.raises(RuntimeError):
        start(3)


@pytest.mark.parametrize(
    ("count", "error"),
    [(0, RuntimeError), (-1, ValueError), (1.5, TypeError), ("2", TypeError)],
)
def test_start_with_a_bad_count_raises(count: object, error: type, runtime) -> None:
    with pytest.raises(error):
        start(count)
    assert scheduler_stats() == []


def test_true_counts_as_one_worker(runtime) -> None:
    start(True)
    assert len(scheduler_stats()) == 1


def test_start_checks_the_module(runtime) -> None:
    with pytest.raises(ValueError, match="dotted Python module path"):
        start(module=("not a module", None))
    with pytest.raises(FileNotFoundError):
        start(module=("some.module", "/nowhere/to/be/found.py"))
    assert scheduler_stats() == []


def test_start_inside_a_behavior_raises(runtime) -> None:
    @when()
    def body():
        from bocpy import start

        try:
            start()
        except RuntimeError:
            return "refused"
        return "started"

    assert body.result(LIMIT) == "refused"


def mark_worker() -> bool:
    """In a worker: say whether this interpreter was here before."""
    import string  # of the standard library: stays when a worker is renewed

    was_here = hasattr(string, "mark_of_this_test")
    string.mark_of_this_test = True
    return was_here


def test_fresh_start_takes_new_interpreters(runtime) -> None:
    seen = []
    for fresh in (True, False, True):
        start(1, fresh=fresh)
        result = when()(mark_worker)
        wait()
        seen.append(result.value)
    assert seen == [False, True, False]


def test_fresh_start_keeps_cowns_and_may_change_the_count(runtime) -> None:
    cown = Cown([1])
    for count in (2, 1, 3):
        start(count, fresh=True)

        @when(cown)
        def body(c):
            c.value.append(len(c.value))

        assert len(wait(stats=True)) == count
    assert cown.value == [1, 1, 2, 3]


def test_fresh_start_of_a_running_runtime_raises(runtime) -> None:
    start(2)
    with pytest.raises(RuntimeError, match="fresh"):
        start(2, fresh=True)
    with pytest.raises(RuntimeError, match="fresh"):
        start(fresh=True)
    start(2, fresh=False)
    assert len(scheduler_stats()) == 2


def count_calls() -> int:
    """In a worker: count in a module of the user's."""
    import counted_by_this_test  # type: ignore[import-not-found]

    counted_by_this_test.calls += 1
    return counted_by_this_test.calls  # type: ignore[no-any-return]


def test_worker_is_renewed_before_the_first_behavior_and_not_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime
) -> None:
    """Also one that had no time to sleep between two runs."""
    (tmp_path / "counted_by_this_test.py").write_text("calls = 0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    seen = set()
    for _ in range(300):
        start(1)
        results = [when()(count_calls) for _ in range(3)]
        wait()
        seen.add(tuple(result.value for result in results))
    assert seen == {(1, 2, 3)}


# -- wait and quiesce ---------------------------------------------------------------------


def test_wait_without_runtime_returns_at_once() -> None:
    assert wait() is None
    assert wait() is None
    assert wait(1) is None
    assert wait(stats=True) == []
    assert quiesce() is None


def test_restart_runs_both_workloads(runtime) -> None:
    cown = Cown(0)
    for expected in (50, 100):
        start()
        for _ in range(50):
            when(cown)(add_one)
        wait()
        assert scheduler_stats() == []
        assert cown.value == expected


def test_restart_with_other_worker_counts(runtime) -> None:
    cown = Cown(0)
    for count in (1, 3, 2, 1, 4):
        start(count)
        for _ in range(10):
            when(cown)(add_one)
        assert len(wait(stats=True)) == count
    assert cown.value == 50


def test_many_restarts_are_quick(runtime) -> None:
    for _ in range(50):
        start(1)
        wait()


def test_quiesce_keeps_the_runtime_up(runtime) -> None:
    cown = Cown(0)
    when(cown)(add_one)
    quiesce()
    assert len(quiesce(stats=True)) == len(scheduler_stats()) > 0
    when(cown)(add_one)
    wait()
    assert cown.value == 2


@pytest.mark.parametrize("call", ["wait", "quiesce"])
def test_w14_waiting_inside_a_behavior_raises(call: str, runtime) -> None:
    @when()
    def body():
        import bocpy

        try:
            getattr(bocpy, call)()
        except RuntimeError as error:
            return str(error)
        return "waited"

    assert "behavior" in body.result(LIMIT)


def hold_in_thread(cown: Cown[int]) -> tuple[threading.Event, threading.Thread]:
    """Hold *cown* until the event is set."""
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with cown:
            held.set()
            release.wait(LIMIT)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(LIMIT)
    return release, thread


def test_quiesce_times_out_and_can_be_repeated(runtime) -> None:
    gate = Cown(0)
    start()
    release, thread = hold_in_thread(gate)
    when(gate)(add_one)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        quiesce(0.2)
    assert time.monotonic() - began >= 0.2
    with pytest.raises(TimeoutError):
        quiesce(0)
    release.set()
    thread.join()
    quiesce(LIMIT)


@pytest.mark.parametrize("call", [wait, quiesce])
def test_timeouts_are_checked_before_anything_happens(call, runtime) -> None:
    start()
    with pytest.raises(ValueError):
        call(float("nan"))
    with pytest.raises(TypeError):
        call("soon")
    assert scheduler_stats() != []
    call(float("inf"))
    start()
    call(1e300)
    start()
    call(-1)


def test_w11_wait_that_expires_lets_running_bodies_end_and_drops_the_rest(runtime, caplog) -> None:
    cown, gate = Cown(0), Cown(0)

    @when(cown, gate)
    def slow(c, g):
        import time

        c.value = "running"
        time.sleep(0.5)
        c.value = "ended"

    @when(cown)
    def dropped(c):
        c.value = "must not run"

    @when(dropped)
    def successor(d):
        return "must not run"

    time.sleep(0.2)
    wait(0.05)
    assert cown.value == "ended"
    assert slow.value is None
    for result in (dropped, successor):
        assert result.exception is True
        assert isinstance(result.value, RuntimeError)
        assert "stop()" in str(result.value)
    when(gate)(add_one)
    wait()
    assert gate.value == 1


def test_scheduling_after_a_failed_decoration_can_be_waited_for(runtime) -> None:
    for _ in range(5):
        with pytest.raises(TypeError):
            when(Cown(1))(lambda: None)
    wait(LIMIT)


def test_behaviors_is_a_handle_of_the_one_runtime(runtime) -> None:
    cown = Cown(0)
    with Behaviors(2):
        assert len(scheduler_stats()) == 2
        when(cown)(add_one)
    assert scheduler_stats() == []
    assert cown.value == 1
    runtime_handle = Behaviors(1)
    runtime_handle.start()
    when(cown)(add_one)
    runtime_handle.stop()
    assert cown.value == 2


# -- threads ---------------------------------------------------------------------------------


def run_all(count: int, function) -> None:
    errors: list[BaseException] = []

    def guarded() -> None:
        try:
            function()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert not any(thread.is_alive() for thread in threads)
    assert errors == []


def test_w7_second_thread_may_do_everything(runtime) -> None:
    seen = []

    def everything() -> None:
        cown = Cown([1])
        cown.value.append(2)

        @when(cown)
        def body(c):
            c.value.append(3)
            return len(c.value)

        seen.append(body.result(LIMIT))
        with cown as value:
            seen.append(value)
        wait()
        seen.append(cown.value)

    run_all(1, everything)
    assert seen == [3, [1, 2, 3], [1, 2, 3]]


def test_w7_threads_race_the_first_when(runtime) -> None:
    for _ in range(10):
        cown = Cown(0)
        barrier = threading.Barrier(4)

        def race(cown=cown, barrier=barrier) -> None:
            barrier.wait(LIMIT)
            when(cown)(add_one)

        run_all(4, race)
        wait()
        assert cown.value == 4


def test_threads_race_wait(runtime) -> None:
    for _ in range(10):
        cown = Cown(0)
        for _ in range(20):
            when(cown)(add_one)
        run_all(4, wait)
        assert cown.value == 20


def test_wait_that_expires_ends_one_without_limit(runtime) -> None:
    gate = Cown(0)
    start()
    release, holder = hold_in_thread(gate)
    when(gate)(add_one)
    patient = threading.Thread(target=wait)
    patient.start()
    time.sleep(0.1)
    ender = threading.Thread(target=wait, args=(0.1,))
    ender.start()
    time.sleep(0.3)
    release.set()
    for thread in (holder, ender, patient):
        thread.join(LIMIT)
        assert not thread.is_alive()
    assert scheduler_stats() == []
    assert gate.value == 0


def test_threads_race_start_when_wait_and_quiesce(runtime) -> None:
    cown = Cown(0)
    scheduled = []

    def churn() -> None:
        for _ in range(20):
            start()
            try:
                when(cown)(add_one)
                scheduled.append(1)
            except RuntimeError as error:
                assert "shutting down" in str(error)
            quiesce()
            wait()

    run_all(4, churn)
    wait()
    assert cown.value == len(scheduled)


def test_threads_schedule_on_shared_cowns(runtime) -> None:
    cowns = [Cown(0) for _ in range(4)]

    def schedule() -> None:
        for i in range(100):
            when(cowns[i % 4])(add_one)

    run_all(8, schedule)
    wait()
    assert [c.value for c in cowns] == [200] * 4


def test_thread_of_a_body_may_schedule(runtime) -> None:
    cown = Cown(0)

    @when(cown)
    def body(c):
        import threading

        def schedule():
            @when(c)
            def later(c):
                c.value += 1

        thread = threading.Thread(target=schedule)
        thread.start()
        thread.join()
        c.value += 10

    wait()
    assert cown.value == 11


def test_cown_acquired_and_forgotten_in_a_body_is_given_back(runtime) -> None:
    start(1)
    nested = Cown([Cown(5)])
    inner = nested.value[0] if nested.acquired else None
    assert inner is None

    @when(nested)
    def forget(n):
        handle = n.value[0]
        handle.acquire()
        handle.value = 6

    @when(nested)
    def read(n):
        with n.value[0] as value:
            return value

    assert read.result(LIMIT) == 6


# -- memory -----------------------------------------------------------------------------------


def test_restarts_keep_no_cowns_alive(runtime) -> None:
    live = bocpy._core._native_live

    def round_trip() -> None:
        cowns = [Cown([i]) for i in range(20)]

        @when(cowns)
        def body(g):
            for c in g:
                c.value.append(1)

        wait()
        assert all(len(c.value) == 2 for c in cowns)

    round_trip()
    gc.collect()
    before = live()
    for _ in range(5):
        round_trip()
    gc.collect()
    assert live() <= before
