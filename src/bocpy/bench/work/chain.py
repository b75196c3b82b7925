"""Behaviors of the suite ``chain``.

A chain is a cown with the place that it has reached. Each step needs that and a window of the
ring, and schedules the next one itself: chains have nothing in common but the rings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from time import monotonic_ns, time_ns

from bocpy import Cown, Matrix, hold, quiesce, start, wait, when
from bocpy.bench.work import payload, plan, record, result

TYPE_CHECKING = False
if TYPE_CHECKING:  # what workers need not import
    from bocpy.bench.chain import ChainConfig

type Ring = list[Cown[Matrix]]
# Ring, head, steps in all, steps that count, and when the next step was scheduled if that one's
# latency is wanted, else 0.
type Chain = Cown[tuple[int, int, int, int, int]]


@dataclass(frozen=True)
class Plan:
    """What the steps of all chains have in common."""

    rings: list[Ring]
    ring_size: int
    group_size: int
    stride: int
    iterations: int  # 0: no products
    latency_every: int
    begin_ns: int = 0
    end_ns: int = 0

    @cached_property
    def windows(self) -> list[list[Ring]]:
        """The cowns that a step needs, of each ring, at each place."""
        offsets = range(0, self.group_size * self.stride, self.stride)
        size = self.ring_size
        return [
            [[ring[(head + offset) % size] for offset in offsets] for head in range(size)]
            for ring in self.rings
        ]


def run(config: ChainConfig) -> result.Measured:
    """Run chains until the time is over; count what ends between warm-up and end."""
    assert config.workers and config.rings and config.chains_per_ring
    assert config.warmup is not None and config.latency_every is not None
    start(config.workers)
    rings = [
        [
            Cown(payload.make(config.payload_rows, config.payload_cols))
            for _ in range(config.ring_size)
        ]
        for _ in range(config.rings)
    ]
    chains: list[Chain] = []
    for ring in range(config.rings):
        for number in range(config.chains_per_ring):
            head = number * config.ring_size // config.chains_per_ring
            chains.append(Cown((ring, head, 0, 0, 0)))
    shared = Plan(
        rings=rings,
        ring_size=config.ring_size,
        group_size=config.group_size,
        stride=config.stride,
        iterations=0 if config.null_payload else config.iters,
        latency_every=config.latency_every,
    )
    plan.prepare(config.workers, shared)
    with hold(*chains) as places:  # nobody moves until everything is in place
        begin_ns = monotonic_ns() + round(config.warmup * 1e9)
        end_ns = begin_ns + round(config.duration * 1e9)
        shared = replace(shared, begin_ns=begin_ns, end_ns=end_ns)
        plan.publish(shared)
        for chain, (ring, head, *_) in zip(chains, places, strict=True):
            advance(chain, shared.windows[ring][head])
    result.sleep_until(shared.begin_ns)
    wall_clock_ns, began = time_ns(), result.read()
    result.sleep_until(shared.end_ns)
    ended = result.read()
    quiesce()
    latencies = record.take(config.workers).latencies
    wait(raise_errors=True)
    counted = [chain.value[3] for chain in chains]
    completed = sum(counted)
    return result.Measured(
        completed=completed,
        elapsed_s=(shared.end_ns - shared.begin_ns) / 1e9,
        wall_clock_ns_start=wall_clock_ns,
        latencies=latencies,
        began=began,
        ended=ended,
        shares=counted,
        details={"uncounted_behaviors": sum(chain.value[2] for chain in chains) - completed},
    )


def advance(chain: Chain, window: Ring) -> None:
    """Schedule the next step of *chain*."""

    @when(chain, window)
    def step(chain: Chain, window: Ring) -> None:
        following = take_step(chain, window)
        if following is not None:
            advance(chain, following)


def take_step(chain: Chain, window: Ring) -> Ring | None:
    """Do a step; return what the next one needs, or None after the last."""
    shared: Plan = plan.shared()
    ring, head, steps, counted, due = chain.value
    if due:
        started = monotonic_ns()
        if shared.begin_ns <= started < shared.end_ns:
            record.mine().latencies.add(started - due)
    if shared.iterations:
        matrices = [cown.value for cown in window]
        window[0].value = payload.mix_all(matrices, shared.iterations)
    head = (head + shared.stride) % shared.ring_size
    steps += 1
    every = shared.latency_every
    now = monotonic_ns()
    if shared.begin_ns <= now < shared.end_ns:
        counted += 1
    chain.value = (ring, head, steps, counted, now if every and steps % every == 0 else 0)
    return shared.windows[ring][head] if now < shared.end_ns else None
