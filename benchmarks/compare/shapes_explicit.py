"""The shapes, written for a bocpy whose behaviors capture through defaults.

Run as a program by compare.py: SHAPE WORKERS COUNT.  Prints one JSON object.  The twin for
versions that capture by themselves is shapes_implicit.py; nothing but the captures differs.
"""

import json
import os
import sys
import time

from bocpy import (
    Cown,
    notice_read,
    notice_update,
    notice_write,
    noticeboard,
    quiesce,
    receive,
    send,
    start,
    wait,
    when,
)

COWNS = 8
WARM_UP = 500


def add_one(cown):
    @when(cown)
    def add(c):
        c.value += 1


def fan_out(count):
    """Schedule from main, round robin over a few cowns; the last behavior needs them all."""
    cowns = [Cown(0) for _ in range(COWNS)]
    began = time.perf_counter_ns()
    for i in range(count):
        add_one(cowns[i % COWNS])

    @when(cowns)
    def end(group):
        return sum(c.value for c in group), time.perf_counter_ns()

    wait()
    total, ended = end.value
    return total, ended - began


def advance(cown, left):
    @when(cown)
    def step(c, left=left):
        c.value += 1
        if left > 1:
            advance(c, left - 1)
        else:
            c.value = c.value, time.perf_counter_ns()


def nested_chain(count):
    """Each behavior on one cown schedules the next."""
    cown = Cown(0)
    began = time.perf_counter_ns()
    advance(cown, count)
    wait()
    total, ended = cown.value
    return total, ended - began


def advance_list(cown, left):
    @when(cown)
    def step(c, left=left):
        c.value[0] += 1
        if left > 1:
            advance_list(c, left - 1)
        else:
            c.value[1] = time.perf_counter_ns()


def list_chain(count):
    """The same with a list of 1000 ints, of which each behavior changes one."""
    cown = Cown([0, *range(1, 1000)])
    began = time.perf_counter_ns()
    advance_list(cown, count)
    wait()
    total, ended = cown.value[:2]
    return total, ended - began


def send_receive(count):
    """Send a message and receive it, in one thread."""
    total = 0
    began = time.perf_counter_ns()
    for _ in range(count):
        send("message", 1)
        total += receive("message")[1]
    return total, time.perf_counter_ns() - began


def play(cown, mine, other, count):
    @when(cown)
    def player(c, mine=mine, other=other, count=count):
        for _ in range(count):
            total = receive(mine)[1] + 1
            send(other, total)
        c.value = total, time.perf_counter_ns()


def ping_pong(count):
    """Two behaviors that answer each other's messages; counts the messages."""
    ping, pong = Cown(0), Cown(0)
    play(ping, "ping", "pong", count // 2)
    play(pong, "pong", "ping", count // 2)
    began = time.perf_counter_ns()
    send("ping", 0)
    wait()
    total, ended = max(ping.value, pong.value)
    return total, ended - began


def fill_board():
    """Write 64 keys; return when all are there."""
    written = Cown(0)

    @when(written)
    def write(written):
        for number in range(64):
            notice_write(f"key{number}", number)

    while len(read_board(written)) < 64:
        pass


def read_board(cown):
    """Return what a behavior sees."""

    @when(cown)
    def read(cown):
        send("board", dict(noticeboard()))

    return receive("board")[1]


def advance_reading(cown, left):
    @when(cown)
    def step(c, left=left):
        c.value += notice_read("key1")
        if left > 1:
            advance_reading(c, left - 1)
        else:
            c.value = c.value, time.perf_counter_ns()


def board_read(count):
    """Each behavior reads one of 64 keys and schedules the next."""
    fill_board()
    cown = Cown(0)
    began = time.perf_counter_ns()
    advance_reading(cown, count)
    wait()
    total, ended = cown.value
    return total, ended - began


def increment(value):
    return value + 1


def board_update(count):
    """Update one key from main, again and again."""
    done = Cown(0)
    began = time.perf_counter_ns()
    for _ in range(count):
        notice_update("sum", increment, 0)
    quiesce(noticeboard=True)
    elapsed = time.perf_counter_ns() - began
    return read_board(done)["sum"], elapsed


def warm_up():
    """Run the same code once and return when nothing of it is left."""
    read_end, write_end = os.pipe()
    cowns = [Cown(0) for _ in range(COWNS)]
    chain, done = Cown(0), Cown(write_end)
    for i in range(WARM_UP):
        add_one(cowns[i % COWNS])
    advance(chain, WARM_UP)
    signal_when_chained(chain, cowns, done)
    os.read(read_end, 1)


def signal_when_chained(chain, cowns, done):
    """Signal once the chain, whose links are scheduled one by one, has come to its end."""

    @when(chain, cowns, done)
    def signal(c, group, d):
        if isinstance(c.value, tuple):
            os.write(d.value, b".")
        else:
            signal_when_chained(c, group, d)


SHAPES = {
    "fan_out": fan_out,
    "nested_chain": nested_chain,
    "list_chain": list_chain,
    "send_receive": send_receive,
    "ping_pong": ping_pong,
    "board_read": board_read,
    "board_update": board_update,
}


def main():
    shape, workers, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    start(workers)
    warm_up()
    total, elapsed_ns = SHAPES[shape](count)
    print(json.dumps({"total": total, "ns": elapsed_ns / count}))
    wait()  # versions before this one hang at exit without


if __name__ == "__main__":
    main()
