"""The suite ``messages``: messages per second between behaviors and main."""

import dataclasses

from bocpy.bench.options import not_negative, one_of, option, positive
from bocpy.bench.suite import (
    Axis,
    Suite,
    TimedConfig,
    no_problems,
    physical_cores,
    timed_timeout_s,
    warmup_of,
    worker_steps,
    workers_option,
)

PATTERNS = ("one-to-one", "fan-in", "selective", "ping-pong")


@dataclasses.dataclass(frozen=True, kw_only=True)
class MessagesConfig(TimedConfig):
    """Options of one repeat."""

    workers: int | None = workers_option("as many as send, up to the cores")
    pattern: str = option("one-to-one", one_of(*PATTERNS), " | ".join(PATTERNS))
    producers: int = option(8, positive, "senders of fan-in")
    tags: int = option(8, positive, "tags that selective takes in turn")
    size: int = option(0, not_negative, "bytes in each message, beside the time")
    batch: int = option(64, positive, "messages that a behavior sends before another's turn")
    capacity: int = option(1024, positive, "messages that may wait under a tag")
    latency_every: int = option(16, not_negative, "a latency of every n-th message; 0: none")


def resolve(config: MessagesConfig) -> MessagesConfig:
    """Derive what the command line left open; only fan-in has more than one sender."""
    producers = config.producers if config.pattern == "fan-in" else 1
    return dataclasses.replace(
        config,
        workers=config.workers or min(producers, physical_cores()),
        producers=producers,
        tags=config.tags if config.pattern == "selective" else 1,
        warmup=warmup_of(config),
    )


SUITE = Suite(
    name="messages",
    stem="messages",
    unit="messages",
    latency="send-to-receive",
    description="Behaviors send, main receives, for a fixed time. ping-pong: one behavior and "
    "main answer each other.",
    config=MessagesConfig,
    axes={
        "pattern": Axis(("pattern",), lambda: PATTERNS, one_of(*PATTERNS), are_kinds=True),
        "workers": Axis(("workers",), lambda: worker_steps(physical_cores())),
        "producers": Axis(("producers",), lambda: [1, 2, 4, 8]),
        "tags": Axis(("tags",), lambda: [1, 8, 64]),
        "size": Axis(("size",), lambda: [0, 64, 1024, 65536], not_negative),
    },
    axis="pattern",
    quick={"duration": 0.2},
    work="bocpy.bench.work.messages",
    resolve=resolve,
    problems=no_problems,
    timeout_s=timed_timeout_s,
)
