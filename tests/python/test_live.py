"""Values that stay objects between two behaviors of one worker."""

import random
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bocpy import Cown, _core, drain, hold, receive, send, start, wait, when

type Program = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="free-threaded builds keep nothing"
)
MODES = ("live", "encode", "eager")


@pytest.fixture(autouse=True)
def _mode_as_before() -> Iterator[None]:
    before = _core._transfer_mode()
    yield
    wait(30)
    _core._set_transfer(before)


def begin(mode: Any, workers: int = 1) -> None:
    """Start *workers* workers that transfer in *mode*."""
    start(worker_count=workers)  # looks at the environment when it is the first
    _core._set_transfer(mode)


class Counts:
    """How the counters change; every value that stayed live went somewhere."""

    def __init__(self) -> None:
        self.before = _core._live_values()

    def ended(self) -> dict[str, int]:
        after = _core._live_values()
        counts = {name: after[name] - self.before[name] for name in after}
        gone = sum(counts[name] for name in ("taken", "encoded", "exported", "dropped"))
        # What was exported or encoded is no live value any more; all others are counted once.
        assert counts["kept"] == gone, counts
        return counts


# -- chains --------------------------------------------------------------------------------------


def advance(cown: Cown[Any], left: int) -> None:
    @when(cown)
    def step(c):
        c.value[0] += 1
        c.value[1].add(_core.worker_index())
        if left > 1:
            advance(c, left - 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_chain_of_lists_stays_live_on_one_worker(workers: int) -> None:
    begin("live", workers)
    counts = Counts()
    cown = Cown([0, set(), *range(100)])
    advance(cown, 1000)
    wait(60)
    made = counts.ended()
    assert made["kept"] >= 980  # now and then others have their turn
    assert made["taken"] == made["kept"]
    assert made["exported"] == 0
    assert cown.value[0] == 1000
    assert len(cown.value[1]) == 1, "the chain went from worker to worker"


def test_encode_keeps_nothing_live() -> None:
    begin("encode")
    counts = Counts()
    cown = Cown([0, set()])
    advance(cown, 50)
    wait(60)
    assert not any(counts.ended().values())
    assert cown.value[0] == 50


def test_queued_behaviors_pass_the_object_on() -> None:
    begin("live")
    counts = Counts()
    cown = Cown({"count": 0})
    with cown:
        for _ in range(50):

            @when(cown)
            def add(c):
                c.value["count"] += 1

    wait(60)
    assert counts.ended()["kept"] == 49
    assert cown.value == {"count": 50}


def test_two_cowns_of_one_chain_both_stay() -> None:
    begin("live")
    counts = Counts()
    one, other = Cown([0]), Cown([0])
    with hold(one, other):
        for _ in range(20):

            @when(one, other)
            def swap(a, b):
                a.value[0] += 1
                a.value, b.value = b.value, a.value

    wait(60)
    assert counts.ended()["kept"] == 38
    assert one.value == other.value == [10]


# -- who may not get an object ---------------------------------------------------------------------


def test_last_behavior_leaves_a_value_that_main_can_read() -> None:
    begin("live")
    counts = Counts()
    cown = Cown([1])

    @when(cown)
    def only(c):
        c.value.append(2)

    with cown as value:
        assert value == [1, 2]
    assert counts.ended()["kept"] == 0


def test_main_and_results_read_while_behaviors_are_queued() -> None:
    begin("live", 2)
    cown = Cown([0])
    for i in range(1, 31):

        @when(cown)
        def add(c):
            c.value[0] += 1
            return c.value

        if i % 3 == 0:
            with cown as value:
                assert value[0] == i
                value.append(i)
        if i % 5 == 0:
            assert add.result(60)[0] == i
    wait(60)
    assert cown.value == [30, *range(3, 31, 3)]


def test_object_that_somebody_else_has_is_copied() -> None:
    begin("live")
    cown = Cown([[0]])
    with cown:

        @when(cown)
        def keep(c):
            sys.kept_by_tests = c.value[0]  # type: ignore[attr-defined]

        @when(cown)
        def change_what_was_kept(c):
            sys.kept_by_tests.append("changed")  # type: ignore[attr-defined]
            return c.value

    assert change_what_was_kept.result(60) == [[0]]
    wait(60)
    assert cown.value == [[0]]


def test_two_cowns_with_one_object_get_two() -> None:
    begin("live")
    one, other = Cown([0]), Cown([0])
    with hold(one, other):

        @when(one, other)
        def share(a, b):
            a.value = b.value

        @when(one, other)
        def change_one(a, b):
            a.value.append(1)
            return b.value

    assert change_one.result(60) == [0]
    wait(60)
    assert (one.value, other.value) == ([0, 1], [0])


def test_result_is_a_copy_of_what_stays() -> None:
    begin("live")
    cown = Cown([0])
    with cown:

        @when(cown)
        def give(c):
            return c.value

        @when(cown)
        def change(c):
            c.value.append(1)

    wait(60)
    assert (give.value, cown.value) == ([0], [0, 1])


def test_capture_that_went_into_a_cown_stays_live() -> None:
    begin("live")
    counts = Counts()
    cown: Cown[list[object]] = Cown([])
    captured = ["captured"]
    with cown:
        for _ in range(3):

            @when(cown)
            def store(c):
                c.value.append(captured)

    wait(60)
    assert counts.ended()["kept"] == 2
    assert cown.value == [["captured"]] * 3
    assert cown.value[0] is not cown.value[1]


# -- what becomes of a live value ------------------------------------------------------------------


def test_value_that_nobody_reads_is_passed_on_and_encoded_at_the_end() -> None:
    begin("live")
    counts = Counts()
    cown = Cown([0])
    with cown:

        @when(cown)
        def touch(c):
            c.value.append(1)

        for _ in range(3):

            @when(cown)
            def look_away(c):
                pass

    wait(60)
    made = counts.ended()
    assert (made["kept"], made["passed"], made["encoded"]) == (1, 2, 1)
    assert cown.value == [0, 1]


def test_value_that_is_replaced_unread_is_dropped() -> None:
    begin("live")
    counts = Counts()
    cown: Cown[Any] = Cown([0])
    with cown:

        @when(cown)
        def touch(c):
            c.value.append(1)

        @when(cown)
        def replace(c):
            c.value = "new"

    wait(60)
    made = counts.ended()
    assert (made["kept"], made["dropped"]) == (1, 1)
    assert cown.value == "new"


def test_exception_keeps_what_was_changed_before() -> None:
    begin("live")
    cown = Cown([0])
    with cown:

        @when(cown)
        def fail(c):
            c.value.append(1)
            raise ZeroDivisionError("on purpose")

        @when(cown)
        def add(c):
            c.value.append(2)

    with pytest.raises(ZeroDivisionError, match="on purpose"):
        fail.result(60)
    wait(60)
    assert cown.value == [0, 1, 2]


def test_exception_as_a_value_is_no_live_value() -> None:
    begin("live")
    counts = Counts()
    cown: Cown[Any] = Cown([0])
    with cown:

        @when(cown)
        def fail(c):
            c.value = ValueError("of the cown")
            c.exception = True

        @when(cown)
        def look(c):
            return c.exception, type(c.value).__name__

    assert look.result(60) == (True, "ValueError")
    assert counts.ended()["kept"] == 0


def test_long_chain_inside_a_dropped_value_needs_no_stack() -> None:
    begin("live")
    counts = Counts()
    cown: Cown[Any] = Cown(None)
    with cown:

        @when(cown)
        def build(c):
            inner = None
            for _ in range(200_000):
                inner = Cown([inner])
            c.value = [inner]

        @when(cown)
        def forget(c):
            c.value = None

    wait(120)
    assert counts.ended()["dropped"] == 1


@pytest.mark.parametrize("mode", MODES)
def test_stop_beside_a_live_value_leaves_it_readable(
    program: Program, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("BOCPY_TRANSFER", mode)
    done = program(
        f"""
        from bocpy import Cown, _core, receive, send, wait, when

        def go_on(cown):
            @when(cown)
            def again(c):
                c.value[0] += 1
                if c.value[0] == 100:
                    send("a while", None)
                go_on(c)

        if __name__ == "__main__":
            cown = Cown([0])
            go_on(cown)
            receive("a while")
            _core._drop(None)
            wait()
            counts = _core._live_values()
            assert (counts["kept"] > 0) == ({mode!r} != "encode"), counts
            assert counts["kept"] == sum(counts.values()) - counts["kept"] - counts["passed"]
            assert cown.value[0] >= 100
            print("readable")
        """
    )
    assert (done.returncode, done.stdout) == (0, "readable\n"), done.stderr


@pytest.mark.parametrize("end", ["pass", "raise SystemExit(0)", "os._exit(0)"])
def test_program_ends_beside_live_values(program: Program, end: str) -> None:
    done = program(
        f"""
        import os
        from bocpy import Cown, when

        def advance(cown, left):
            @when(cown)
            def step(c):
                c.value[0] += 1
                if left > 1:
                    advance(c, left - 1)

        if __name__ == "__main__":
            for _ in range(3):
                advance(Cown([0]), 5000)
            {end}
        """
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_fork_after_live_values(program: Program) -> None:
    done = program(
        """
        import os
        from bocpy import Cown, quiesce, wait, when

        def advance(cown, left):
            @when(cown)
            def step(c):
                c.value[0] += 1
                if left > 1:
                    advance(c, left - 1)

        if __name__ == "__main__":
            cown = Cown([0])
            advance(cown, 200)
            quiesce()
            child = os.fork()
            advance(cown, 200)
            wait()
            assert cown.value == [400]
            if child == 0:
                os._exit(7)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        """
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("mode", ["live", "encode"])
def test_environment_chooses_the_mode(
    program: Program, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("BOCPY_TRANSFER", mode)
    done = program("from bocpy import _core, start; start(); print(_core._transfer_mode())")
    assert (done.stdout, done.stderr) == (f"{mode}\n", "")


def test_unknown_mode_is_refused(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOCPY_TRANSFER", "teleport")
    done = program("import bocpy")
    assert done.returncode == 1
    assert "BOCPY_TRANSFER: expected 'live' or 'encode', not 'teleport'" in done.stderr


# -- elsewhere -------------------------------------------------------------------------------------


BUSY = {
    "in Python": lambda: sorted(str(i) for i in range(50)),
    "in C": lambda: sum(range(1_000_000)),
}


@pytest.mark.parametrize("how", BUSY)
def test_value_of_a_busy_worker_is_fetched(how: str) -> None:
    """The successor runs on the other worker, which waits for another cown of it; meanwhile the
    value's own worker is in a body that ends only when the successor has run."""
    begin("eager", 2)
    for tag in ("other began", "let other end", "busy", "fetched"):
        drain(tag)
    counts = Counts()
    cown, gate, third = Cown([0]), Cown(0), Cown(0)
    with hold(cown, gate, third):

        @when(gate)
        def other(g):
            send("other began", None)
            receive("let other end")

        @when(cown)
        def first(c):
            receive("other began")  # so that they are on different workers
            c.value.append(1)

        @when(cown, gate)
        def second(c, g):
            c.value.append(2)
            send("fetched", None)
            return c.value

        @when(cown, third)
        def never_first(c, t):
            pass

        @when(first)
        def busy(f):
            send("busy", None)
            work = BUSY[how]
            while receive("fetched", 0)[0] != "fetched":
                work()

    receive("busy")
    send("let other end", None)
    assert second.result(120) == [0, 1, 2]
    wait(60)
    assert counts.ended()["exported"] >= 1
    assert cown.value == [0, 1, 2]


@pytest.mark.parametrize("mode", MODES)
def test_values_cross_between_workers_and_stay_whole(mode: str) -> None:
    begin(mode, 2)
    cowns = [Cown({"count": 0, "log": []}) for _ in range(4)]
    rng = random.Random(5)
    expected = [0, 0, 0, 0]
    for _ in range(1500):
        some = rng.sample(range(4), rng.randrange(1, 4))

        @when([cowns[i] for i in some])
        def add(group):
            for c in group:
                c.value["count"] += 1
                if len(c.value["log"]) > 5:
                    c.value["log"].clear()
                c.value["log"].append([c.value["count"]])

        for i in some:
            expected[i] += 1
    wait(120)
    assert [c.value["count"] for c in cowns] == expected
    assert [c.value["log"][-1] for c in cowns] == [[count] for count in expected]
