"""Types of other extensions that move: values, captures, results, messages; what fails."""

import gc
import sys
import threading
import typing

import pytest

from bocpy import (
    Cown,
    notice_delete,
    notice_read,
    notice_sync,
    notice_write,
    receive,
    send,
    set_queue_capacity,
    start,
    wait,
    when,
)


@pytest.fixture(autouse=True)
def _stopped() -> typing.Iterator[None]:
    yield
    wait(60)


@pytest.fixture
def boxes(extension: typing.Callable[[str], object]) -> typing.Iterator[typing.Any]:
    """Give the module ``_boxes``; afterwards nothing of it may be alive."""
    extension("boxes")
    import _boxes

    start()
    yield _boxes
    _boxes.fuses(-1, -1, -1)
    wait(60)
    gc.collect()
    assert _boxes.live() == 0


COWN, BODY, CAPTURE, RESULT, MESSAGE, BOARD, BACK, COPY = range(1, 9)


def test_value_moves_by_pointer_through_a_worker(boxes: typing.Any) -> None:
    box = boxes.Box(b"abc")
    address = box.address
    cown = Cown(box)
    assert boxes.reason() == COWN
    with pytest.raises(RuntimeError, match="moved"):
        box.bytes

    @when(cown)
    def look(cown):
        return cown.value.address, cown.value.bytes

    assert look.result(60) == (address, b"abc")
    wait(60)
    assert cown.value.address == address


def test_value_that_nobody_reads_is_passed_on(boxes: typing.Any) -> None:
    cown = Cown(boxes.Loner(b"abc"))
    boxes.fuses(0, 0, 0)  # any callback would fail

    @when(cown)
    def ignore(cown):
        return None

    assert ignore.result(60) is None
    boxes.fuses(-1, -1, -1)
    wait(60)
    assert cown.value.bytes == b"abc"


def test_nested_in_containers_and_met_twice_is_one_object(boxes: typing.Any) -> None:
    class Holder:
        pass

    holder = Holder()
    holder.box = boxes.Box(b"x")
    cown = Cown([holder, {"again": holder.box}, (boxes.Loner(b"y"),)])

    @when(cown)
    def look(cown):
        holder, again, (loner,) = cown.value
        return holder.box is again["again"], holder.box.bytes, loner.bytes

    assert look.result(60) == (True, b"x", b"y")


def test_captures_results_and_messages(boxes: typing.Any) -> None:
    captured, sent = boxes.Box(b"captured"), boxes.Loner(b"sent")
    address = captured.address

    gate = Cown(None)
    with gate:  # `reason` is that of the last move: the worker must not make another one

        @when(gate)
        def give(_gate):
            return [captured.address, captured]

        assert boxes.reason() == CAPTURE
    with pytest.raises(RuntimeError, match="moved"):
        captured.bytes

    @when(give)
    def check(given):
        return given.value[0] == given.value[1].address

    assert check.result(60) is True
    wait(60)
    assert give.unwrap()[1].address == address
    send("boxes", (1, sent))
    assert boxes.reason() == MESSAGE
    with pytest.raises(RuntimeError, match="moved"):
        sent.bytes
    assert receive("boxes", 10)[1][1].bytes == b"sent"


def test_result_is_read_many_times_by_copies(boxes: typing.Any) -> None:
    import _boxes

    @when()
    def make():
        return _boxes.Box(b"made there")

    first, second = make.result(60), make.result(60)
    assert first.bytes == second.bytes == b"made there"
    assert first.address != second.address


def test_result_without_copy_says_so_and_stays(boxes: typing.Any) -> None:
    import _boxes

    @when()
    def make():
        return _boxes.Loner(b"alone")

    with pytest.raises(TypeError, match="cannot copy _boxes.Loner"):
        make.result(60)

    @when(make)
    def look(made):
        return made.value.bytes

    assert look.result(60) == b"alone"


def test_returned_value_of_the_own_cown_is_copied(boxes: typing.Any) -> None:
    cown = Cown(boxes.Box(b"both"))

    @when(cown)
    def give(cown):
        return cown.value

    wait(60)
    assert give.value.bytes == cown.value.bytes == b"both"
    assert give.value.address != cown.value.address


def test_noticeboard_entry_is_read_by_copies(boxes: typing.Any) -> None:
    box = boxes.Box(b"board")
    notice_write("box", (box,))
    notice_sync()
    with pytest.raises(RuntimeError, match="moved"):
        box.bytes

    @when()
    def there():
        from bocpy import notice_read

        return notice_read("box")[0].bytes

    assert there.result(60) == notice_read("box")[0].bytes == b"board"
    loner = boxes.Loner(b"alone")
    with pytest.raises(TypeError, match="cannot copy"):
        notice_write("loner", loner)
    assert loner.bytes == b"alone"
    notice_delete("box")
    notice_sync()


def test_frozen_memory_is_shared(boxes: typing.Any) -> None:
    frozen = boxes.Frozen(b"shared")
    address = frozen.address
    cowns = [Cown(frozen), Cown([frozen])]

    @when(*cowns)
    def look(one, many):
        return one.value.address, many.value[0].address, frozen.address

    assert look.result(60) == (address,) * 3
    assert frozen.bytes == b"shared"


def test_worker_imports_the_module_that_registers(boxes: typing.Any, program: typing.Any) -> None:
    folder = next(path for path in sys.path if "extensions" in path)
    done = program(f"""
        import sys
        sys.path.insert(0, {folder!r})
        from bocpy import Cown, when

        def make():
            import _boxes  # the body names nothing of it: nobody tells the worker
            return Cown(_boxes.Box(b"far"))

        cown = make()

        @when(cown)
        def look(cown):
            return cown.value.bytes

        print(look.result(60))
        """)
    assert done.stdout == "b'far'\n", done.stderr


def test_threads_of_one_interpreter(boxes: typing.Any) -> None:
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for i in range(50):
                send(f"box{number}", [boxes.Box(b"%d" % i)])
                assert receive(f"box{number}", 60)[1][0].bytes == b"%d" % i
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def _five(boxes: typing.Any) -> list[typing.Any]:
    return [boxes.Box(b"%d" % i) for i in range(5)]


def _contents(five: list[typing.Any]) -> list[bytes]:
    return [box.bytes for box in five]


def _cown(five: list[typing.Any]) -> None:
    Cown({"five": five})


def _send(five: list[typing.Any]) -> None:
    send("never", five)


def _capture(five: list[typing.Any]) -> None:
    a, b, c, d, e = five

    @when()
    def never():
        return a, b, c, d, e


@pytest.mark.parametrize("call", [_cown, _send, _capture])
def test_third_of_five_moves_fails_and_all_are_rolled_back(
    boxes: typing.Any, call: typing.Callable[[list[typing.Any]], None]
) -> None:
    five = _five(boxes)
    boxes.fuses(2, -1, -1)
    with pytest.raises(LookupError, match="move_out fails"):
        call(five)
    assert _contents(five) == [b"0", b"1", b"2", b"3", b"4"]


def test_value_that_cannot_be_pickled_rolls_moves_back(boxes: typing.Any) -> None:
    five = _five(boxes)
    with pytest.raises(TypeError, match="cannot pickle"):
        Cown([five, threading.Lock()])
    assert _contents(five) == [b"0", b"1", b"2", b"3", b"4"]


def test_full_queue_gives_the_contents_back(boxes: typing.Any) -> None:
    set_queue_capacity(1, "full")
    send("full", 0)
    box = boxes.Box(b"mine")
    with pytest.raises(RuntimeError, match="full"):
        send("full", box)
    assert box.bytes == b"mine"
    assert receive("full", 10) == ("full", 0)


def test_start_with_a_value_that_cannot_leave_keeps_all(boxes: typing.Any) -> None:
    cowns = [Cown(boxes.Box(b"%d" % i)) for i in range(3)]
    wait(60)
    values = [cown.value for cown in cowns]
    cowns.append(Cown(None))
    cowns[-1].value = threading.Lock()
    with pytest.raises(TypeError, match="cannot pickle"):
        start()
    assert [cown.value for cown in cowns[:3]] == values
    assert _contents(values) == [b"0", b"1", b"2"]
    cowns[-1].value = None
    start()


def test_consumer_that_fails_leaves_the_value(boxes: typing.Any) -> None:
    cown = Cown(_five(boxes))
    boxes.fuses(-1, 2, -1)

    @when(cown)
    def fails(cown):
        return cown.value

    with pytest.raises(LookupError, match="move_in fails"):
        fails.result(60)

    @when(cown)
    def works(cown):
        return [box.bytes for box in cown.value]

    assert works.result(60) == [b"0", b"1", b"2", b"3", b"4"]


def test_end_of_a_body_that_fails_strands_only_that_value(boxes: typing.Any) -> None:
    cowns = [Cown(boxes.Loner(b"0")), Cown(boxes.Loner(b"1"))]

    @when(*cowns)
    def touch(a, b):
        a.value.bytes, b.value.bytes
        import _boxes

        _boxes.fuses(0, -1, -1)

    with pytest.raises(LookupError, match="move_out fails"):
        touch.result(60)

    @when(*cowns)
    def look(a, b):
        return type(a.value).__name__, b.value.bytes

    assert look.result(60) == ("BehaviorError", b"1")


def test_exported_memory_refuses_and_is_copied_after_a_body(boxes: typing.Any) -> None:
    box = boxes.Box(b"view")
    with memoryview(box) as view:
        for call in (lambda: Cown(box), lambda: send("never", box)):
            with pytest.raises(BufferError, match="exported"):
                call()
        assert bytes(view) == box.bytes == b"view"
    wait(60)
    start(1)  # the view stays where it was made
    cown = Cown(box)

    @when(cown)
    def keep(cown):
        import builtins

        builtins.kept_view = memoryview(cown.value)
        return cown.value.address

    there = keep.result(60)

    @when(cown)
    def look(cown):
        import builtins

        builtins.__dict__.pop("kept_view", None)
        return cown.value.address, cown.value.bytes

    wait(60)
    assert look.value[0] != there
    assert look.value[1] == b"view"


def test_allocation_that_fails_in_copy_is_a_memory_error(boxes: typing.Any) -> None:
    import _boxes

    @when()
    def make():
        return _boxes.Box(b"x")

    wait_for = Cown(None)

    @when(make, wait_for)
    def settled(made, other):
        return None

    settled.result(60)
    boxes.fuses(-1, -1, 0)
    with pytest.raises(MemoryError):
        make.result(60)
    assert make.result(60).bytes == b"x"


def test_exceptions_and_functions_carry_copies(boxes: typing.Any) -> None:
    box = boxes.Box(b"in the exception")

    @when()
    def fail():
        raise ValueError(box)

    with pytest.raises(ValueError) as caught:
        fail.result(60)
    assert caught.value.args[0].bytes == b"in the exception"

    kept = boxes.Box(b"in the function")

    def closure():
        return kept.bytes

    cown = Cown(closure)
    assert kept.bytes == b"in the function"

    @when(cown)
    def call(cown):
        return cown.value()

    assert call.result(60) == b"in the function"
    del fail, caught, closure, cown, call
    wait(60)


def test_wrong_registrations_raise(boxes: typing.Any) -> None:
    class Own:
        pass

    for what in (0, 1):
        with pytest.raises(TypeError):
            boxes.register(Own, what)
    boxes.register(boxes.Loner, 2)  # again with the same ops
    with pytest.raises(TypeError, match="other functions"):
        boxes.register(boxes.Loner, 3)


@pytest.mark.parametrize(
    ("abi", "change", "match"),
    [(2, 0, "ABI"), (0, 0, "ABI"), (1, -8, "newer bocpy"), (1, 0, None), (1, 64, None)],
)
def test_table_of_another_version(
    boxes: typing.Any, abi: int, change: int, match: str | None
) -> None:
    if match is None:
        boxes.fits(abi, change)
        return
    with pytest.raises(ImportError, match=match):
        boxes.fits(abi, change)


def test_subclass_instances_are_not_the_registered_type(boxes: typing.Any) -> None:
    class Sub(boxes.Box):
        pass

    with pytest.raises(TypeError, match="cannot pickle"):
        Cown(Sub(b"x"))
