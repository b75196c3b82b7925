"""Cowns and matrices on the noticeboard: how long they live, who has them."""

import gc

import pytest

import bocpy
from bocpy import (
    Cown,
    notice_delete,
    notice_read,
    notice_seed,
    notice_update,
    notice_write,
    noticeboard,
    quiesce,
    start,
    wait,
    when,
)

pytestmark = pytest.mark.usefixtures("runtime")


class Slotted:
    __slots__ = ("left",)


class SlottedToo(Slotted):
    __slots__ = ("right",)


class Reduced:
    """Pickled by a reducer; its cown is an ordinary attribute."""

    def __init__(self, cown):
        self.cown = cown

    def __reduce__(self):
        return Reduced, (self.cown,)


def in_behavior(function):
    """Call *function* in a behavior and return its result."""

    @when()
    def body():
        return function()

    return body.result(30)


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
