"""Scheduling: order, exclusion, arguments, groups, duplicates, nesting."""

import threading

import pytest

from bocpy import Cown, scheduler_stats, start, wait, when, whencall

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


# -- order and exclusion -----------------------------------------------------------------


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


# -- nesting --------------------------------------------------------------------------------


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


# -- duplicates and groups ----------------------------------------------------------------------


def test_duplicate_arguments_are_claimed_once(runtime) -> None:
    a, b, c = Cown(5), Cown(30), Cown(3)

    @when(a, a)
    def two(x, y):
        return x.value + y.value

    @when(c, c, c)
    def three(x, y, z):
        return x.value + y.value + z.value

    @when(a, b, a)
    def around(x, y, z):
        return x.value + y.value + z.value

    @when([a, a])
    def group(g):
        return sum(x.value for x in g) + 4

    assert [r.result(LIMIT) for r in (two, three, around, group)] == [10, 9, 40, 14]


def test_duplicate_arguments_share_one_value(runtime) -> None:
    cown = Cown([0])

    @when(cown, [cown])
    def body(x, g):
        same = x.value is g[0].value
        x.value = 42
        return same, g[0].value

    assert body.result(LIMIT) == (True, 42)


def test_hundred_duplicates_increment_hundred_times(runtime) -> None:
    cown = Cown(0)
    for _ in range(100):

        @when(cown, cown)
        def add(x, y):
            x.value += 1

    wait()
    assert cown.value == 100


def variants(c):
    return [
        (c,),
        (c[:9], c[9]),
        (c[0], c[1:]),
        (c[:4], c[4], c[5:]),
        (c[0], c[1:9], c[9]),
        (tuple(c),),
    ]


@pytest.mark.parametrize("index", range(6))
def test_groups_in_any_position(index: int, runtime) -> None:
    @when(*variants([Cown(i) for i in range(10)])[index])
    def total(*arguments):
        return sum(sum(x.value for x in a) if isinstance(a, list) else a.value for a in arguments)

    assert total.result(LIMIT) == 45


def test_mutations_through_a_group_persist(runtime) -> None:
    cowns = [Cown(i) for i in range(4)]

    @when(cowns)
    def change(g):
        for c in g:
            c.value *= 10

    wait()
    assert [c.value for c in cowns] == [0, 10, 20, 30]


def test_w3_empty_groups_keep_their_parameters(runtime) -> None:
    cown = Cown(3)

    @when([], cown)
    def first(g, c):
        return g, c.value

    @when(cown, ())
    def last(c, g):
        return c.value, g

    @when([])
    def alone(g):
        return g

    assert first.result(LIMIT) == ([], 3)
    assert last.result(LIMIT) == (3, [])
    assert alone.result(LIMIT) == []


def test_thirty_two_cowns_at_once(runtime) -> None:
    cowns = [Cown(i) for i in range(32)]

    @when(*cowns)
    def total(*cs):
        return sum(c.value for c in cs)

    assert total.result(LIMIT) == sum(range(32))


def test_list_changed_after_when_does_not_matter(runtime) -> None:
    cowns = [Cown(1), Cown(2)]
    decorator = when(cowns)
    cowns.append(Cown(3))

    @decorator
    def count(g):
        return len(g)

    assert count.result(LIMIT) == 2


# -- refusals at decoration --------------------------------------------------------------------


@pytest.mark.parametrize(
    "argument",
    ["x", None, 3, {1}, [1], [None], [[]], {"a": 1}, (c for c in ())],
    ids=repr,
)
def test_w36_bad_argument_raises(argument: object) -> None:
    with pytest.raises(TypeError):
        when(argument)


def test_w36_set_of_cowns_raises() -> None:
    with pytest.raises(TypeError):
        when({Cown(1)})


def test_when_takes_no_keywords() -> None:
    with pytest.raises(TypeError):
        when(cown=Cown(1))


def test_w36_parameter_count_is_checked(runtime) -> None:
    cown = Cown(1)
    with pytest.raises(TypeError):

        @when(cown)
        def none():
            pass

    with pytest.raises(TypeError):

        @when(cown)
        def two(a, b):
            pass

    with pytest.raises(TypeError):

        @when(cown)
        def keyword(a, *, b):
            pass


def test_w36_generators_and_coroutines_are_refused(runtime) -> None:
    with pytest.raises(SyntaxError):

        @when()
        def generator():
            yield 1

    with pytest.raises(SyntaxError, match="async"):

        @when()
        async def coroutine():
            pass


@pytest.mark.parametrize("func", [None, 3, "name"])
def test_when_of_no_function_raises(func: object, runtime) -> None:
    with pytest.raises(TypeError):
        when()(func)


def test_refused_behaviors_leave_no_trace(runtime) -> None:
    cown, stuck = Cown(0), threading.Lock()
    for _ in range(3):
        with pytest.raises(TypeError):

            @when(cown)
            def body(c):
                return stuck

    @when(cown)
    def add(c):
        c.value += 1

    wait(20)
    assert cown.value == 1


# -- captures are values ----------------------------------------------------------------------


def test_loop_variable_is_captured_at_decoration(runtime) -> None:
    cown = Cown([])
    for i in range(4):

        @when(cown)
        def implicit(c):
            c.value.append(i)

        @when(cown)
        def explicit(c, i=10 * i):
            c.value.append(i)

    wait()
    assert cown.value == [0, 0, 1, 10, 2, 20, 3, 30]


def test_w5_captured_parameter_is_a_cown_that_must_be_claimed(runtime) -> None:
    cown = Cown(1)

    @when(cown)
    def outer(c):
        @when()
        def inner():
            try:
                return isinstance(c, Cown), c.value
            except RuntimeError as error:
                return isinstance(c, Cown), type(error).__name__

        return inner

    wait()
    assert outer.value.value == (True, "RuntimeError")


def test_received_cown_is_not_wrapped_again(runtime) -> None:
    cown, nested = Cown(1), Cown([Cown(5)])

    @when(cown, nested)
    def body(c, n):
        @when()
        def result():
            return 1

        read = n.value[0]
        return Cown(c) == c, Cown(read) == read, Cown(cown) == cown, Cown(result) == result

    assert body.result(LIMIT) == (True, True, True, False)


def test_handle_kept_after_its_behavior_is_still_a_cown(runtime) -> None:
    start(1)
    cown = Cown(5)

    @when(cown)
    def keep(c):
        import builtins

        builtins.kept = c

    @when()
    def use():
        import builtins

        handle = builtins.kept
        try:
            handle.value
        except RuntimeError:
            pass
        else:
            return "readable"

        @when(handle)
        def read(c):
            return c.value, c == handle, hash(c) == hash(handle)

        return read

    wait()
    assert use.value.value == (5, True, True)


# -- whencall ---------------------------------------------------------------------------------


def scaled(c, factor, offset=0):
    return c.value * factor + offset


def test_whencall_appends_captures(runtime) -> None:
    start()
    cown = Cown(3)
    results = [whencall(scaled, [cown], [factor]) for factor in range(3)]
    results.append(whencall(scaled, [cown], (2, 1)))
    assert [r.result(LIMIT) for r in results] == [0, 3, 6, 7]


def test_whencall_without_captures_keeps_defaults(runtime) -> None:
    start()

    def shifted(c, by=5):
        return c.value + by

    assert whencall(shifted, [Cown(1)], []).result(LIMIT) == 6
    assert whencall(shifted, [Cown(1)], [7]).result(LIMIT) == 8


def test_whencall_refuses_what_is_no_function(runtime) -> None:
    start()
    with pytest.raises(TypeError, match="not a thunk name"):
        whencall("scaled", [], [])
    with pytest.raises(TypeError):
        whencall(scaled, 3, [])


def test_whencall_never_starts_the_runtime() -> None:
    with pytest.raises(RuntimeError):
        whencall(scaled, [Cown(1)], [2])
    assert scheduler_stats() == []


def test_whencall_that_fails_leaves_the_runtime_usable(runtime) -> None:
    start()
    with pytest.raises(TypeError):
        whencall(scaled, [Cown(1)], [threading.Lock()])
    assert whencall(scaled, [Cown(1)], [2]).result(LIMIT) == 2


# -- stats -------------------------------------------------------------------------------------

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
