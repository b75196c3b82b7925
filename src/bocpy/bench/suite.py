"""What a suite is: its options, the axes that it can sweep, its rules."""

import argparse
import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bocpy import _core
from bocpy.bench.options import Config, duration, option, positive, seconds

type Values = Callable[[], Sequence[Any]]


@dataclasses.dataclass(frozen=True)
class Axis:
    """An option, or several that belong together, that a sweep varies."""

    fields: tuple[str, ...]
    values: Values  # what is swept unless the command line says
    parse: Callable[[str], Any] = positive
    are_kinds: bool = False  # not sizes: each is something else, and --quick has all of them

    def apply[C: Config](self, config: C, value: Any) -> C:
        """Return *config* with *value* for the fields of the axis."""
        parts = value if len(self.fields) > 1 else (value,)
        return dataclasses.replace(config, **dict(zip(self.fields, parts, strict=True)))


@dataclasses.dataclass(frozen=True)
class Suite:
    """A kind of workload. The functions get configurations of the type `config`."""

    name: str
    stem: str  # what the default name of the result file starts with
    unit: str  # what is counted
    latency: str  # what the latencies are of
    description: str
    config: type[Config]
    axes: Mapping[str, Axis]
    axis: str  # what is swept unless the command line says
    quick: Mapping[str, Any]  # defaults under --quick
    work: str  # the module that has `run`
    resolve: Callable[[Any], Any]  # derives what is None
    problems: Callable[[Any], Iterator[str]]  # of a configuration that is resolved
    timeout_s: Callable[[Any], float]


@dataclasses.dataclass(frozen=True, kw_only=True)
class TimedConfig(Config):
    """Options of suites that count for a fixed time."""

    duration: float = option(2.0, duration, "seconds that are measured")
    warmup: float | None = option(
        None, seconds, "seconds before, which count for nothing: a tenth of the duration, at most 1"
    )


def warmup_of(config: TimedConfig) -> float:
    """Return the seconds of warming up."""
    return min(1.0, config.duration / 10) if config.warmup is None else config.warmup


def timed_timeout_s(config: TimedConfig) -> float:
    """Return the seconds after which a repeat for a fixed time is given up."""
    return max(3 * config.duration + 30, config.duration + warmup_of(config) + 60)


def no_problems(config: Config) -> Iterator[str]:
    """Say nothing: what the types of the options allow is fine."""
    return iter(())


def workers_option(default: str) -> Any:
    """Declare the number of workers."""
    return option(None, positive, f"number of workers, when they are not swept: {default}")


def physical_cores() -> int:
    """Return the physical cores that this process may use, or the logical ones if unknown."""
    physical, logical = _core._cpu_counts()
    return physical or logical or 1


def worker_steps(cap: int) -> list[int]:
    """Return 1, 2, 4, 8 and *cap*, up to 16 and to *cap*."""
    cap = max(1, min(16, cap))
    return sorted({1, 2, 4, 8, cap} - set(range(cap + 1, 9)))


def logical_cores() -> int:
    """Return the logical cores of the machine."""
    return os.cpu_count() or 1


def payload_size(text: str) -> tuple[int, int]:
    """Convert ``ROWSxCOLUMNS``."""
    rows, cross, columns = text.partition("x")
    if not cross:
        raise argparse.ArgumentTypeError(f"not ROWSxCOLUMNS: {text!r}")
    return positive(rows), positive(columns)


def text_of(value: Any) -> str:
    """Return a value of an axis as it is written on the command line."""
    return "x".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
