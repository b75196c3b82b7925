"""The suite ``fanout``: producers that each schedule many behaviors on fresh cowns."""

import dataclasses

from bocpy.bench.options import Config, not_negative, option, positive, seconds
from bocpy.bench.suite import (
    Axis,
    Suite,
    logical_cores,
    no_problems,
    worker_steps,
    workers_option,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FanoutConfig(Config):
    """Options of one repeat."""

    workers: int | None = workers_option("4")
    producers: int | None = option(None, positive, "producers: a quarter of the workers")
    fanout_width: int | None = option(
        None, positive, "children of each step of a producer: four times the workers"
    )
    child_iters: int = option(1, positive, "products that a child does")
    producer_steps: int = option(1000, positive, "steps of each producer")
    warmup_steps: int | None = option(
        None, not_negative, "steps of each producer before, which count for nothing: a tenth"
    )
    min_time: float = option(
        0.5, seconds, "seconds that all must take: the steps are done again until then"
    )
    payload_rows: int = option(16, positive, "rows of each matrix")
    payload_cols: int = option(16, positive, "columns of each matrix")
    latency_every: int = option(8, not_negative, "a latency of every n-th child; 0: none")


def resolve(config: FanoutConfig) -> FanoutConfig:
    """Derive what the command line left open."""
    workers = config.workers or 4
    warmup = config.warmup_steps
    return dataclasses.replace(
        config,
        workers=workers,
        producers=config.producers or max(1, workers // 4),
        fanout_width=config.fanout_width or max(1, 4 * workers),
        warmup_steps=max(1, config.producer_steps // 10) if warmup is None else warmup,
    )


def timeout_s(config: FanoutConfig) -> float:
    """Return the seconds after which a repeat is given up."""
    assert config.producers and config.fanout_width
    children = config.producers * config.fanout_width * config.producer_steps
    return max(120.0, 0.002 * children + 2 * config.min_time + 30)


SUITE = Suite(
    name="fanout",
    stem="fanout",
    unit="children",
    latency="schedule-to-run",
    description="Producers that create fresh cowns and schedule a behavior on each, a fixed "
    "number of them. Measures the time until all are done.",
    config=FanoutConfig,
    axes={
        "workers": Axis(("workers",), lambda: worker_steps(logical_cores())),
        "fanout-width": Axis(("fanout_width",), lambda: [1, 2, 4, 8, 16, 32]),
        "producers": Axis(("producers",), lambda: [1, 2, 4, 8]),
        "child-iters": Axis(("child_iters",), lambda: [1, 2, 4, 8]),
        "producer-steps": Axis(("producer_steps",), lambda: [100, 500, 1000, 5000]),
    },
    axis="workers",
    quick={"producer_steps": 200, "min_time": 0.1},
    work="bocpy.bench.work.fanout",
    resolve=resolve,
    problems=no_problems,
    timeout_s=timeout_s,
)
