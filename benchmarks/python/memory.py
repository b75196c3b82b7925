#!/usr/bin/env python3
"""Print what 100,000 queued behaviors cost in memory, as JSON.

    memory.py [COUNT]

Resident bytes, in all and for each behavior: with the results dropped, and with the results
kept.  The behaviors have no captures and wait behind one that waits for a pipe.  Each figure comes
from a process of its own.  Runs on every published version of bocpy; Linux only.
"""

import json
import os
import subprocess
import sys

import bocpy
from bocpy import Cown, start, wait, when

COUNT = 100_000
WARM_UP = 200


def resident() -> int:
    """Resident memory of this process, in bytes."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def block(gate):
    """Tell main through one pipe that the worker is busy; wait for another."""

    @when(gate)
    def wait_for_pipe(gate):
        import os

        began, done = gate.value
        os.write(began, b"x")
        os.read(done, 1)


def queue(cown):
    """Schedule a behavior that does nothing; return its result."""

    @when(cown)
    def nothing(cown):
        pass

    return nothing


def measure(keep: bool, count: int) -> int:
    """Bytes that *count* queued behaviors add."""
    start(worker_count=1)
    (beginning, began), (done, end) = os.pipe(), os.pipe()
    cown = Cown((began, done))
    block(cown)
    os.read(beginning, 1)  # the worker has imported what it needs
    for _ in range(WARM_UP):
        queue(cown)
    kept = [None] * count
    before = resident()
    for i in range(count):
        result = queue(cown)
        if keep:
            kept[i] = result
    added = resident() - before
    os.write(end, b"x")
    del kept
    wait()
    return added


def main() -> None:
    """Measure both in new processes, or one here."""
    if len(sys.argv) == 3:
        print(measure(sys.argv[1] == "kept", int(sys.argv[2])))
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    figures = {"bocpy": getattr(bocpy, "__version__", "unknown"), "count": count}
    for kind in ("dropped", "kept"):
        command = [sys.executable, os.path.abspath(__file__), kind, str(count)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        figures[kind + "_bytes"] = int(done.stdout)
        figures[kind + "_bytes_each"] = round(int(done.stdout) / count, 1)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
