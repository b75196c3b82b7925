"""The suite ``chain``: chains of behaviors that go round rings of matrices, for a fixed time."""

import dataclasses
from collections.abc import Iterator

from bocpy.bench.options import duration, not_negative, option, positive
from bocpy.bench.suite import (
    Axis,
    Suite,
    TimedConfig,
    payload_size,
    physical_cores,
    timed_timeout_s,
    warmup_of,
    worker_steps,
    workers_option,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChainConfig(TimedConfig):
    """Options of one repeat."""

    workers: int | None = workers_option("1")
    duration: float = option(5.0, duration, "seconds that are measured")
    iters: int = option(2000, positive, "products for each cown of a window")
    group_size: int = option(2, positive, "cowns in a window")
    stride: int = option(1, positive, "places by which a chain advances")
    rings: int | None = option(None, positive, "rings, by the workers")
    chains_per_ring: int | None = option(None, positive, "chains on each ring, by its size")
    ring_size: int = option(128, positive, "cowns in a ring")
    payload_rows: int = option(16, positive, "rows of each matrix")
    payload_cols: int = option(16, positive, "columns of each matrix")
    null_payload: bool = option(False, bool, "no products: what is left is the runtime")
    latency_every: int | None = option(
        None, not_negative, "a latency of every n-th step; 0: none; 16 without products, else 1"
    )


def resolve(config: ChainConfig) -> ChainConfig:
    """Derive what the command line left open."""
    workers = config.workers or 1
    chains = config.chains_per_ring or max(
        1, config.ring_size // (config.group_size * config.stride * 8)
    )
    every = config.latency_every
    return dataclasses.replace(
        config,
        workers=workers,
        chains_per_ring=chains,
        rings=config.rings or max(16 * workers // chains, 4 * workers),
        warmup=warmup_of(config),
        latency_every=(16 if config.null_payload else 1) if every is None else every,
    )


def problems(config: ChainConfig) -> Iterator[str]:
    """Say what is wrong: a window and the one after it must be on the ring side by side."""
    needed = config.group_size * config.stride * 2
    if needed > config.ring_size:
        yield (
            f"--group-size {config.group_size} with --stride {config.stride} needs a ring of "
            f"{needed} cowns, --ring-size is {config.ring_size}"
        )
    if config.chains_per_ring is not None and config.chains_per_ring > config.ring_size:
        yield f"--chains-per-ring {config.chains_per_ring} is more than --ring-size"


SUITE = Suite(
    name="chain",
    stem="benchmark",
    unit="behaviors",
    latency="schedule-to-run",
    description="Independent chains of behaviors: each needs a window of cowns on a ring, "
    "multiplies their matrices, and schedules the next. Counts behaviors in a fixed time.",
    config=ChainConfig,
    axes={
        "workers": Axis(("workers",), lambda: worker_steps(physical_cores())),
        "iters": Axis(("iters",), lambda: [250, 500, 1000, 2000, 4000, 8000]),
        "group-size": Axis(("group_size",), lambda: [1, 2, 4, 8]),
        "payload": Axis(
            ("payload_rows", "payload_cols"),
            lambda: [(4, 4), (8, 8), (16, 16), (32, 32), (64, 64)],
            payload_size,
        ),
    },
    axis="workers",
    quick={"duration": 0.2, "iters": 20, "ring_size": 32},
    work="bocpy.bench.work.chain",
    resolve=resolve,
    problems=problems,
    timeout_s=timed_timeout_s,
)
