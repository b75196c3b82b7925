"""What each worker records, and how main gets it.

A record is state of its worker: behaviors add to it without a cown or a message. At the end main
takes them all at once.
"""

from dataclasses import dataclass, field

from bocpy.bench.work import crew
from bocpy.bench.work.histogram import Histogram


@dataclass
class Record:
    """What one worker has seen since the last time that main took it."""

    latencies: Histogram = field(default_factory=Histogram)
    dispatched: int = 0
    completed: int = 0


_mine = Record()


def mine() -> Record:
    """Return the record of this worker."""
    return _mine


def take(workers: int) -> Record:
    """Return the sum of all workers' records, which start anew; main calls it when all is quiet."""
    total = Record()
    for record in crew.each(workers, _hand_in):
        total.latencies.merge(record.latencies)
        total.dispatched += record.dispatched
        total.completed += record.completed
    return total


def _hand_in() -> Record:
    global _mine
    handed, _mine = _mine, Record()
    return handed
