"""What `when` and `whencall` take: groups, duplicates, captures, and what they refuse."""

import threading

import pytest

from bocpy import Cown, scheduler_stats, start, wait, when, whencall

LIMIT = 60


# -- duplicates and groups


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


# -- refusals at decoration


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


# -- captures are values


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


# -- whencall


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
