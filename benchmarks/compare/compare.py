#!/usr/bin/env python3
"""Time this bocpy beside versions published on PyPI, and what else a user would pick.

Each contender lives in a virtual environment of its own, build/compare/VERSION/NAME.  Every run is
a fresh process; the contenders take turns within each round.  A row is the median over the rounds.
The table goes to the terminal, everything to build/reports/compare-VERSION.json, and a page with
plots beside it.  The exit code is 0 when ours is faster than published versions in every row but
those in which the bodies are what takes time.
"""

import argparse
import json
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

import page
import report
from contenders import gather
from environments import ENVIRONMENTS, REPORTS, ROOT, Base, machine
from measure import Bench, Limits, measure, measure_lifecycle
from rows import LARGE_LEAST, LIFECYCLE, ROWS, SHAPES, Row

RESULTS = Path(__file__).resolve().parent / "results"
ROUNDS, QUICK_ROUNDS = 7, 5
RUN_S, QUICK_RUN_S = 0.3, 0.12
SMOKE_COUNT = 20
STANDARD_LIBRARY_ONLY = ("bocpy-0.6.0", "bocpy-newest", "dask", "ray")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="compare.py", description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="five rounds of shorter runs")
    parser.add_argument("--rounds", type=int, help=f"runs per row and contender ({ROUNDS})")
    parser.add_argument(
        "--only", action="append", default=[], choices=SHAPES, metavar="SHAPE",
        help=f"this shape; repeatable: {', '.join(SHAPES)}",
    )  # fmt: skip
    parser.add_argument(
        "--without", action="append", default=[], metavar="KEY",
        help="leave a contender out: bocpy-0.6.0, bocpy-newest, threads, processes, ...",
    )  # fmt: skip
    parser.add_argument("--python", default=sys.executable, help="the interpreter for all of them")
    parser.add_argument(
        "--package", type=Path, metavar="FOLDER", help="ours as built in FOLDER, not as a wheel"
    )
    parser.add_argument(
        "--installed", action="store_true", help="ours as this interpreter has it, not as a wheel"
    )
    parser.add_argument(
        "--smoke", action="store_true",
        help="one tiny run of each row, without what comes from PyPI: does the harness work?",
    )  # fmt: skip
    parser.add_argument(
        "--commit", action="store_true", help="keep the result in results/, for the documentation"
    )
    parser.add_argument(
        "--report-only", action="store_true", help="exit with 0 whatever the ratios are"
    )
    options = parser.parse_args(arguments)
    if options.smoke:
        options.without += STANDARD_LIBRARY_ONLY
    if options.rounds is None:
        options.rounds = 1 if options.smoke else QUICK_ROUNDS if options.quick else ROUNDS
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if options.installed:
        import bocpy

        options.package = Path(bocpy.__file__).absolute().parent.parent
    return options


def rows_for(options: argparse.Namespace) -> list[Row]:
    """The rows that are asked for; a smoke run does a few steps of each shape."""
    rows = [row for row in ROWS if not options.only or row.shape in options.only]
    if options.smoke:
        largest = {row.shape: row for row in rows if row.least != LARGE_LEAST}
        rows = [replace(row, count=SMOKE_COUNT, least=SMOKE_COUNT) for row in largest.values()]
    return rows


def run(options: argparse.Namespace) -> tuple[report.Document, list[str]]:
    """Install and measure; return the document, and the names of published versions."""
    base = Base.of(options.python)
    contenders = gather(base, options.package, options.without)
    rows = rows_for(options)
    lifecycle = [] if options.only or options.smoke else LIFECYCLE
    run_ns = (QUICK_RUN_S if options.quick else RUN_S) * 1e9
    began = time.monotonic()
    limits = Limits()
    cells = measure(contenders, rows, options.rounds, run_ns, Bench(limits, time.monotonic))
    lifecycle_cells = measure_lifecycle(contenders, lifecycle, options.rounds, limits)
    facts = {
        "python": base.label,
        "machine": machine(),
        "date": time.strftime("%Y-%m-%d"),
        "rounds": options.rounds,
        "seconds": round(time.monotonic() - began),
    }
    document = report.make(contenders, rows, cells, lifecycle, lifecycle_cells, facts)
    return document, [each.name for each in contenders if each.is_published]


def main(arguments: list[str] | None = None) -> int:
    """Install, run, report."""
    options = parse(arguments)
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    REPORTS.mkdir(parents=True, exist_ok=True)
    document, published = run(options)
    stem = "compare-smoke" if options.smoke else f"compare-{document['python']}"
    stored = REPORTS / f"{stem}.json"
    stored.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    shown = REPORTS / f"{stem}.html"
    shown.write_text(page.render(document), encoding="utf-8")
    report.print_rows(document)
    report.print_lifecycle(document)
    if not options.smoke:
        report.print_targets(document)
    print(stored.relative_to(ROOT), shown.relative_to(ROOT))
    if options.commit:
        RESULTS.mkdir(exist_ok=True)
        kept = RESULTS / f"{'.'.join(document['python'].split('.')[:2])}.json"
        shutil.copy(stored, kept)
        print(kept.relative_to(ROOT))
    complaints = report.not_faster(document, published)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 0 if options.report_only or not complaints else 1


if __name__ == "__main__":
    sys.exit(main())
