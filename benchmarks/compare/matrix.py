#!/usr/bin/env python3
"""Time the operations of Matrix beside the published bocpy and NumPy.

Each contender lives in a virtual environment of its own, build/compare/NAME; every run is a fresh
process, and the contenders take turns.  A time is the lowest median over the rounds, a ratio the
median of the ratios of the rounds, so that a machine that is busy for a while does not decide.  The
table goes to the terminal and to build/reports/matrix-PYTHON.json.  The exit code is 0 when no row
is slower than the published bocpy by more than the tolerance, and each row of GOALS is faster by
its factor.  NumPy is there to look at.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
from operator import truediv
from pathlib import Path

from contenders import ours
from environments import (
    ENVIRONMENTS,
    REPORTS,
    ROOT,
    Base,
    clean_env,
    machine,
    pip_install,
    version_of,
)

ROWS = Path(__file__).resolve().parent / "matrix_rows.py"
PEER = "bocpy"  # what is compared with: a requirement, the newest by default
GOALS = {"matmul 256x256 @ 256x256": 3.0}
CROSSING_RATIO_MAX = 2.0
CROSSING = ("crossing 1 KiB", "crossing 64 MiB")


def run(python: Path, library: str, options: argparse.Namespace) -> dict[str, float]:
    """The rows of one fresh process."""
    command = [
        python, "-P", ROWS, library, "--warmup", str(options.warmup), "--only", options.only,
    ]  # fmt: skip
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=900, check=True,
        env=clean_env(),
    )  # fmt: skip
    return json.loads(done.stdout)["rows"]


def measure(contenders: dict[str, tuple[Path, str]], options: argparse.Namespace) -> list[dict]:
    """One row for each operation of ours: the times and ratios of each contender that has it."""
    times: dict[str, dict[str, list[float]]] = {name: {} for name in contenders}
    for turn in range(options.rounds):
        print(f"round {turn + 1} of {options.rounds}", file=sys.stderr)
        for name, (python, library) in contenders.items():
            for row, ns in run(python, library, options).items():
                times[name].setdefault(row, []).append(ns)
    own, *peers = contenders
    return [
        {
            "row": row,
            "ours_ns": round(min(ns), 1),
            "peers": {p: round(min(times[p][row]), 1) for p in peers if row in times[p]},
            "ratios": {
                p: round(statistics.median(map(truediv, times[p][row], ns)), 3)
                for p in peers
                if row in times[p]
            },
        }
        for row, ns in times[own].items()
    ]


def print_table(rows: list[dict], peers: list[str]) -> None:
    """Show the rows; a ratio says how many times faster ours is."""
    print(f"{'ns per call':32}{'ours':>12}" + "".join(f"{p:>14}{'ratio':>8}" for p in peers))
    for row in rows:
        cells = [f"{row['row']:32}{row['ours_ns']:12.0f}"]
        for peer in peers:
            ns = row["peers"].get(peer)
            text = f"{'-':>14}{'':8}" if ns is None else f"{ns:14.0f}{row['ratios'][peer]:8.2f}"
            cells.append(text)
        print("".join(cells))


def complaints(rows: list[dict], peer: str, tolerance: float) -> list[str]:
    """What is not as it should be, in sentences."""
    found = []
    for row in rows:
        ratio = row["ratios"].get(peer)
        goal = GOALS.get(row["row"], 1.0 - tolerance)
        if ratio is not None and ratio < goal:
            found.append(f"{row['row']}: {ratio:.2f} times {peer}, not {goal}")
    times = {row["row"]: row["ours_ns"] for row in rows}
    small, large = (times.get(name, 0.0) for name in CROSSING)
    if large > CROSSING_RATIO_MAX * small:
        found.append(f"64 MiB take {large / small:.2f} times as long to cross as 1 KiB")
    return found


def main() -> int:
    """Install, run, report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--rounds", type=int, default=7, help="processes of each contender")
    parser.add_argument("--warmup", type=int, default=30, help="milliseconds before each row")
    parser.add_argument("--only", default=".", help="a regular expression: rows to run")
    parser.add_argument("--peer", default=PEER, help="which published bocpy (the newest)")
    parser.add_argument("--tolerance", type=float, default=0.05, help="how much slower is equal")
    parser.add_argument("--report-only", action="store_true", help="exit with 0 whatever comes out")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.warmup = 1, 5
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    REPORTS.mkdir(parents=True, exist_ok=True)
    base = Base.of()
    own = ours(base).python
    published = base.environment("bocpy-matrix-peer")
    pip_install(published, "--upgrade", options.peer)
    name = f"bocpy {version_of(published)}"
    numpy = base.environment("numpy")
    pip_install(numpy, "numpy")
    contenders = {"ours": (own, "bocpy"), name: (published, "bocpy"), "numpy": (numpy, "numpy")}
    rows = measure(contenders, options)
    version = platform.python_version()
    report = REPORTS / f"matrix-{version}.json"
    text = json.dumps({"python": version, "machine": machine(), "rows": rows}, indent=2)
    report.write_text(text + "\n", encoding="utf-8")
    print_table(rows, [name, "numpy"])
    print(report.relative_to(ROOT))
    found = complaints(rows, name, options.tolerance)
    for sentence in found:
        print(sentence, file=sys.stderr)
    return 0 if options.report_only or not found else 1


if __name__ == "__main__":
    sys.exit(main())
