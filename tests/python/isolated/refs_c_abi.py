"""Reference counts: types of other extensions that move. Argument: the folder that has them."""

import sys

from refs_harness import case, main, raises

import bocpy
from bocpy import Cown, notice_delete, notice_sync, notice_write, quiesce, receive, send, when

sys.path.insert(0, sys.argv[1])

import _boxes  # noqa: E402
import _old_names  # noqa: E402


def five() -> list[object]:
    return [_boxes.Box(b"%d" % i) for i in range(5)]


def live() -> int:
    return int(_boxes.live())


@case()
def moved_through_a_worker() -> None:
    cown = Cown([five(), _boxes.Loner(b"x"), _boxes.Frozen(b"y")])

    @when(cown)
    def touch(cown):
        return cown.value[1].bytes

    assert touch.result() == b"x"
    cown.unwrap()
    del cown, touch
    quiesce()
    assert live() == 0, live()


@case()
def captured_and_returned() -> None:
    box = _boxes.Box(b"in")

    @when()
    def give():
        return [box]

    assert give.result()[0].bytes == b"in"


@case()
def sent() -> None:
    send("boxes", five())
    send("boxes", _boxes.Loner(b"x"))
    assert len(receive("boxes")[1]) == 5
    receive("boxes")
    send("never", five())
    bocpy.drain("never")


@case()
def third_move_fails() -> None:
    values = five()
    for call in (Cown, lambda values: send("never", values)):
        _boxes.fuses(2, -1, -1)
        raises(LookupError, call, values)
    _boxes.fuses(-1, -1, -1)


@case()
def consumer_fails() -> None:
    send("broken", five())
    _boxes.fuses(-1, 2, -1)
    raises(LookupError, receive, "broken")
    _boxes.fuses(-1, -1, -1)


@case()
def board() -> None:
    notice_write("boxes", five())
    notice_sync()
    assert len(bocpy.notice_read("boxes")) == 5
    raises(TypeError, notice_write, "boxes", _boxes.Loner(b"x"))
    notice_delete("boxes")
    notice_sync()


@case()
def old_names() -> None:
    cown = Cown([_old_names.Counter() for _ in range(3)])

    @when(cown)
    def touch(cown):
        return cown.value[0].count

    touch.result()
    send("old", _old_names.Counter())
    receive("old")
    _old_names.fail_after(2, 0)
    raises(LookupError, Cown, [_old_names.Counter() for _ in range(3)])


if __name__ == "__main__":
    main(1)
