"""Scheduling: results, order, exclusion, nesting."""

import threading

import pytest

from bocpy import Cown, start, wait, when

LIMIT = 60


def add_one(c: Cown[int]) -> None:
    c.value += 1


def test_decorated_name_is_a_new_cown(runtime) -> None:
    @when()
    def body() -> int:
        return 5

    assert isinstance(body, Cown)
    assert body.result(LIMIT) == 5
    assert body.done()


def test_no_return_gives_none(runtime) -> None:
    @when()
    def body() -> None:
        pass

    assert body.result(LIMIT) is None


def test_mixed_arguments_become_one_parameter_each(runtime) -> None:
    a, b, parts = Cown(1), Cown(2), [Cown(3), Cown(4)]

    @when(a, b, parts)
    def total(a, b, parts):
        a.value += 1
        return a.value + b.value + sum(p.value for p in parts)

    @when(total)
    def report(t):
        return ("failed", repr(t.value)) if t.exception else ("ok", t.value)

    assert report.result(LIMIT) == ("ok", 11)


def test_w34_parameters_are_cowns(runtime) -> None:
    cown, group = Cown([1]), (Cown(2), Cown(3))

    @when(cown, group)
    def look(c, g):
        with c as value:
            inside = c.acquired is True and value == [1]
        return (
            isinstance(c, Cown),
            type(g) is list and all(isinstance(i, Cown) for i in g),
            inside and c.acquired,
        )

    assert look.result(LIMIT) == (True, True, True)


def test_returned_cown_comes_back_as_cown(runtime) -> None:
    cown = Cown(5)

    @when(cown)
    def give(c):
        return c

    wait()
    assert isinstance(give.value, Cown)
    assert give.value == cown
    assert give.value.value == 5


# -- order and exclusion


@pytest.mark.parametrize(("behaviors", "count"), [(1000, 32), (200, 4), (500, 1)])
def test_round_robin_gives_each_cown_its_share(behaviors: int, count: int, runtime) -> None:
    cowns = [Cown(0) for _ in range(count)]
    for i in range(behaviors):
        when(cowns[i % count])(add_one)
    wait()
    shares = [behaviors // count + (i < behaviors % count) for i in range(count)]
    assert [c.value for c in cowns] == shares


@pytest.mark.parametrize(("behaviors", "count"), [(500, 8), (1000, 16)])
def test_adjacent_pairs_do_not_deadlock(behaviors: int, count: int, runtime) -> None:
    cowns = [Cown(0) for _ in range(count)]
    for i in range(behaviors):

        @when(cowns[i % count], cowns[(i + 1) % count])
        def add(a, b):
            a.value += 1
            b.value += 1

    wait()
    assert sum(c.value for c in cowns) == 2 * behaviors


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_ring_of_pairs_is_exact_for_any_worker_count(workers: int, runtime) -> None:
    start(workers)
    cowns = [Cown(0) for _ in range(64)]
    for i in range(2000):

        @when(cowns[i % 64], cowns[(i + 1) % 64])
        def add(a, b):
            a.value += 1
            b.value += 1

    stats = wait(stats=True)
    assert sum(c.value for c in cowns) == 4000
    assert len(stats) == workers
    assert sum(s["popped_local"] + s["popped_via_steal"] for s in stats) >= 2000


def test_behaviors_on_one_cown_run_in_order(runtime) -> None:
    cown = Cown([])
    for i in range(300):

        @when(cown)
        def append(c):
            c.value.append(i)

    wait()
    assert cown.value == list(range(300))


def test_transfer_is_seen_whole(runtime) -> None:
    a, b = Cown(100), Cown(0)

    @when(a, b)
    def before(a, b):
        return a.value, b.value

    @when(a, b)
    def transfer(a, b):
        a.value -= 50
        b.value += 50

    @when(a, b)
    def after(a, b):
        return a.value, b.value

    assert before.result(LIMIT) == (100, 0)
    assert after.result(LIMIT) == (50, 50)


def test_chain_through_result_cowns(runtime) -> None:
    cown = Cown(2)

    @when(cown)
    def one(c):
        return c.value + 3

    @when(one)
    def two(c):
        return c.value * 4

    @when(two)
    def three(c):
        return c.value - 7

    assert three.result(LIMIT) == 13


def test_work_spreads_over_workers(runtime) -> None:
    start(2)
    cowns = [Cown(0) for _ in range(2)]
    results = []
    for cown in cowns:

        @when(cown)
        def spin(c):
            import time

            end = time.monotonic() + 0.2
            while time.monotonic() < end:
                pass
            return threading.get_ident()

        results.append(spin)
    assert len({r.result(LIMIT) for r in results}) == 2


# -- nesting


def test_nested_behavior_on_the_parents_cown_runs_after_it(runtime) -> None:
    cown = Cown(1)

    @when(cown)
    def double(c):
        @when(c)
        def triple(c):
            c.value *= 3

        c.value *= 2

    wait()
    assert cown.value == 6


def test_wait_includes_behaviors_scheduled_by_behaviors(runtime) -> None:
    cown = Cown(0)

    @when(cown)
    def first(c):
        c.value += 1

        @when(c)
        def second(c):
            c.value += 1

            @when(c)
            def third(c):
                c.value += 1

    wait()
    assert cown.value == 3


def test_handle_read_from_a_result_can_be_scheduled_on(runtime) -> None:
    @when()
    def make():
        return Cown(20)

    @when(make)
    def use(m):
        @when(m.value)
        def read(c):
            return c.value + 1

        return read

    wait()
    assert use.value.value == 21


def fibonacci(n: int) -> int:
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def parallel_fibonacci(n: int) -> Cown[int]:
    if n < 4:
        number = fibonacci(n)

        @when()
        def leaf():
            return number

        return leaf

    left, right = parallel_fibonacci(n - 1), parallel_fibonacci(n - 2)

    @when(left, right)
    def add(a, b):
        return a.value + b.value

    return add


@pytest.mark.parametrize("n", [1, 10, 15])
def test_fibonacci_built_from_behaviors(n: int, runtime) -> None:
    result = parallel_fibonacci(n)
    assert result.result(LIMIT) == fibonacci(n)


def nested_fibonacci(out: Cown[int], n: int) -> None:
    @when(out)
    def step(o, n=n):
        if n < 2:
            o.value += n
            return
        nested_fibonacci(o, n - 1)
        nested_fibonacci(o, n - 2)


def test_recursion_through_nested_behaviors(runtime) -> None:
    out = Cown(0)
    nested_fibonacci(out, 10)
    wait()
    assert out.value == fibonacci(10)


def test_philosophers_use_each_fork_eight_times(runtime) -> None:
    count, hunger = 5, 4
    forks = [Cown(0) for _ in range(count)]

    def eat(left, right, hunger):
        @when(left, right)
        def bite(a, b):
            a.value += 1
            b.value += 1
            if hunger > 1:
                eat(a, b, hunger - 1)

    for i in range(count):
        eat(forks[i], forks[(i + 1) % count], hunger)
    wait()
    assert [f.value for f in forks] == [2 * hunger] * count
