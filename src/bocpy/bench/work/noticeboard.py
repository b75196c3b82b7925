"""Behaviors of the suite ``noticeboard``: readers beside a writer, and updaters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import monotonic_ns, sleep, time_ns

from bocpy import (
    Cown,
    notice_read,
    notice_seed,
    notice_update,
    notice_write,
    quiesce,
    start,
    wait,
    when,
)
from bocpy.bench.work import plan, record, result

TYPE_CHECKING = False
if TYPE_CHECKING:  # what workers need not import
    from bocpy.bench.noticeboard import NoticeboardConfig

_TOTAL = "bocpy.bench.total"

# Calls in all, and those that count.
type Chain = Cown[tuple[int, int]]


@dataclass(frozen=True)
class Plan:
    """What all chains have in common."""

    keys: list[str]
    latency_every: int
    begin_ns: int = 0
    end_ns: int = 0

    def counts(self, now: int) -> bool:
        """Return whether what ends *now* counts."""
        return self.begin_ns <= now < self.end_ns


def run(config: NoticeboardConfig) -> result.Measured:
    """Read, or update, until the time is over; count calls between warm-up and end."""
    assert config.workers and config.chains and config.warmup is not None
    start(config.workers)
    is_reading = config.pattern == "read"
    keys = [f"key{number}" for number in range(config.keys if is_reading else 0)]
    for key in keys:
        notice_seed(key, bytes(config.size))
    if not is_reading:
        notice_seed(_TOTAL, 0)
    shared = Plan(keys, config.latency_every)
    plan.prepare(config.workers, shared)
    begin_ns = monotonic_ns() + round(config.warmup * 1e9)
    end_ns = begin_ns + round(config.duration * 1e9)
    shared = replace(shared, begin_ns=begin_ns, end_ns=end_ns)
    plan.publish(shared)
    chains: list[Chain] = [Cown((0, 0)) for _ in range(config.chains)]
    for chain in chains:
        (read if is_reading else update)(chain)
    writer = Writer(keys, config)
    writer.until(shared.begin_ns)
    wall_clock_ns, began, written = time_ns(), result.read(), writer.written
    writer.until(shared.end_ns)
    ended, written = result.read(), writer.written - written
    quiesce()
    latencies = record.take(config.workers).latencies
    total = 0 if is_reading else notice_read(_TOTAL)
    wait(raise_errors=True)
    calls = sum(chain.value[0] for chain in chains)
    if not is_reading and total != calls:
        raise RuntimeError(f"{calls} updates made {total} of the total")
    counted = [chain.value[1] for chain in chains]
    return result.Measured(
        completed=sum(counted),
        elapsed_s=(shared.end_ns - shared.begin_ns) / 1e9,
        wall_clock_ns_start=wall_clock_ns,
        latencies=latencies,
        began=began,
        ended=ended,
        shares=counted,
        details={"uncounted_calls": calls - sum(counted), "writes": written},
    )


class Writer:
    """Main: writes the keys in turn, with a pause after each; without keys it only waits."""

    def __init__(self, keys: list[str], config: NoticeboardConfig) -> None:
        self.keys = keys
        self.size = config.size
        self.pause_s = config.write_interval
        self.written = 0

    def until(self, moment_ns: int) -> None:
        """Write until the monotonic clock shows *moment_ns*."""
        if not self.keys:
            result.sleep_until(moment_ns)
        while (left := moment_ns - monotonic_ns()) > 0:
            value = self.written.to_bytes(8, "little")[: self.size].ljust(self.size, b"\0")
            notice_write(self.keys[self.written % len(self.keys)], value)
            self.written += 1
            sleep(min(self.pause_s, left / 1e9))


def read(chain: Chain) -> None:
    """Schedule a behavior that reads a key."""

    @when(chain)
    def step(chain: Chain) -> None:
        if read_one(chain):
            read(chain)


def read_one(chain: Chain) -> bool:
    """Read a key, the first of this behavior; return whether there is time for another."""
    shared: Plan = plan.shared()
    calls, counted = chain.value
    key = shared.keys[calls % len(shared.keys)]
    began = monotonic_ns()
    value = notice_read(key)
    now = monotonic_ns()
    if not isinstance(value, bytes):
        raise RuntimeError(f"{key} is {value!r}")
    if shared.counts(now):
        counted += 1
        if shared.latency_every and counted % shared.latency_every == 0:
            record.mine().latencies.add(now - began)
    chain.value = calls + 1, counted
    return now < shared.end_ns


def update(chain: Chain) -> None:
    """Add 1 to the key that all chains update, and schedule what follows."""
    called = monotonic_ns()
    done = notice_update(_TOTAL, add_one)

    @when(chain, done)
    def step(chain: Chain, done: Cown[None]) -> None:
        done.result()  # raises what the update raised
        if note_update(chain, called):
            update(chain)


def note_update(chain: Chain, called: int) -> bool:
    """Count an update that has taken effect; return whether there is time for another."""
    shared: Plan = plan.shared()
    calls, counted = chain.value
    now = monotonic_ns()
    if shared.counts(now):
        counted += 1
        if shared.latency_every and counted % shared.latency_every == 0:
            record.mine().latencies.add(now - called)
    chain.value = calls + 1, counted
    return now < shared.end_ns


def add_one(number: int) -> int:
    """Return the next number."""
    return number + 1
