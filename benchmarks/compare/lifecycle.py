#!/usr/bin/env python3
"""Print what starting costs, as JSON: one measurement, in a fresh process.

    lifecycle.py KIND CONTENDER

Milliseconds, or KiB per worker.  CONTENDER is bocpy, threads, processes or interpreters; what one
cannot answer is ``{"missing": true}``.
"""

import json
import os
import subprocess
import sys
import time

RESTARTS = 7
WORKERS_FOR_MEMORY = 4


def rss_kib():
    """Resident memory of this process."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def milliseconds(function):
    """How long a call takes."""
    began = time.perf_counter()
    function()
    return (time.perf_counter() - began) * 1e3


class Bocpy:
    """What every bocpy has."""

    def load(self):
        import bocpy  # noqa: F401

    def start_and_stop(self):
        from bocpy import start, wait

        start(worker_count=2)
        wait()

    def run_one(self):
        start_and_run_one()

    def worker_kib(self):
        from bocpy import start, wait

        start(worker_count=1)
        wait()  # what main needs is there
        before = rss_kib()
        # A version that ended its worker makes that anew, in memory that was counted before.
        start(worker_count=1 + WORKERS_FOR_MEMORY)
        added = (rss_kib() - before) / WORKERS_FOR_MEMORY
        wait()
        return added


def start_and_run_one():
    from bocpy import Cown, start, wait, when

    start(worker_count=2)
    cown = Cown(1)

    @when(cown)
    def add(c):
        c.value += 1

    wait()


class Pool:
    """An executor of the standard library."""

    def __init__(self, name):
        self.name = name

    def make(self, workers):
        from concurrent import futures

        return getattr(futures, self.name)(workers)

    def load(self):
        from concurrent import futures

        getattr(futures, self.name)

    def start_and_stop(self):
        with self.make(2) as pool:
            list(pool.map(time.sleep, [0, 0]))

    def run_one(self):
        with self.make(2) as pool:
            pool.submit(int).result()


class Threads(Pool):
    def __init__(self):
        super().__init__("ThreadPoolExecutor")

    def worker_kib(self):
        from threading import Barrier

        with self.make(WORKERS_FOR_MEMORY) as pool:
            before, barrier = rss_kib(), Barrier(WORKERS_FOR_MEMORY + 1)
            for _ in range(WORKERS_FOR_MEMORY):
                pool.submit(barrier.wait)
            barrier.wait()
            return (rss_kib() - before) / WORKERS_FOR_MEMORY


class Processes(Pool):
    def __init__(self):
        super().__init__("ProcessPoolExecutor")

    def worker_kib(self):
        """What belongs to the process of a worker alone."""
        import multiprocessing

        with self.make(1) as pool:
            pool.submit(int).result()
            (worker,) = multiprocessing.active_children()
            with open(f"/proc/{worker.pid}/smaps_rollup", encoding="ascii") as file:
                lines = [line.split() for line in file]
        return sum(int(line[1]) for line in lines if line[0].startswith("Private_"))


class Interpreters(Pool):
    def __init__(self):
        super().__init__("InterpreterPoolExecutor")

    def worker_kib(self):
        with self.make(WORKERS_FOR_MEMORY) as pool:
            before = rss_kib()
            # Long enough that nobody does the work of two.
            list(pool.map(time.sleep, [0.5] * WORKERS_FOR_MEMORY))
            return (rss_kib() - before) / WORKERS_FOR_MEMORY


def measure_import(contender):
    return milliseconds(contender.load)


def measure_first(contender):
    contender.load()
    return milliseconds(contender.start_and_stop)


def measure_behavior(contender):
    """The first start with one behavior, or task, to run."""
    contender.load()
    return milliseconds(contender.run_one)


def measure_behavior_again(contender):
    """Another start with one behavior: the median."""
    times = [milliseconds(contender.run_one) for _ in range(RESTARTS + 1)]
    return sorted(times[1:])[RESTARTS // 2]


def measure_pre_imports(contender):
    """How long a bare interpreter takes to import what the first start imported here."""
    contender.load()
    before = set(sys.modules)
    contender.run_one()
    names = [name for name in sys.modules if name not in before and "bocpy" not in name]
    program = (
        "import json, sys, time\n"
        "names = json.loads(sys.argv[1])\n"
        "began = time.perf_counter()\n"
        "for name in names: __import__(name)\n"
        "print((time.perf_counter() - began) * 1e3)\n"
    )
    command = [sys.executable, "-c", program, json.dumps(names)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def measure_restart(contender):
    """Another start and stop: the median."""
    times = [milliseconds(contender.start_and_stop) for _ in range(RESTARTS + 1)]
    return sorted(times[1:])[RESTARTS // 2]


def measure_memory(contender):
    """KiB that each worker adds, above what an interpreter without anything has."""
    if not isinstance(contender, Bocpy):
        return None
    added = contender.worker_kib()
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters  # CPython 3.12
    before = rss_kib()
    bare = [interpreters.create() for _ in range(WORKERS_FOR_MEMORY)]
    bare_kib = (rss_kib() - before) / WORKERS_FOR_MEMORY
    for interpreter in bare:
        interpreters.destroy(interpreter)
    return added - bare_kib


def measure_worker_memory(contender):
    return contender.worker_kib()


CONTENDERS = {
    "bocpy": Bocpy,
    "threads": Threads,
    "processes": Processes,
    "interpreters": Interpreters,
}

if __name__ == "__main__":
    value = None
    if sys.argv[2] in CONTENDERS:
        value = globals()[f"measure_{sys.argv[1]}"](CONTENDERS[sys.argv[2]]())
    print(json.dumps({"missing": True} if value is None else {"value": value}))
