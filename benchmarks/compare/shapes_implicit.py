"""The shapes, written for a bocpy whose behaviors capture free names by themselves.

Run as a program by compare.py: SHAPE WORKERS COUNT.  Prints one JSON object.  The twin for
versions that want explicit captures is shapes_explicit.py; nothing but the captures differs.
"""

import json
import os
import sys
import time

from bocpy import Cown, start, wait, when

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
    def step(c):
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
    def step(c):
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


SHAPES = {"fan_out": fan_out, "nested_chain": nested_chain, "list_chain": list_chain}


def main():
    shape, workers, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    start(workers)
    warm_up()
    total, elapsed_ns = SHAPES[shape](count)
    print(json.dumps({"total": total, "ns": elapsed_ns / count}))


if __name__ == "__main__":
    main()
