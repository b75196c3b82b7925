"""Behaviors of the suite ``fanout``: producers, and children on fresh cowns."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic_ns, time_ns

from bocpy import Cown, Matrix, quiesce, start, wait, when
from bocpy.bench.work import payload, plan, record, result

TYPE_CHECKING = False
if TYPE_CHECKING:  # what workers need not import
    from bocpy.bench.fanout import FanoutConfig

type Producer = Cown[int]  # the steps that are left


@dataclass(frozen=True)
class Plan:
    """What producers and children have in common."""

    width: int
    size: tuple[int, int]
    iterations: int
    latency_every: int


def run(config: FanoutConfig) -> result.Measured:
    """Warm up, then time all children from the first `when` until the runtime is quiet.

    Work that is done too soon to be timed well is done again.
    """
    assert config.workers and config.producers and config.fanout_width
    assert config.warmup_steps is not None
    start(config.workers)
    shared = Plan(
        width=config.fanout_width,
        size=(config.payload_rows, config.payload_cols),
        iterations=config.child_iters,
        latency_every=config.latency_every,
    )
    plan.prepare(config.workers, shared)
    _produce_all(config.producers, config.warmup_steps)
    warmed = record.take(config.workers)
    wall_clock_ns, began = time_ns(), result.read()
    first_ns = last_ns = monotonic_ns()
    rounds = 0
    while not rounds or last_ns - first_ns < config.min_time * 1e9:
        _produce_all(config.producers, config.producer_steps)
        last_ns = monotonic_ns()
        rounds += 1
    ended = result.read()
    seen = record.take(config.workers)
    wait(raise_errors=True)
    children = config.producers * config.fanout_width  # of one step of all producers
    _check("warm-up", warmed, children * config.warmup_steps)
    _check("measurement", seen, children * config.producer_steps * rounds)
    return result.Measured(
        completed=seen.completed,
        elapsed_s=(last_ns - first_ns) / 1e9,
        wall_clock_ns_start=wall_clock_ns,
        latencies=seen.latencies,
        began=began,
        ended=ended,
        details={"rounds": rounds, "uncounted_children": warmed.completed},
    )


def _check(phase: str, seen: record.Record, expected: int) -> None:
    if not seen.completed == seen.dispatched == expected:
        raise RuntimeError(
            f"{phase}: {seen.completed} children of {seen.dispatched} dispatched and "
            f"{expected} expected came to their end"
        )


def _produce_all(producers: int, steps: int) -> None:
    if steps:
        for _ in range(producers):
            produce(Cown(steps))
    quiesce()


def produce(producer: Producer) -> None:
    """Schedule the next step of *producer*."""

    @when(producer)
    def step(producer: Producer) -> None:
        producer.value -= 1
        dispatch()
        if producer.value:
            produce(producer)


def dispatch() -> None:
    """Schedule the children of one step."""
    shared: Plan = plan.shared()
    every = shared.latency_every
    mine = record.mine()
    for _ in range(shared.width):
        cown = Cown(Matrix.uniform(0.0, 1.0, size=shared.size))
        if every and mine.dispatched % every == 0:
            schedule_timed(cown, monotonic_ns())
        else:
            schedule(cown)
        mine.dispatched += 1


def schedule(cown: Cown[Matrix]) -> None:
    """Schedule a child."""

    @when(cown)
    def child(cown: Cown[Matrix]) -> None:
        consume(cown)


def schedule_timed(cown: Cown[Matrix], due: int) -> None:
    """Schedule a child that records how long it had to wait."""

    @when(cown)
    def timed_child(cown: Cown[Matrix]) -> None:
        record.mine().latencies.add(monotonic_ns() - due)
        consume(cown)


def consume(cown: Cown[Matrix]) -> None:
    """Do the work of a child: each product is of the same matrix, so that none overflows."""
    shared: Plan = plan.shared()
    matrix = cown.value
    for _ in range(shared.iterations):
        payload.mix(matrix, matrix)
    record.mine().completed += 1
