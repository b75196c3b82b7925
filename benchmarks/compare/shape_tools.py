"""What the programs of all contenders share; workers import it, too.

A program is run as PROGRAM SHAPE WORKERS COUNT and prints one JSON object: how many steps it was
meant to do, how many it did, and the nanoseconds, or bytes, that each took.  A shape that it does
not know is ``{"missing": true}``.
"""

import json
import os
import sys
import time
from dataclasses import dataclass

WARM_UP = 500
WORK_LOOPS = 2500


@dataclass
class Account:
    """What a bank keeps of a customer."""

    name: str
    balance: int
    moves: int


def work():
    """Compute for more than 100 us, without an object that anybody else could see."""
    number = 1
    for _ in range(WORK_LOOPS):
        number = (number * 5 + 1) & 0xFFFF
    return number


def finish(target, total):
    """Tell `Clock.stop`, from wherever the last step runs, that all is done."""
    os.write(target, b"%d %d" % (total, time.perf_counter_ns()))


class Clock:
    """Times from its making until `finish` was called with its target."""

    def __init__(self):
        self.source, self.target = os.pipe()
        self.began = time.perf_counter_ns()

    def stop(self):
        """Wait for the end; return the total that `finish` got, and the nanoseconds."""
        total, ended = os.read(self.source, 100).split()
        os.close(self.source)
        os.close(self.target)
        return int(total), int(ended) - self.began


def resident_bytes():
    """Return how much memory of this process is resident."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def pairs(count, among):
    """Yield *count* pairs of different numbers below *among*, the same ones each time."""
    state = 1
    for _ in range(count):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        one = (state >> 16) % among
        yield one, (one + 1 + (state >> 8) % (among - 1)) % among


def fibonacci_for(count):
    """Return the largest n whose graph of behaviors has at most *count* nodes, and its nodes."""
    sizes = [1, 1]
    while sizes[-1] + sizes[-2] + 1 <= count:
        sizes.append(sizes[-1] + sizes[-2] + 1)
    return len(sizes) - 1, sizes[-1]


def fibonacci(number):
    """Return that Fibonacci number."""
    one, two = 0, 1
    for _ in range(number):
        one, two = two, one + two
    return one


def run(shapes, begin, end=lambda: None):
    """Run what the command line says: *begin* with the workers, the shape twice; then leave.

    The first time, with fewer steps, is for what happens once.  *shapes* are functions by name:
    they get COUNT and WORKERS, and return the steps done and the nanoseconds, and where that is
    not exactly COUNT steps, how many should have been done.  *end* leaves no process behind.
    """
    shape, workers, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    result = {"missing": True}
    if shape in shapes:
        begin(workers)
        shapes[shape](min(WARM_UP, max(2, count // 10)), workers)
        total, nanoseconds, *expected = shapes[shape](count, workers)
        steps = expected[0] if expected else count
        result = {"total": total, "count": steps, "value": nanoseconds / steps}
    end()
    print(json.dumps(result), flush=True)
    os._exit(0)  # how the contender ends is measured elsewhere
