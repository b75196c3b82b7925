"""Shapes of messages and of the noticeboard, for every bocpy.

Written like shapes_scheduling.py.
"""

import time

from shape_tools import Clock, finish

from bocpy import Cown, notice_read, notice_update, notice_write, noticeboard, receive, send, when


def send_receive(count, workers):
    """Send a message and receive it, in one thread."""
    total = 0
    clock = Clock()
    for _ in range(count):
        send("message", 1)
        total += receive("message")[1]
    finish(clock.target, total)
    return clock.stop()


def play(cown, mine, other, count, target):
    @when(cown)
    def player(c, mine=mine, other=other, count=count, target=target):
        total = 0
        for _ in range(count):
            total = receive(mine)[1] + 1
            send(other, total)
        if total == 2 * count:
            finish(target, total)


def ping_pong(count, workers):
    """Two behaviors that answer each other's messages; counts the messages."""
    each = count // 2
    ping, pong = Cown(0), Cown(0)
    clock = Clock()
    play(ping, "ping", "pong", each, clock.target)
    play(pong, "pong", "ping", each, clock.target)
    send("ping", 0)
    total, nanoseconds = clock.stop()
    receive("ping")  # the answer to the last message
    return total, nanoseconds, 2 * each


def write_64_keys(cown):
    @when(cown)
    def write(c):
        for number in range(64):
            notice_write(f"key{number}", number)


def look(cown, key):
    @when(cown)
    def see(c, key=key):
        board = noticeboard()
        send("seen", (len(board), board.get(key, 0)))


def wait_for_board(key, arrived):
    """Ask until *arrived* says yes to what a behavior sees: number of keys, and value of one."""
    cown = Cown(0)
    while True:
        look(cown, key)
        seen = receive("seen")[1]
        if arrived(*seen):
            return seen[1]
        time.sleep(0)


def advance_reading_board(cown, left, target):
    @when(cown)
    def step(c, left=left, target=target):
        c.value += notice_read("key1")
        if left > 1:
            advance_reading_board(c, left - 1, target)
        else:
            finish(target, c.value)


def board_read(count, workers):
    """Each behavior reads one of 64 keys and schedules the next."""
    write_64_keys(Cown(0))
    wait_for_board("key1", lambda keys, value: keys >= 64)
    clock = Clock()
    advance_reading_board(Cown(0), count, clock.target)
    return clock.stop()


def increment(value):
    return value + 1


def board_update(count, workers):
    """Update one key from main, again and again, until a behavior sees the last value."""
    key = f"sum {count}"
    clock = Clock()
    for _ in range(count):
        notice_update(key, increment, 0)
    total = wait_for_board(key, lambda keys, value: value >= count)
    finish(clock.target, total)
    return clock.stop()
