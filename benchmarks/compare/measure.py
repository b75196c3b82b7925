"""Runs the contenders, taking turns, and collects what they say."""

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from launch import Fails, Hangs
from rows import Lifecycle, Row

HANGS_MAX = 2  # after that many a contender is not started again in the row
LIMIT_LEAST_S = 10.0
LIMIT_FACTOR = 20.0
PILOT_GROWTH = 10


class Runs(Protocol):
    """What is measured: see contenders.py."""

    @property
    def name(self) -> str: ...
    def run(self, row: Row, count: int, limit: float) -> dict[str, Any]: ...
    def lifecycle(self, row: Lifecycle, limit: float) -> dict[str, Any]: ...


@dataclass
class Cell:
    """What one contender did in one row."""

    values: list[float] = field(default_factory=list)
    count: int = 0
    hangs: int = 0
    note: str = ""
    is_over: bool = False

    @property
    def median(self) -> float | None:
        """The median; None if there is nothing, or if it hung too often."""
        return statistics.median(self.values) if self.values and not self.gave_up else None

    @property
    def gave_up(self) -> bool:
        """Whether it hung too often."""
        return self.hangs >= HANGS_MAX

    @property
    def spread(self) -> tuple[float, float] | None:
        """A quarter of the runs was faster than the first, a quarter slower than the second."""
        if self.median is None:
            return None
        if len(self.values) == 1:
            return self.values[0], self.values[0]
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return low, high


class Limits:
    """How long a run of a row may take: far longer than the slowest one that ended."""

    def __init__(self, least: float = LIMIT_LEAST_S) -> None:
        self.least = least
        self.slowest: dict[str, float] = {}

    def of(self, row: str) -> float:
        """Seconds."""
        return max(self.least, LIMIT_FACTOR * self.slowest.get(row, 0.0))

    def note(self, row: str, seconds: float) -> None:
        """Remember what a run took that ended."""
        self.slowest[row] = max(self.slowest.get(row, 0.0), seconds)


def in_turn(contenders: Sequence[Any], turn: int) -> list[Any]:
    """The contenders, starting with another one each turn."""
    at = turn % len(contenders)
    return [*contenders[at:], *contenders[:at]]


def steps_for(row: Row, pilot_ns: float, run_ns: float) -> int:
    """How many steps take about *run_ns*, if one takes *pilot_ns*; within what the row allows."""
    return max(row.least, min(row.count, round(run_ns / max(pilot_ns, 1.0))))


def attempt(cell: Cell, name: str, call: Callable[[], dict[str, Any]]) -> float | None:
    """Run once; return the value, or note in the cell why there is none."""
    try:
        result = call()
    except Hangs:
        cell.hangs += 1
        cell.is_over = cell.gave_up
        print(f"{name} hangs", file=sys.stderr)
        return None
    except Fails as error:
        cell.note, cell.is_over = f"fails: {error}", True
        print(f"{name} fails: {error}", file=sys.stderr)
        return None
    if result.get("missing"):
        cell.is_over = True
        return None
    if "count" in result and result["total"] != result["count"]:
        cell.note, cell.is_over = f"did {result['total']} of {result['count']} steps", True
        cell.values.clear()
        print(f"{name} {cell.note}", file=sys.stderr)
        return None
    return float(result["value"])


@dataclass
class Bench:
    """What all runs of a comparison have in common."""

    limits: Limits
    clock: Callable[[], float]

    def run(self, contender: Runs, row: Row, cell: Cell, count: int) -> float | None:
        """Run *count* steps once; return what one of them took, or None."""
        limit = self.limits.of(row.name)
        began = self.clock()
        label = f"{row.name}: {contender.name}"
        value = attempt(cell, label, lambda: contender.run(row, count, limit))
        if value is not None:
            self.limits.note(row.name, self.clock() - began)
        return value

    def find_count(self, contender: Runs, row: Row, cell: Cell, run_ns: float) -> None:
        """Find out how many steps take about *run_ns*: from few on, until a run tells enough."""
        count = row.pilot
        while not cell.is_over:
            value = self.run(contender, row, cell, count)
            if value is None:
                continue
            cell.count = steps_for(row, value, run_ns)
            if cell.count <= PILOT_GROWTH * count:
                return
            count *= PILOT_GROWTH


def measure(
    contenders: Sequence[Runs], rows: Sequence[Row], rounds: int, run_ns: float, bench: Bench
) -> dict[tuple[str, str], Cell]:
    """Run every row with every contender; a cell for each pair of their names.

    In each round the contenders take turns, row by row, so that a slow minute of the machine hits
    all of them.  Short runs before the first round tell how many steps of a row a contender does in
    *run_ns*.
    """
    cells = {(row.name, each.name): Cell(count=row.least) for row in rows for each in contenders}
    for turn in range(rounds + 1):
        is_pilot = turn == 0
        print("pilot round" if is_pilot else f"round {turn} of {rounds}", file=sys.stderr)
        for row in rows:
            if is_pilot and row.count == row.least:
                continue
            for contender in in_turn(contenders, turn):
                cell = cells[row.name, contender.name]
                if is_pilot:
                    bench.find_count(contender, row, cell, run_ns)
                elif not cell.is_over:
                    value = bench.run(contender, row, cell, cell.count)
                    if value is not None:
                        cell.values.append(value)
    return cells


def measure_lifecycle(
    contenders: Sequence[Runs], rows: Sequence[Lifecycle], rounds: int, limits: Limits
) -> dict[tuple[str, str], Cell]:
    """The same for what lifecycle.py measures; there is nothing to be found out before."""
    cells = {(row.kind, each.name): Cell() for row in rows for each in contenders}
    for turn in range(rounds):
        for row in rows:
            for contender in in_turn(contenders, turn):
                cell = cells[row.kind, contender.name]
                if cell.is_over:
                    continue
                limit, measure_it = limits.least * 3, contender.lifecycle
                label = f"{row.kind}: {contender.name}"
                value = attempt(cell, label, lambda: measure_it(row, limit))
                if value is not None:
                    cell.values.append(value)
    return cells
