"""The counters of the workers."""

from bocpy import Cown, scheduler_stats, start, wait, when


def add_one(c: Cown[int]) -> None:
    c.value += 1


KEYS = {
    "worker_index",
    "pushed_local",
    "dispatched_to_pending",
    "pushed_remote",
    "popped_local",
    "popped_via_steal",
    "enqueue_cas_retries",
    "dequeue_cas_retries",
    "batch_resets",
    "steal_attempts",
    "steal_failures",
    "parked",
    "last_steal_attempt_ns",
    "fairness_arm_fires",
}


def test_stats_have_exactly_the_listed_keys(runtime) -> None:
    assert scheduler_stats() == []
    start(2)
    stats = scheduler_stats()
    assert [s["worker_index"] for s in stats] == [0, 1]
    assert all(set(s) == KEYS for s in stats)
    assert all(type(v) is int for s in stats for v in s.values())
    assert [set(s) for s in wait(stats=True)] == [KEYS, KEYS]
    assert scheduler_stats() == []


def test_work_from_main_is_pushed_remotely(runtime) -> None:
    start(4)
    for _ in range(16):
        when(Cown(0))(add_one)
    stats = wait(stats=True)
    assert sum(s["pushed_remote"] for s in stats) >= 16
    assert sum(s["dispatched_to_pending"] for s in stats) == 0


def test_nested_dispatch_to_free_cowns_is_pending(runtime) -> None:
    start(2)
    for _ in range(32):

        @when()
        def parent():
            @when(Cown(0))
            def child(c):
                c.value += 1

    stats = wait(stats=True)
    assert sum(s["dispatched_to_pending"] for s in stats) >= 32


def test_fan_out_from_one_worker_is_stolen(runtime) -> None:
    start(4)

    @when()
    def parent():
        for _ in range(300):

            @when(Cown(0))
            def child(c):
                for _ in range(1000):
                    c.value += 1

    stats = wait(stats=True)
    assert sum(s["steal_attempts"] for s in stats) > 0
    assert any(s["last_steal_attempt_ns"] for s in stats)


def test_stats_start_again_with_each_runtime(runtime) -> None:
    for _ in range(2):
        start(1)
        for _ in range(5):
            when(Cown(0))(add_one)
        assert sum(s["pushed_remote"] for s in wait(stats=True)) == 5
