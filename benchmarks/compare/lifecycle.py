#!/usr/bin/env python3
"""Print what starting costs, as JSON: one measurement, in a fresh process.

    lifecycle.py import|first|behavior|restart|memory

Milliseconds, or KiB per worker.  Runs on every contender of compare.py.
"""

import json
import sys
import time

RESTARTS = 7
WORKERS_FOR_MEMORY = 4


def rss_kib() -> int:
    """Resident memory of this process."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4


def measure_import() -> float:
    """Milliseconds to import the package."""
    began = time.perf_counter()
    import bocpy  # noqa: F401

    return (time.perf_counter() - began) * 1e3


def measure_first() -> float:
    """Milliseconds for the first start and stop, with two workers."""
    from bocpy import start, wait

    began = time.perf_counter()
    start(worker_count=2)
    wait()
    return (time.perf_counter() - began) * 1e3


def measure_behavior() -> float:
    """Milliseconds for the first start, one behavior and stop."""
    from bocpy import Cown, start, wait, when

    began = time.perf_counter()
    start(worker_count=2)
    cown = Cown(1)

    @when(cown)
    def add(cown):
        cown.value += 1

    wait()
    return (time.perf_counter() - began) * 1e3


def measure_restart() -> float:
    """Milliseconds for another start and stop: the median."""
    from bocpy import start, wait

    times = []
    for _ in range(RESTARTS + 1):
        began = time.perf_counter()
        start(worker_count=2)
        wait()
        times.append((time.perf_counter() - began) * 1e3)
    return sorted(times[1:])[RESTARTS // 2]


def measure_memory() -> float:
    """KiB that each worker adds, above what an interpreter without anything has."""
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters  # CPython 3.12
    from bocpy import start, wait

    start(worker_count=1)
    wait()  # what main needs is there
    before = rss_kib()
    # A version that ended its worker makes that anew, in memory that was counted before.
    start(worker_count=1 + WORKERS_FOR_MEMORY)
    added = (rss_kib() - before) / WORKERS_FOR_MEMORY
    wait()
    before = rss_kib()
    bare = [interpreters.create() for _ in range(WORKERS_FOR_MEMORY)]
    bare_kib = (rss_kib() - before) / WORKERS_FOR_MEMORY
    for interpreter in bare:
        interpreters.destroy(interpreter)
    return added - bare_kib


if __name__ == "__main__":
    kind = {
        "import": measure_import,
        "first": measure_first,
        "behavior": measure_behavior,
        "restart": measure_restart,
        "memory": measure_memory,
    }[sys.argv[1]]
    print(json.dumps({"value": kind()}))
