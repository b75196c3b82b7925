"""The suite ``noticeboard``: snapshot reads beside a writer, and contended updates."""

import dataclasses
from collections.abc import Iterator

from bocpy.bench.options import not_negative, one_of, option, positive, seconds
from bocpy.bench.suite import (
    Axis,
    Suite,
    TimedConfig,
    physical_cores,
    timed_timeout_s,
    warmup_of,
    worker_steps,
    workers_option,
)

PATTERNS = ("read", "update")
KEYS_MAX = 63  # of the 64 that a board has, one is the plan's


@dataclasses.dataclass(frozen=True, kw_only=True)
class NoticeboardConfig(TimedConfig):
    """Options of one repeat."""

    workers: int | None = workers_option("the cores, up to 16")
    pattern: str = option("read", one_of(*PATTERNS), " | ".join(PATTERNS))
    chains: int | None = option(None, positive, "readers or updaters at once: twice the workers")
    keys: int = option(KEYS_MAX, positive, "keys on the board; each behavior reads one of them")
    size: int = option(64, not_negative, "bytes in each value that is read")
    write_interval: float = option(0.001, seconds, "pause of the writer between two writes")
    latency_every: int = option(8, not_negative, "a latency of every n-th call; 0: none")


def resolve(config: NoticeboardConfig) -> NoticeboardConfig:
    """Derive what the command line left open."""
    workers = config.workers or min(16, physical_cores())
    return dataclasses.replace(
        config,
        workers=workers,
        chains=config.chains or 2 * workers,
        warmup=warmup_of(config),
    )


def problems(config: NoticeboardConfig) -> Iterator[str]:
    """Say what is wrong: a board has a fixed number of entries."""
    if config.keys > KEYS_MAX:
        yield f"--keys {config.keys} is more than the {KEYS_MAX} that the noticeboard has room for"


SUITE = Suite(
    name="noticeboard",
    stem="noticeboard",
    unit="calls",
    latency="call",
    description="read: behaviors each read one of many keys, while main writes. "
    "update: chains of behaviors that all update the same key.",
    config=NoticeboardConfig,
    axes={
        "pattern": Axis(("pattern",), lambda: PATTERNS, one_of(*PATTERNS), are_kinds=True),
        "workers": Axis(("workers",), lambda: worker_steps(physical_cores())),
        "chains": Axis(("chains",), lambda: [1, 2, 4, 8]),
        "keys": Axis(("keys",), lambda: [1, 8, KEYS_MAX]),
        "size": Axis(("size",), lambda: [0, 64, 1024, 65536], not_negative),
    },
    axis="pattern",
    quick={"duration": 0.2},
    work="bocpy.bench.work.noticeboard",
    resolve=resolve,
    problems=problems,
    timeout_s=timed_timeout_s,
)
