"""Repeats calls and looks whether anything grows; imported by the other ``refs_*.py``.

A script registers cases with `@case` and calls `main`. Each case is run many times in this
process, and what exists before and after is counted, in main and in the one worker. A case that
grows by more than the slack in every measurement leaks. The last line of output is a JSON object:
for each case that leaks, what grew.
"""

import ctypes
import gc
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import bocpy
from bocpy import _core

ROUNDS = int(os.environ.get("BOCPY_REFS_ROUNDS", "300"))
WARM_UP = 50
BATCH = 25
MEASUREMENTS = 10  # at most; a case that does not grow needs one

# Growth that says nothing: caches that fill, a table that doubled. Far below one per round.
SLACK = {
    "objects": 50 + ROUNDS // 50,
    "blocks": 150 + ROUNDS // 20,
    "native": 40,
    "bytes": 8 * 1024 + 4 * ROUNDS,
    "references": 2,
}

type Case = Callable[[], object]

restarts = False
cases: dict[str, tuple[Case, list[object]]] = {}


def case(*watched: object) -> Callable[[Case], Case]:
    """Register a case; the reference counts of *watched* must not change either."""

    def register(body: Case) -> Case:
        cases[body.__name__] = (body, list(watched))
        return body

    return register


# -- what cases have in common --------------------------------------------------------------


class Refuses:
    """Cannot leave its interpreter."""

    def __reduce__(self) -> tuple[object, ...]:
        raise ZeroDivisionError("stays")


class Breaks:
    """Leaves its interpreter and does not arrive."""

    def __reduce__(self) -> tuple[object, ...]:
        return divmod, (1, 0)


def raises(
    kinds: type[BaseException] | tuple[type[BaseException], ...],
    call: Callable[..., object],
    *args: object,
    **kwargs: object,
) -> None:
    try:
        call(*args, **kwargs)
    except kinds:
        return
    raise AssertionError(f"{call} does not raise {kinds}")


# -- counting ------------------------------------------------------------------------------


class _Mallinfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "abcdefghij"]


def _find_mallinfo() -> Any:
    try:
        function = ctypes.CDLL(None).mallinfo2
    except (AttributeError, OSError, TypeError):
        return None
    function.restype = _Mallinfo
    return function


_mallinfo = _find_mallinfo()


def allocated_bytes() -> int:
    """Return the bytes that malloc gave to the whole process, or 0 where nobody counts."""
    if _mallinfo is None:
        return 0
    info = _mallinfo()
    return int(info.h + info.e)


def collect() -> None:
    for _ in range(3):
        gc.collect()


def counts_of_worker() -> tuple[int, int]:
    """Collect the worker's garbage; return its objects, and the blocks of all interpreters."""

    @bocpy.when()
    def count():
        collect()
        return len(gc.get_objects()), sys.getallocatedblocks()

    return count.result()


def is_running() -> bool:
    return bool(_core.is_running())


def settle() -> None:
    """Wait until nothing runs, the worker's last steps included."""
    if is_running():
        bocpy.quiesce(60)
    live = -1
    while live != _core._native_live():
        live = _core._native_live()
        time.sleep(0.002)


def snapshot(watched: list[object]) -> dict[str, int]:
    """Count everything."""
    counts: dict[str, int] = {}
    settle()
    collect()
    if restarts:  # the worker's own garbage
        bocpy.start(1)
        be_quiet()
        counts_of_worker()
        bocpy.wait()
    elif is_running():  # twice: what one side frees, the other may have to free after it
        counts_of_worker()
        collect()
        counts["worker objects"], counts["worker blocks"] = counts_of_worker()
    settle()
    collect()
    counts["main objects"], counts["main blocks"] = len(gc.get_objects()), sys.getallocatedblocks()
    counts["native"] = _core._native_live()
    counts["process bytes"] = allocated_bytes()
    for number, each in enumerate(watched):
        counts[f"{number} references"] = sys.getrefcount(each)
    return counts


# -- running ----------------------------------------------------------------------------------


def repeat(body: Case, rounds: int) -> None:
    """Run the case; now and then wait, so that nothing piles up."""
    if restarts:
        rounds = max(min(rounds, 200), rounds // 5)  # they take longer than all others
    for number in range(1, rounds + 1):
        body()
        if number % BATCH == 0 and is_running():
            bocpy.quiesce(60)


def growth(body: Case, watched: list[object]) -> dict[str, int]:
    """Return what grew by more than the slack during many rounds."""
    before = snapshot(watched)
    repeat(body, ROUNDS)
    after = snapshot(watched)
    changes = {key: after[key] - before[key] for key in after if key in before}
    slack = dict(SLACK)
    if restarts:
        # Main's blocks are those of all interpreters (CPython counts them together), and the
        # worker's is renewed each time: its tables, and garbage that waits for its collector.
        slack["blocks"] += 4096
        slack["bytes"] += 256 * 1024
    return {key: by for key, by in changes.items() if by > slack[key.rpartition(" ")[2]]}


def check(body: Case, watched: list[object]) -> dict[str, int]:
    """Return what a case leaks: what grows in every one of many measurements in a row.

    CPython's caches (of methods by type, of names, of freed objects) fill over some thousand
    rounds: they grow less with each measurement. A leak grows as much in the last as in the first.
    """
    repeat(body, WARM_UP)
    snapshot(watched)
    leaks = growth(body, watched)
    for _ in range(MEASUREMENTS - 1):
        if not leaks:
            break
        again = growth(body, watched)
        leaks = {key: by for key, by in again.items() if key in leaks}
    return leaks


def chosen() -> Iterator[str]:
    wanted = sys.argv[1:]
    return (name for name in cases if not wanted or name in wanted)


def be_quiet() -> None:
    """Log no exceptions that nobody looks at, here and in the worker."""
    logging.disable(logging.CRITICAL)
    if is_running():

        @bocpy.when()
        def disable():
            logging.disable(logging.CRITICAL)

        disable.result()


def main(worker_count: int = 1, *, is_restarting: bool = False) -> None:
    """Run the cases named on the command line, or all; print the leaks as JSON.

    With *is_restarting* the cases start and stop the runtime themselves.
    """
    global restarts
    restarts = is_restarting
    if worker_count:
        bocpy.start(worker_count)
    be_quiet()
    results: dict[str, dict[str, int]] = {}
    for name in chosen():
        began = time.perf_counter()
        leaks = check(*cases[name])
        print(f"{name}: {time.perf_counter() - began:.2f} s {leaks or ''}", flush=True)
        if leaks:
            results[name] = leaks
    bocpy.wait()
    print(json.dumps(results))
