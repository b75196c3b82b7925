"""Shapes of memory, for every bocpy: bytes instead of nanoseconds.

Written like shapes_scheduling.py.
"""

import os

from shape_tools import Clock, finish, resident_bytes

from bocpy import Cown, when


def wait_for_gate(cown, ready, gate):
    @when(cown)
    def hold(c, ready=ready, gate=gate):
        os.write(ready, b".")
        os.read(gate, 1)


def add_one(cown):
    @when(cown)
    def add(c):
        c.value += 1

    return add


def end_with_value(cown, target):
    @when(cown)
    def end(c, target=target):
        finish(target, c.value)


def queue(count, results):
    """Queue behaviors behind one that waits; *results* is called with the result of each."""
    cown = Cown(0)
    (came, ready), (gate, go) = os.pipe(), os.pipe()
    wait_for_gate(cown, ready, gate)
    os.read(came, 1)
    before = resident_bytes()
    for _ in range(count):
        results(add_one(cown))
    added = resident_bytes() - before
    clock = Clock()
    end_with_value(cown, clock.target)
    os.write(go, b".")
    total, _ = clock.stop()
    return total, added


def queued_dropped(count, workers):
    return queue(count, lambda result: None)


def queued_kept(count, workers):
    results = []
    return queue(count, results.append)
