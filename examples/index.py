"""Index source trees in parallel, and compare with other ways to do it.

Parses every Python file of the given trees, the standard library by default, and prints the names
called most, the modules imported most, and the files that do not parse. The same work is done in
sequence, in two separate processes, and in behaviors on one and more workers; a table shows how
long each took, and the last line says whether all of them found the same.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import TextIOWrapper
from typing import Any

from ._index_behaviors import run_behaviors
from ._index_processes import run_processes
from ._options import positive
from ._progress import progress
from ._source_index import (
    SKIPPED,
    TESTS,
    Outcome,
    Shard,
    Source,
    Summary,
    Table,
    find_sources,
    make_batches,
    run_sequential,
    standard_library,
)

#: Enough batches that no worker is left idle for long at the end.
BATCHES_PER_WORKER = 24

#: More workers than this are only compared when asked for.
WORKERS_MAX = 8


@dataclass
class Row:
    """One line of the table: a way to do the work, and how long that took each time."""

    mode: str
    workers: int
    run: Callable[[int], Outcome]
    seconds: list[float] = field(default_factory=list)

    @property
    def best(self) -> float:
        """The time of the fastest run: the one that was disturbed least."""
        return min(self.seconds)


@dataclass
class Report:
    """What the trees contain, how long each way to find out took, and whether all ways agree."""

    title: str
    tables: tuple[Table, Table, Table]
    summary: Summary
    rows: list[Row]
    equal: bool


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; *argv* defaults to the arguments of the process.

    Returns:
        0 if all ways to do the work found the same, 1 if not, 130 if interrupted.
    """
    parser = make_parser()
    options = parser.parse_args(argv)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # file names can be any bytes
    sources = read_trees(parser, options)
    if options.json:
        try:
            open(options.json, "a").close()
        except OSError as error:
            parser.error(f"cannot write {options.json}: {error.strerror}")
    try:
        report = compare(sources, options)
    except KeyboardInterrupt:
        print("bocpy-index: interrupted", file=sys.stderr)
        return 130
    if not options.quiet:
        print_findings(report, options.top)
    print_table(report)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(as_dict(report, options.top), file, indent=2)
            file.write("\n")
    print(f"parallel result equals sequential: {'yes' if report.equal else 'no'}")
    return 0 if report.equal else 1


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="bocpy-index", description="Index Python source trees in parallel behaviors."
    )
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="files and trees (the standard library)"
    )
    parser.add_argument(
        "-w", "--workers", type=positive, help="compare 1 to N workers (one per processor)"
    )
    parser.add_argument("-n", "--top", type=positive, default=10, help="names to print (10)")
    parser.add_argument(
        "-r", "--repeat", type=positive, default=5, help="rounds; the best counts (5)"
    )
    parser.add_argument("-j", "--json", metavar="FILE", help="write what was found to FILE, too")
    parser.add_argument(
        "-t", "--tests", action="store_true", help="tests of the standard library, too"
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="no progress and no findings, only the table"
    )
    return parser


def read_trees(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[Source]:
    """List the files to index; leave with an error if there are none."""
    paths = options.paths or standard_library()
    skipped = SKIPPED if options.paths or options.tests else SKIPPED | TESTS
    try:
        sources = find_sources(paths, skipped)
    except FileNotFoundError as error:
        parser.error(f"no such file or directory: {error}")
    if not sources:
        parser.error(f"no Python files in {', '.join(paths)}")
    return sources


def processors() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def compare(sources: list[Source], options: argparse.Namespace) -> Report:
    """Index *sources* in every way, several times in turn, so that a disturbance hits them all."""
    workers = options.workers or max(2, min(processors(), WORKERS_MAX))
    batches = make_batches(sources, BATCHES_PER_WORKER * max(2, workers))
    rows = [
        Row("sequential", 1, partial(run_sequential, batches)),
        Row("two processes", 2, partial(run_processes, batches, 2)),
    ]
    for count in range(1, workers + 1):
        mode = "1 worker" if count == 1 else f"{count} workers"
        rows.append(Row(mode, count, partial(run_behaviors, batches, count)))
    reference: tuple[list[Shard], Summary] | None = None
    equal = True
    for turn in range(1, options.repeat + 1):
        for row in rows:
            label = f"round {turn} of {options.repeat}, {row.mode:13}"
            with progress(label, len(batches), not options.quiet) as pipe:
                shards, summary, seconds = row.run(pipe)
            row.seconds.append(seconds)
            if reference is None:
                reference = shards, summary
            equal = equal and (shards, summary) == reference
    assert reference is not None
    shards, summary = reference
    tables: tuple[Table, Table, Table] = ({}, {}, {})
    for shard in shards:
        for table, part in zip(tables, shard, strict=True):
            table.update(part)
    title = ", ".join(options.paths) or f"standard library of Python {platform.python_version()}"
    return Report(title, tables, summary, rows, equal)


def ranking(table: Table, count: int) -> list[tuple[str, int]]:
    """Return the *count* most frequent names with their frequencies."""
    return sorted(table.items(), key=lambda item: (-item[1], item[0]))[:count]


def print_findings(report: Report, top: int) -> None:
    """Print what the trees contain."""
    calls, definitions, imports = report.tables
    files, lines, size, failures = report.summary
    print(f"{report.title}: {files:,} files, {lines:,} lines, {size / 1e6:,.1f} MB")
    print(
        f"{sum(definitions.values()):,} definitions, {sum(calls.values()):,} calls of "
        f"{len(calls):,} names, {sum(imports.values()):,} edges in the import graph"
    )
    print(f"\n{'most called':40} {'calls':>8} {'definitions':>12}")
    for name, count in ranking(calls, top):
        print(f"  {name:38} {count:8,} {definitions.get(name, 0):12,}")
    print(f"\n{'hubs of the import graph':40} {'modules that import it':>21}")
    for name, count in ranking(imports, top):
        print(f"  {name:38} {count:21,}")
    print(f"\nfiles that cannot be read or parsed: {len(failures)}")
    for path, reason in failures:
        print(f"  {path}: {reason}")
    print()


def print_table(report: Report) -> None:
    """Print how long each way to do the work took."""
    files, _, size, _ = report.summary
    rows = report.rows
    print(f"{'':16} {'seconds':>8} {'speed-up':>9} {'files/s':>9} {'MB/s':>7}")
    for row in rows:
        print(
            f"{row.mode:16} {row.best:8.3f} {rows[0].best / row.best:9.2f} "
            f"{files / row.best:9,.0f} {size / row.best / 1e6:7.2f}"
        )
    turns = len(rows[0].seconds)
    times = f"the best of {turns} interleaved rounds" if turns > 1 else "one round"
    print(f"Each time is {times}, from all warmed up to everything merged.")
    share = share_of_processes(rows)
    if share is not None:
        print(f"two workers reach {share:.2f} of the speed-up of two processes")


def share_of_processes(rows: list[Row]) -> float | None:
    """Return the speed-up of two workers in terms of that of two processes, if both were timed."""
    two = {row.mode: row.best for row in rows if row.workers == 2}
    return two["two processes"] / two["2 workers"] if "2 workers" in two else None


def as_dict(report: Report, top: int) -> dict[str, Any]:
    """Return the report in the form in which it is written as JSON."""
    calls, definitions, imports = report.tables
    files, lines, size, failures = report.summary
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processors": processors(),
        "tree": report.title,
        "files": files,
        "lines": lines,
        "bytes": size,
        "definitions": sum(definitions.values()),
        "calls": sum(calls.values()),
        "most_called": dict(ranking(calls, top)),
        "hubs": dict(ranking(imports, top)),
        "failures": dict(failures),
        "rows": [
            {
                "mode": row.mode,
                "workers": row.workers,
                "seconds": row.seconds,
                "best": row.best,
                "speed_up": report.rows[0].best / row.best,
                "files_per_second": files / row.best,
                "bytes_per_second": size / row.best,
            }
            for row in report.rows
        ],
        "two_workers_per_two_processes": share_of_processes(report.rows),
        "equal": report.equal,
    }


if __name__ == "__main__":
    sys.exit(main())
