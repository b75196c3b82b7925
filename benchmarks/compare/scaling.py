#!/usr/bin/env python3
"""Measure how shapes scale with the number of workers, beside the newest published version.

Writes build/reports/scaling-VERSION.json and a page with plots beside it.  Efficiency is the
throughput over that of one worker, divided by the number of workers.
"""

import argparse
import json
import sys
import time
from html import escape
from pathlib import Path

import plots
import report
from contenders import gather
from environments import ENVIRONMENTS, REPORTS, ROOT, Base, machine
from measure import Bench, Limits, measure
from page import STYLE, table
from rows import Row

WORKERS = (1, 2, 4, 8, 15)
ROUNDS = 5
RUN_S = 0.3
RESULTS = Path(__file__).resolve().parent / "results"

# Shape: program, title, most steps for each worker, fewest.
SHAPES = {
    "chains": ("scheduling", "independent chains, empty bodies", 200_000, 200),
    "chains_100us": ("scheduling", "independent chains, bodies of 100 us", 3_000, 200),
    "fan_out_1000": ("scheduling", "fan-out from main, 1000 cowns", 200_000, 200),
    "index_demo": ("demo", "index demo, per file", 120, 120),
}


def rows_for(workers: list[int]) -> list[Row]:
    """A row for each shape and number of workers."""
    rows = []
    for shape, (program, title, count, least) in SHAPES.items():
        for number in workers:
            is_fixed = count == least
            most = count if is_fixed else count * number
            rows.append(Row(shape, number, program, "Scaling", title, most, least))
    return rows


def median_of(entry: report.Document, name: str) -> float | None:
    """What a contender needed per step."""
    return entry["ours_ns"] if name == "ours" else entry["peers"].get(name)


def efficiencies(entries: list[report.Document], name: str) -> dict[str, dict[int, float]]:
    """Shape, number of workers: throughput per worker, over that of one worker."""
    found: dict[str, dict[int, float]] = {}
    alone = {e["shape"]: median_of(e, name) for e in entries if e["workers"] == 1}
    for entry in entries:
        own, one = median_of(entry, name), alone.get(entry["shape"])
        if own and one:
            share = one / own / entry["workers"]
            found.setdefault(entry["shape"], {})[entry["workers"]] = round(share, 3)
    return found


def render(document: report.Document) -> str:
    """The page: a plot and a table for each shape."""
    names = list(document["contenders"].values())
    parts = [
        f"<h1>bocpy over the number of workers, CPython {document['python']}</h1>",
        f"<p>{escape(document['machine'])}; {document['date']}. Nanoseconds per step.</p>",
    ]
    if not plots.is_available():
        parts.append("<p>There are no plots, since matplotlib is not installed.</p>")
    for shape, (_, title, _, _) in SHAPES.items():
        entries = [entry for entry in document["rows"] if entry["shape"] == shape]
        parts.append(f"<h2>{escape(title)}</h2>")
        if plots.is_available():
            lines = {
                name: [(e["workers"], 1e9 / ns) for e in entries if (ns := median_of(e, name))]
                for name in names
            }
            parts.append(plots.curves(title, "steps per second", lines))
        shares = [document["efficiency"][name].get(shape, {}) for name in names]
        rows = []
        for entry in entries:
            cells = [str(entry["workers"])]
            for name, share in zip(names, shares, strict=True):
                cells.append(report.cell_text(entry["cells"][name]))
                part = share.get(entry["workers"])
                cells.append("" if part is None else f"{part:.2f}")
            rows.append(cells)
        head = ["workers"]
        for name in names:
            head += [escape(name), "efficiency"]
        parts.append(table(head, rows))
    body = "\n".join(parts)
    return f"<!doctype html>\n<meta charset='utf-8'>\n<style>{STYLE}</style>\n{body}\n"


def numbers(text: str) -> list[int]:
    """Convert an option that lists numbers of workers."""
    found = [int(each) for each in text.split(",")]
    if not found or min(found) < 1:
        raise argparse.ArgumentTypeError(f"not numbers of workers: {text}")
    return found


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scaling.py", description=__doc__.split("\n\n")[0])
    parser.add_argument("--workers", type=numbers, default=list(WORKERS), metavar="N,N...")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"runs per row ({ROUNDS})")
    parser.add_argument("--python", default=sys.executable, help="the interpreter")
    parser.add_argument("--package", type=Path, metavar="FOLDER", help="ours as built in FOLDER")
    parser.add_argument("--without", action="append", default=[], metavar="KEY")
    parser.add_argument("--commit", action="store_true", help="keep the result in results/")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Install, run, report."""
    options = parse(arguments)
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    REPORTS.mkdir(parents=True, exist_ok=True)
    base = Base.of(options.python)
    skipped = ["bocpy-0.6.0", "dask", "ray", "threads", *options.without]
    contenders = gather(base, options.package, skipped)
    rows = rows_for(options.workers)
    bench = Bench(Limits(), time.monotonic)
    cells = measure(contenders, rows, options.rounds, RUN_S * 1e9, bench)
    facts = {"python": base.label, "machine": machine(), "date": time.strftime("%Y-%m-%d")}
    document = report.make(contenders, rows, cells, [], {}, facts)
    document["efficiency"] = {
        each.name: efficiencies(document["rows"], each.name) for each in contenders
    }
    stored = REPORTS / f"scaling-{base.label}.json"
    text = json.dumps(document, indent=1) + "\n"
    stored.write_text(text, encoding="utf-8")
    stored.with_suffix(".html").write_text(render(document), encoding="utf-8")
    report.print_rows(document)
    for name, shapes in document["efficiency"].items():
        for shape, shares in shapes.items():
            print(f"efficiency of {name}, {shape}:", shares)
    print(stored.relative_to(ROOT))
    if options.commit:
        RESULTS.mkdir(exist_ok=True)
        kept = RESULTS / f"scaling-{'.'.join(base.version.split('.')[:2])}.json"
        kept.write_text(text, encoding="utf-8")
        print(kept.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
