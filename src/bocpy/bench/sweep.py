"""Run all points of a sweep, one repeat after the other."""

import dataclasses
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bocpy.bench import child, document, summary
from bocpy.bench.options import Config
from bocpy.bench.suite import Suite, TimedConfig, physical_cores, text_of

_START_S = 1.0  # what a process needs beside its measurement, for the estimate
_FIXED_WORK_S = 1.0  # what it is thought to take
_SHORT_S = 0.1  # what a fixed work should at least take


@dataclass(frozen=True)
class Point:
    """A value of the axis, None without one, and all options at it."""

    value: Any
    config: Config


def plan(suite: Suite, base: Config, axis: str, values: Sequence[Any]) -> list[Point]:
    """Return the points of a sweep.

    Raises:
        ValueError: if the options of a point do not go together; says all that is wrong.
    """
    if axis == "none":
        points = [Point(None, suite.resolve(base))]
    else:
        swept = suite.axes[axis]
        points = [Point(value, suite.resolve(swept.apply(base, value))) for value in values]
    wrong = {problem: None for point in points for problem in suite.problems(point.config)}
    if wrong:
        raise ValueError("; ".join(wrong))
    return points


def describe(suite: Suite, base: Config, axis: str, values: Sequence[Any]) -> dict[str, Any]:
    """Return what the document says about a sweep."""
    swept = () if axis == "none" else suite.axes[axis].fields
    fixed = {k: v for k, v in dataclasses.asdict(base).items() if k not in swept}
    return {"axis": axis, "values": [text_of(value) for value in values], "fixed": fixed}


def warnings(points: Sequence[Point], repeats: int) -> list[str]:
    """Return what the reader of the figures should know, before anything ran."""
    found = []
    config = points[0].config
    if isinstance(config, TimedConfig) and config.duration < 1:
        found.append(f"a duration of {config.duration:g} s is short: the figures will vary")
    cores = physical_cores()
    most = max(point.config.workers or 1 for point in points)
    if most > cores:
        found.append(f"{most} workers on {cores} physical cores: they share cores")
    if repeats == 1:
        found.append("one repeat has no spread, and no interval: --repeats 5")
    return found


class Sweep:
    """A sweep that runs, and its document, which is on disk after every point."""

    def __init__(self, suite: Suite, points: list[Point], repeats: int, path: Path) -> None:
        self.suite = suite
        self.points = points
        self.repeats = repeats
        self.path = path

    def run(self, result: document.Document) -> bool:
        """Fill in *result*; return False if Ctrl-C ended it. Nothing is raised for a failure."""
        facts = result["metadata"]
        self._announce(facts["warnings"])
        finished = True
        try:
            for point in self.points:
                self._run_point(point, result)
        except KeyboardInterrupt:
            facts["interrupted"] = True
            _say("interrupted: what was finished is kept")
            finished = False
        facts["finished_at"] = document.now()
        document.write(result, self.path)
        return finished

    def _announce(self, found: Sequence[str]) -> None:
        for warning in found:
            _say(f"warning: {warning}")
        total = sum(_START_S + _measured_s(p.config) for p in self.points) * self.repeats
        runs = len(self.points) * self.repeats
        _say(f"{self.suite.name}: {runs} {'run' if runs == 1 else 'runs'}, about {total:.0f} s")

    def _run_point(self, point: Point, result: document.Document) -> None:
        repeats: list[dict[str, Any]] = []
        entry: dict[str, Any] = {
            "value": None if point.value is None else text_of(point.value),
            "inputs": dataclasses.asdict(point.config),
            "repeats": repeats,
            "error": None,
        }
        try:
            for index in range(self.repeats):
                repeats.append({"repeat_index": index, **self._repeat(point, index)})
        except child.ChildError as error:
            _say(f"  ERROR: {error}\n{error.stderr_tail}")
            entry["error"] = {"message": str(error), "stderr_tail": error.stderr_tail}
        finally:  # a point that Ctrl-C ended keeps the repeats that it has
            if repeats or entry["error"]:
                entry.update(summary.throughput_summary([r["throughput"] for r in repeats]))
                result["points"].append(entry)
                document.write(result, self.path)
        for warning in self._doubts(repeats):
            _say(f"warning: {warning}")
            result["metadata"]["warnings"].append(warning)

    def _repeat(self, point: Point, index: int) -> dict[str, Any]:
        where = "" if point.value is None else f" {text_of(point.value)}"
        _say(f"{self.suite.name}{where}, repeat {index + 1} of {self.repeats}", end=": ")
        found = child.spawn(self.suite, point.config)
        latency = found["latency_ns"]
        late = f", p99 {latency['p99'] / 1000:.1f} us" if latency else ""
        _say(f"{found['throughput']:,.1f} {self.suite.unit}/s{late}")
        return found

    def _doubts(self, repeats: Sequence[dict[str, Any]]) -> Iterator[str]:
        """Say what makes the figures of a point doubtful."""
        if any(repeat["throughput"] == 0 for repeat in repeats):
            yield f"no {self.suite.unit} ended in the time measured: use a longer --duration"
        shortest = min((repeat["elapsed_s"] for repeat in repeats), default=_SHORT_S)
        if not isinstance(self.points[0].config, TimedConfig) and shortest < _SHORT_S:
            yield f"all was done in {shortest:.3f} s: use a longer --min-time"


def _measured_s(config: Config) -> float:
    if isinstance(config, TimedConfig):
        return config.duration + (config.warmup or 0.0)
    return _FIXED_WORK_S


def _say(text: str, end: str = "\n") -> None:
    print(text, end=end, file=sys.stderr, flush=True)
