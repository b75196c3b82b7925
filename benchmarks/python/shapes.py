"""What `instructions.py` counts: run by it under callgrind, one shape after the other.

Each shape runs three times, with few behaviors to fill the caches, then with `SHORT` and `LONG`
ones. `os.getloadavg` is called between the runs for the sake of the C function below it, at which
callgrind writes down the instructions so far; nothing else calls that.

The one worker waits at a gate while main schedules, so that both do the same work in the same
order each time. The difference of two lengths is free of everything that happens once.
"""

import gc
import os
import sys
import threading

import bocpy
from bocpy import Cown, when

WARM, SHORT, LONG = 300, 200, 1000


class Gate:
    """Keeps the worker busy, without an instruction, while main schedules."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()

    def close(self) -> None:
        reader, taken = self.reader, os.pipe()

        @when()
        def wait_at_gate():
            os.write(taken[1], b"x")
            os.read(reader, 1)

        os.read(taken[0], 1)
        for descriptor in taken:
            os.close(descriptor)

    def open(self) -> None:
        os.write(self.writer, b"x")
        bocpy.quiesce()


def fan_out(count: int) -> None:
    cowns = [Cown(0) for _ in range(8)]
    gate.close()
    for i in range(count):

        @when(cowns[i & 7])
        def behavior(cown):
            cown.value += 1

    gate.open()


def fan_out_two_captures(count: int) -> None:
    cowns = [Cown(0) for _ in range(8)]
    one, two = 1, 2
    gate.close()
    for i in range(count):

        @when(cowns[i & 7])
        def behavior(cown):
            cown.value += one + two

    gate.open()


def go_on(cown: Cown[int], left: int) -> None:
    @when(cown)
    def behavior(cown):
        cown.value += 1
        if left:
            go_on(cown, left - 1)


def chain_nested(count: int) -> None:
    gate.close()
    go_on(Cown(0), count)
    gate.open()


def two_cowns(count: int) -> None:
    cowns = [Cown(0) for _ in range(8)]
    gate.close()
    for i in range(count):

        @when(cowns[i & 7], cowns[(i + 1) & 7])
        def behavior(one, two):
            one.value += 1
            two.value += 1

    gate.open()


def list_of_1000(count: int) -> None:
    cown = Cown(list(range(1000)))
    gate.close()
    for _ in range(count // 5):

        @when(cown)
        def behavior(cown):
            cown.value[0] += 1

    gate.open()


def result_of_finished(count: int) -> None:
    results = []
    gate.close()
    for i in range(count):

        @when()
        def behavior():
            return i

        results.append(behavior)
    gate.open()
    for result in results:
        result.result()


def new_cown(count: int) -> None:
    for i in range(count):
        Cown(i)


def send_receive(count: int) -> None:
    for i in range(count):
        bocpy.send("message", i)
        bocpy.receive("message")


def send_receive_list(count: int) -> None:
    contents = list(range(100))
    for _ in range(count):
        bocpy.send("message", contents)
        bocpy.receive(["another", "message"])


def fan_in_8(count: int) -> None:
    each = count // 8
    gate.close()
    for _ in range(8):

        @when()
        def produce():
            for i in range(each):
                bocpy.send("message", i)

    gate.open()
    for _ in range(8 * each):
        bocpy.receive("message")


def board_read(count: int) -> None:
    fill_board()
    cowns = [Cown(0) for _ in range(8)]
    gate.close()
    for i in range(count):

        @when(cowns[i & 7])
        def behavior(cown):
            cown.value += bocpy.notice_read("key1")

    gate.open()


def fill_board() -> None:
    for number in range(64):
        bocpy.notice_write(f"key{number}", number)
    bocpy.notice_sync()


def board_write(count: int) -> None:
    for i in range(count):
        bocpy.notice_write("key1", i)
    bocpy.notice_sync()


def increment(value: int) -> int:
    return value + 1


def board_update(count: int) -> None:
    for _ in range(count):
        bocpy.notice_update("key2", increment, 0)
    bocpy.notice_sync()


# name: function, behaviors per `count`
SHAPES = {
    "fan_out": (fan_out, 1.0),
    "fan_out_two_captures": (fan_out_two_captures, 1.0),
    "chain_nested": (chain_nested, 1.0),
    "two_cowns": (two_cowns, 1.0),
    "list_of_1000": (list_of_1000, 0.2),
    "result_of_finished": (result_of_finished, 1.0),
    "new_cown": (new_cown, 1.0),
    "send_receive": (send_receive, 1.0),
    "send_receive_list": (send_receive_list, 1.0),
    "fan_in_8": (fan_in_8, 1.0),
    "board_read": (board_read, 1.0),
    "board_write": (board_write, 1.0),
    "board_update": (board_update, 1.0),
}


def run(shape: str) -> None:
    function = SHAPES[shape][0]
    function(WARM)
    for count in (SHORT, LONG):
        gc.collect()
        os.getloadavg()
        function(count)
        os.getloadavg()


if __name__ == "__main__":
    gc.disable()
    sys.setswitchinterval(1000)  # main hands its lock over only when it waits
    threading.stack_size(1 << 20)
    bocpy.start(1)
    gate = Gate()
    for name in sys.argv[1:] or SHAPES:
        run(name)
    bocpy.wait()
    os._exit(0)
