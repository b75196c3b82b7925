"""What a repeat has measured: counts, and what the process used meanwhile."""

import sys
import time
from dataclasses import dataclass, field
from typing import Any

from bocpy import queue_stats, scheduler_stats
from bocpy.bench.work.histogram import Histogram

try:
    import resource
except ImportError:  # not a POSIX system
    resource = None  # type: ignore[assignment]

type Stats = list[dict[str, Any]]

# Not a number that grows: the time of something.
_MOMENTS = {"worker_index", "last_steal_attempt_ns"}


@dataclass
class Reading:
    """What the process had used at a moment."""

    at_ns: int = 0
    user_s: float = 0.0
    system_s: float = 0.0
    voluntary: int = 0
    involuntary: int = 0
    workers: Stats = field(default_factory=list)
    queues: Stats = field(default_factory=list)


@dataclass
class Measured:
    """What one repeat returns."""

    completed: int
    elapsed_s: float
    wall_clock_ns_start: int
    latencies: Histogram
    began: Reading
    ended: Reading
    details: dict[str, Any] = field(default_factory=dict)  # what only this suite has
    shares: list[int] = field(default_factory=list)  # of chains, for their fairness


def read() -> Reading:
    """Return what the process has used up to now."""
    reading = Reading(workers=scheduler_stats(), queues=queue_stats())
    if resource is not None:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        reading.user_s, reading.system_s = usage.ru_utime, usage.ru_stime
        reading.voluntary, reading.involuntary = usage.ru_nvcsw, usage.ru_nivcsw
    reading.at_ns = time.monotonic_ns()
    return reading


def peak_rss_bytes() -> int | None:
    """Return the most memory that the process ever had, None where that is not known."""
    if resource is None:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def difference(before: Stats, after: Stats, key: str) -> Stats:
    """Return what was counted between two readings, matched by *key*; moments are as they are."""
    known = {entry[key]: entry for entry in before}
    return [_entry_difference(known.get(entry[key], {}), entry) for entry in after]


def _entry_difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value - before.get(name, 0)
        if isinstance(value, int) and name not in _MOMENTS
        else value
        for name, value in after.items()
    }


def sleep_until(moment_ns: int) -> None:
    """Sleep until the monotonic clock shows *moment_ns*."""
    while (left := moment_ns - time.monotonic_ns()) > 0:
        time.sleep(left / 1e9)
