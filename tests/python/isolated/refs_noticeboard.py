"""Reference counts: the noticeboard, between main, its threads and one worker."""

import threading

from refs_harness import Breaks, Refuses, case, main, raises

import bocpy
from bocpy import (
    REMOVED,
    Cown,
    notice_delete,
    notice_read,
    notice_seed,
    notice_sync,
    notice_update,
    notice_write,
    noticeboard,
    when,
)

value = [1, {"a": (2, b"3")}]
cown = Cown([1])
key = "a key that is not interned"


def increment(number: int) -> int:
    return number + 1


@case(value, key)
def written_and_read() -> None:
    notice_write(key, value)
    assert notice_read(key) == value
    assert notice_read("absent", value) is value
    notice_delete(key)
    notice_delete(key).result()


@case(value, key)
def mapping() -> None:
    notice_write(key, value)
    board = noticeboard()
    assert board[key] is board[key]
    assert board == {key: value}
    assert (list(board), len(board.items()), repr(board)) is not None
    assert list(board.values()) == [value]
    assert key in board | {"z": 1}
    assert list(reversed(board)) == [key]
    notice_delete(key)
    assert board.copy() == {key: value}
    raises(KeyError, board.__getitem__, "absent")
    raises(TypeError, hash, board)


@case(value, key)
def written_by_a_worker() -> None:
    @when()
    def writes():
        notice_write(key, [value, value])
        notice_update("other", lambda present: [present, value], value)
        notice_sync()
        return noticeboard()[key] == notice_read(key), dict(noticeboard())

    assert writes.result()[0]
    notice_delete(key)
    notice_delete("other")


@case(cown)
def cown_on_the_board() -> None:
    notice_write(key, [cown, Cown(1)])
    one, two = notice_read(key)
    assert one == cown
    assert two.result() == 1

    @when()
    def reads():
        one, two = notice_read(key)

        @when(two)
        def body(two):
            return two.value

        return body

    assert reads.result().result() == 1
    notice_delete(key)


@case(value, key)
def updated() -> None:
    notice_seed(key, 1)
    notice_update(key, increment)
    notice_update(key, lambda number: [number, value])
    assert notice_update(key, lambda number: REMOVED).result() is None
    notice_seed(key, value)
    notice_delete(key)


@case(value)
def updates_that_fail() -> None:
    notice_write(key, value)
    raises(TypeError, notice_update(key, increment).result)
    raises(ZeroDivisionError, notice_update(key, lambda present: Refuses()).result)
    raises(SystemExit, notice_update(key, lambda present: exit(value)).result)
    notice_write(key, Breaks())
    raises(ZeroDivisionError, notice_read, key)
    raises(ZeroDivisionError, dict, noticeboard())
    raises(ZeroDivisionError, notice_update(key, increment).result)
    notice_delete(key)


@case()
def full_board() -> None:
    for number in range(64):
        notice_write(f"key{number}", value)
    raises(RuntimeError, notice_write("more", value).result)
    raises(RuntimeError, notice_update("more", lambda present: 1).result)
    raises(RuntimeError, notice_seed, "more", 1)
    for number in range(64):
        notice_delete(f"key{number}")
    notice_sync()


@case(key, value)
def used_wrongly() -> None:
    for call in (notice_write, notice_seed):
        raises(TypeError, call, 1, value)
        raises(TypeError, call, key)
        raises(ValueError, call, "x" * 64, value)
        raises(UnicodeEncodeError, call, "\udc80", value)
        raises(ZeroDivisionError, call, key, [value, Refuses()])
    raises(TypeError, notice_update, key, value)
    raises(ZeroDivisionError, notice_update, key, Refuses().__reduce__)
    raises(ZeroDivisionError, notice_update, key, increment, Refuses())
    raises(ValueError, notice_delete, "a\0b")
    raises(TypeError, notice_read, value)
    raises(TypeError, notice_read, key, 1, 2)
    raises(ValueError, notice_sync, float("nan"))


@case(key)
def behind_an_update() -> None:
    notice_update(key, lambda present: [bocpy.send("in", 1), bocpy.receive("out")], 0)
    bocpy.receive("in")
    raises(TimeoutError, notice_sync, 1e-5)
    written = notice_write(key, value)
    deleted = notice_delete("other")
    assert not written.done()
    bocpy.send("out", 1)
    assert written.result() is None
    assert deleted.result() is None
    notice_delete(key)


@case(value)
def board_as_a_dict() -> None:
    notice_write(key, value)
    assert bocpy.quiesce(noticeboard=True) == {key: value}
    notice_delete(key)


@case(value)
def threads_of_main() -> None:
    thread = threading.Thread(target=lambda: (notice_write(key, value), notice_sync()))
    thread.start()
    thread.join()
    notice_delete(key)


if __name__ == "__main__":
    main(1)
