"""What a cown is: construction, flag, identity, copies, cowns in cowns, unwrap."""

import copy
import gc
import weakref

import pytest

from bocpy import Cown, start, wait, when


class Unpicklable:
    """A value that cannot leave its interpreter."""

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("stays where it is")


# -- construction


def test_cown_takes_value_by_position_or_keyword() -> None:
    assert Cown(1).value == 1
    assert Cown(value=2).value == 2


@pytest.mark.parametrize("args", [(), (1, 2)])
def test_cown_with_wrong_argument_count_raises(args: tuple[int, ...]) -> None:
    with pytest.raises(TypeError):
        Cown(*args)


def test_cown_with_unknown_keyword_raises() -> None:
    with pytest.raises(TypeError):
        Cown(worth=1)


def test_cown_can_be_subscripted_in_annotations() -> None:
    assert Cown[int].__origin__ is Cown


def test_w1_unpicklable_value_raises_and_crashes_nothing(program) -> None:
    done = program(
        """
        import threading
        from bocpy import Cown
        for value in (threading.Lock(), (i for i in range(3)), [object, threading.Lock()]):
            try:
                Cown(value)
            except TypeError as error:
                print(type(error).__name__)
        """
    )
    assert (done.returncode, done.stdout) == (0, "TypeError\n" * 3), done.stderr


@pytest.mark.parametrize(
    "value",
    [None, True, 7, 2**70, 1.5, "s", b"b", bytearray(b"x"), [1], (1,), {1: 2}, {3}, frozenset({4})],
)
def test_value_keeps_its_type(value: object) -> None:
    got = Cown(value).value
    assert type(got) is type(value)
    assert got == value


def test_value_is_a_copy_with_its_aliasing() -> None:
    shared: list[int] = []
    given: list[object] = [shared, shared]
    given.append(given)
    got = Cown(given).value
    assert got is not given
    assert got[0] is got[1]
    assert got[2] is got


# -- the flag


def test_flag_can_be_set_and_cleared_by_hand(runtime) -> None:
    cown = Cown(5)
    assert cown.exception is False
    cown.exception = "yes"
    assert cown.exception is True
    assert cown.value == 5
    cown.exception = ()
    assert cown.exception is False
    cown.exception = 1
    start()
    with cown as value:
        assert (cown.exception, value) == (True, 5)
        cown.exception = False
    with cown as value:
        assert (cown.exception, value) == (False, 5)


def test_flag_is_cleared_by_assignment(runtime) -> None:
    @when()
    def fail() -> None:
        1 / 0  # noqa: B018

    wait()
    assert fail.exception is True
    fail.value = 1
    assert fail.exception is False
    fail.value = ValueError("plain")
    assert fail.exception is False


@pytest.mark.parametrize("name", ["value", "exception"])
def test_attributes_cannot_be_deleted(name: str) -> None:
    with pytest.raises(AttributeError):
        delattr(Cown(1), name)


# -- identity, order, text, copies


def test_equality_and_hash_are_of_the_cown() -> None:
    cown, other = Cown(1), Cown(1)
    same = copy.copy(cown)
    assert cown == same
    assert hash(cown) == hash(same)
    assert cown != other
    assert cown != 1
    assert (cown == "x") is False
    assert len({cown, same, other}) == 2
    assert copy.deepcopy(cown) == cown


def test_order_is_total_and_strict() -> None:
    cowns = [Cown(i) for i in range(5)]
    backwards = cowns[::-1]
    assert sorted(backwards) == sorted(cowns)
    assert (cowns[0] < cowns[1]) != (cowns[0] > cowns[1])
    assert not cowns[0] < cowns[0]
    with pytest.raises(TypeError):
        _ = cowns[0] <= cowns[1]
    with pytest.raises(TypeError):
        _ = cowns[0] >= cowns[1]
    with pytest.raises(TypeError):
        _ = cowns[0] < 3


def test_cown_is_always_true() -> None:
    assert bool(Cown(0)) is True


def test_text_shows_the_value_only_to_the_owner(runtime) -> None:
    cown = Cown("visible")
    assert "visible" in repr(cown)
    assert str(cown) == repr(cown)
    start()
    assert "visible" not in repr(cown)


def test_text_of_a_cown_in_itself_ends() -> None:
    cown: Cown[object] = Cown(None)
    cown.value = [cown]
    assert "..." in repr(cown)
    cown.value = None


def test_impl_is_accepted_by_when(runtime) -> None:
    cown = Cown(2)

    @when(cown.impl)
    def double(c: Cown[int]) -> int:
        return 2 * c.value

    assert double.result(20) == 4


def test_handles_can_be_referenced_weakly() -> None:
    cown = Cown(1)
    reference = weakref.ref(cown)
    assert reference() is cown
    del cown
    gc.collect()
    assert reference() is None


# -- nesting


def test_cown_of_a_cown_is_another_one() -> None:
    inner = Cown(42)
    outer = Cown(inner)
    assert outer != inner
    assert outer.value == inner
    assert type(outer.value).__name__ == "Cown"
    assert outer.value.value == 42


@pytest.mark.parametrize("wrap", [lambda c: [c], lambda c: (c,), lambda c: {"k": c}])
def test_cown_in_a_container_travels_by_reference(wrap, runtime) -> None:
    inner = Cown(1)
    outer = Cown(wrap(inner))
    del inner

    @when(outer)
    def find(o: Cown[object]) -> object:
        value = o.value["k"] if isinstance(o.value, dict) else o.value[0]

        @when(value)
        def read(v: Cown[int]) -> int:
            v.value += 1
            return v.value

        return read

    wait()
    assert find.value.value == 2


class Holder:
    """Keeps a cown as an attribute."""

    def __init__(self, cown: Cown[object]) -> None:
        self.cown = cown


def test_w6_values_after_wait_are_intact_wherever_they_are_stored(runtime) -> None:
    places = {"list": [Cown(1)], "dict": {"k": Cown(1)}, "attribute": Holder(Cown(1))}
    cowns = [places["list"][0], places["dict"]["k"], places["attribute"].cown, Cown(Cown(1))]
    for cown in cowns[:3]:

        @when(cown)
        def add(c: Cown[int]) -> None:
            c.value += 1

    wait()
    assert places["list"][0].value == 2
    assert places["dict"]["k"].value == 2
    assert places["attribute"].cown.value == 2
    assert cowns[3].value.value == 1


def test_w10_cowns_read_after_wait_can_be_scheduled_again(runtime) -> None:
    cown = Cown([0])
    for expected in range(1, 4):

        @when(cown)
        def add(c: Cown[list[int]]) -> None:
            c.value[0] += 1

        wait()
        assert cown.value == [2 * expected - 1]
        cown.value[0] += 1


def test_unencodable_value_at_start_raises_there_and_nothing_starts(runtime) -> None:
    good, bad = Cown([1]), Cown(1)
    good.value.append(2)
    bad.value = Unpicklable()
    with pytest.raises(TypeError, match="stays where it is"):
        start()
    assert good.value == [1, 2]
    with pytest.raises(TypeError, match="stays where it is"):

        @when(good)
        def body(c: Cown[list[int]]) -> None:
            pass

    bad.value = 2
    start()
    with good as value:
        assert value == [1, 2]


def test_dropping_all_handles_frees_the_value_main_owned() -> None:
    class Token:
        pass

    cown = Cown(None)
    token = Token()
    reference = weakref.ref(token)
    cown.value = token
    del token
    assert cown.value is reference()
    del cown
    assert reference() is None


def test_dropping_one_of_two_handles_keeps_the_value() -> None:
    cown = Cown([1])
    other = copy.copy(cown)
    value = cown.value
    del cown
    assert other.value is value


# -- unwrap


def test_unwrap_consumes_the_value(runtime) -> None:
    cown = Cown(5)
    assert cown.unwrap() == 5
    assert cown.unwrap() is None
    assert cown.exception is False

    @when(cown)
    def reuse(c: Cown[object]) -> object:
        return c.value

    assert reuse.result(20) is None


def test_unwrap_raises_the_stored_exception_once(runtime) -> None:
    @when()
    def fail() -> None:
        raise KeyError("missing", 3)

    wait()
    with pytest.raises(KeyError) as caught:
        fail.unwrap()
    assert caught.value.args == ("missing", 3)
    assert fail.unwrap() is None


def test_unwrap_gives_a_returned_exception(runtime) -> None:
    @when()
    def give() -> Exception:
        return ValueError("plain")

    wait()
    value = give.unwrap()
    assert isinstance(value, ValueError)
    assert value.args == ("plain",)


def test_w35_unwrap_raises_only_for_behaviors_on_this_cown(runtime) -> None:
    gate, own, other = Cown(0), Cown(1), Cown(2)
    start()
    with gate:

        @when(gate, own)
        def late(g: Cown[int], c: Cown[int]) -> int:
            return 7

        with pytest.raises(RuntimeError, match="still in flight"):
            own.unwrap()
        with pytest.raises(RuntimeError, match="still in flight"):
            late.unwrap()
        assert other.unwrap() == 2
    assert late.result(20) == 7
    assert late.unwrap() == 7


def test_unwrap_in_the_behavior_that_holds_the_cown_raises(runtime) -> None:
    cown = Cown(1)

    @when(cown)
    def try_it(c: Cown[int]) -> str:
        try:
            c.unwrap()
        except RuntimeError as error:
            return str(error)
        return "no error"

    assert "still in flight" in try_it.result(20)


def test_unwrap_of_an_unwrapped_result_reads_the_inner_one(runtime) -> None:
    @when()
    def outer() -> Cown[int]:
        @when()
        def inner() -> int:
            return 3

        return inner

    wait()
    assert outer.unwrap().unwrap() == 3
