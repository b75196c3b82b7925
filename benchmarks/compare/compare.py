#!/usr/bin/env python3
"""Time this bocpy beside versions published on PyPI.

Each contender lives in a virtual environment of its own, build/compare/NAME.  Every run is a
fresh process; the contenders take turns within each round, so that a slow minute of the machine
hits all of them.  A row is the median over the rounds.  The table goes to the terminal and to
build/reports/compare-PYTHON.json.  The exit code is 0 when every ratio is above 1.
"""

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ENVIRONMENTS = ROOT / "build" / "compare"
REPORTS = ROOT / "build" / "reports"

# Each shape with the share of the behaviors (or messages, updates) that it gets, since slow ones
# run fewer, and with the numbers of workers that it runs with.
SHAPES = {
    "fan_out": (1, (1, 2)),
    "nested_chain": (1, (1, 2)),
    "list_chain": (10, (1, 2)),
    "send_receive": (1, (1,)),
    "ping_pong": (5, (2,)),
    "board_read": (1, (1, 2)),
    "board_update": (5, (1,)),
}

# What lifecycle.py measures, and how a row says it.
LIFECYCLE = {
    "import": "import bocpy, ms",
    "first": "first start and stop, 2 workers, ms",
    "behavior": "first start, behavior and stop, ms",
    "restart": "start and stop again, ms",
    "memory": "memory of a worker above a bare interpreter, KiB",
}
ROUNDS = 5
HANG_S = 60  # far above what any run takes
FIRST_EXPLICIT = (0, 11)  # from this version on, captures are written as defaults


@dataclass
class Contender:
    """One implementation, installed in an environment of its own."""

    name: str
    python: Path
    script: Path

    def run(self, shape: str, workers: int, count: int) -> float:
        """Nanoseconds per behavior, of one fresh process; infinity if it hangs."""
        command = [self.python, self.script, shape, str(workers), str(count)]
        try:
            done = subprocess.run(
                command,
                stdout=subprocess.PIPE,
                text=True,
                timeout=HANG_S,
                check=True,
                env=clean_env(),
            )
        except subprocess.TimeoutExpired:
            print(f"{self.name}: {shape} hangs", file=sys.stderr)
            return math.inf
        result = json.loads(done.stdout.splitlines()[-1])
        if result["total"] != count:
            raise SystemExit(f"{self.name}: {shape} did {result['total']} of {count} behaviors")
        return float(result["ns"])

    def lifecycle(self, kind: str) -> float:
        """What lifecycle.py measures, of one fresh process."""
        done = subprocess.run(
            [self.python, HERE / "lifecycle.py", kind],
            stdout=subprocess.PIPE,
            text=True,
            timeout=300,
            check=True,
            env=clean_env(),
        )
        return float(json.loads(done.stdout.splitlines()[-1])["value"])


def clean_env() -> dict[str, str]:
    """The environment without what would lead one contender to another's package."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "BOCPY"))}


def call(*command: str | Path) -> str:
    """Run a command outside the checkout and return what it prints."""
    return subprocess.run(
        command, cwd=ENVIRONMENTS, stdout=subprocess.PIPE, text=True, check=True, env=clean_env()
    ).stdout


def environment(name: str) -> Path:
    """The interpreter of the environment called *name*, made if it is not there."""
    python = ENVIRONMENTS / name / "bin" / "python"
    marker = ENVIRONMENTS / name / ".version"
    if not (python.exists() and marker.exists() and marker.read_text() == sys.version):
        call(sys.executable, "-m", "venv", "--clear", ENVIRONMENTS / name)
        marker.write_text(sys.version)
    return python


def pip_install(python: Path, *arguments: str | Path) -> str:
    """Install into the environment of *python*; return the version of bocpy there."""
    quiet = ("-qq", "--disable-pip-version-check")
    call(python, "-m", "pip", "install", *quiet, *arguments)
    ask = "import importlib.metadata as m; print(m.version('bocpy'))"
    return call(python, "-c", ask).strip()


def published(name: str, requirement: str) -> Contender:
    """A version from PyPI; the newest is looked up again each time."""
    python = environment(name)
    version = pip_install(python, "--upgrade", requirement)
    explicit = tuple(int(part) for part in version.split(".")[:2]) >= FIRST_EXPLICIT
    script = HERE / ("shapes_explicit.py" if explicit else "shapes_implicit.py")
    return Contender(version, python, script)


def ours() -> Contender:
    """This checkout, as the wheel that a user would get."""
    python = environment("ours")
    wheels = ENVIRONMENTS / "wheels"
    build = ("--no-build-isolation", "--no-deps", "-qq", "--disable-pip-version-check")
    for old in wheels.glob("*.whl"):
        old.unlink()
    call(sys.executable, "-m", "pip", "wheel", *build, "-w", wheels, ROOT)
    pip_install(python, "--force-reinstall", "--no-deps", *wheels.glob("*.whl"))
    return Contender("ours", python, HERE / "shapes_implicit.py")


def machine() -> str:
    """The machine in words: processor, how many of them, system."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    usable = os.process_cpu_count() if sys.version_info >= (3, 13) else os.cpu_count()
    return f"{model}, {usable} CPUs, {platform.system()} {platform.machine()}"


def measure(contenders: list[Contender], count: int, rounds: int, only: list[str]) -> list[dict]:
    """One row for each shape, or those in *only*, and number of workers; ours is the first."""
    times: dict[tuple[str, int], dict[str, list[float]]] = {
        (shape, workers): {contender.name: [] for contender in contenders}
        for shape, (_, counts) in SHAPES.items()
        for workers in counts
        if not only or shape in only
    }
    for turn in range(rounds):
        print(f"round {turn + 1} of {rounds}", file=sys.stderr)
        order = contenders[turn % len(contenders) :] + contenders[: turn % len(contenders)]
        for (shape, workers), by_name in times.items():
            for contender in order:
                nanoseconds = contender.run(shape, workers, count // SHAPES[shape][0])
                by_name[contender.name].append(nanoseconds)

    rows = []
    for (shape, workers), by_name in times.items():
        medians = {name: statistics.median(values) for name, values in by_name.items()}
        ours_ns = medians.pop(contenders[0].name)
        rows.append(
            {
                "shape": shape,
                "workers": workers,
                "ours_ns": round(ours_ns, 1),
                "peers": {name: finite(ns, 1) for name, ns in medians.items()},
                "ratio": {name: finite(ns / ours_ns, 3) for name, ns in medians.items()},
            }
        )
    return rows


def finite(value: float, digits: int) -> float | None:
    """*value* rounded, for JSON; None for the infinity of a contender that hangs."""
    return round(value, digits) if math.isfinite(value) else None


def measure_lifecycle(contenders: list[Contender], rounds: int) -> list[dict]:
    """One row for each measurement: the median of every contender."""
    rows = []
    for kind, title in LIFECYCLE.items():
        values: dict[str, list[float]] = {contender.name: [] for contender in contenders}
        for turn in range(rounds):
            at = turn % len(contenders)
            for contender in contenders[at:] + contenders[:at]:
                values[contender.name].append(contender.lifecycle(kind))
        medians = {name: round(statistics.median(each), 2) for name, each in values.items()}
        rows.append({"kind": kind, "title": title, "medians": medians})
    return rows


def print_lifecycle(rows: list[dict]) -> None:
    """Show the rows, with how many times less ours is."""
    for row in rows:
        ours_value, *_ = row["medians"].values()
        cells = [
            f"{name} {value:.2f}" + (f" ({value / ours_value:.1f}x)" if ours_value > 0 else "")
            for name, value in row["medians"].items()
        ]
        print(f"{row['title']:<52}", ", ".join(cells))


def print_table(rows: list[dict]) -> None:
    """Show the rows; a ratio says how many times faster ours is."""
    peers = list(rows[0]["peers"])
    head = ["shape", "workers", "ours"]
    for peer in peers:
        head += [f"bocpy {peer}", "ratio"]
    print("".join(f"{title:>14}" for title in head), "  (ns per behavior)")
    for row in rows:
        cells = [row["shape"], str(row["workers"]), f"{row['ours_ns']:.0f}"]
        for peer in peers:
            ns, ratio = row["peers"][peer], row["ratio"][peer]
            cells += ["hangs", "-"] if ns is None else [f"{ns:.0f}", f"{ratio:.2f}"]
        print("".join(f"{cell:>14}" for cell in cells))


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer behaviors per run")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="runs per row and contender")
    parser.add_argument(
        "--only", action="append", default=[], choices=list(SHAPES), help="this shape; repeatable"
    )
    parser.add_argument(
        "--report-only", action="store_true", help="exit with 0 whatever the ratios are"
    )
    return parser.parse_args()


def main() -> int:
    """Install, run, report."""
    options = parse()
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    REPORTS.mkdir(parents=True, exist_ok=True)
    contenders = [
        ours(),
        published("bocpy-0.6.0", "bocpy==0.6.0"),
        published("bocpy-newest", "bocpy"),
    ]
    count = 20_000 if options.quick else 100_000
    rows = measure(contenders, count, options.rounds, options.only)
    lifecycle = [] if options.only else measure_lifecycle(contenders, options.rounds)
    version = platform.python_version()
    report = REPORTS / f"compare-{version}.json"
    text = json.dumps(
        {"python": version, "machine": machine(), "rows": rows, "lifecycle": lifecycle}, indent=2
    )
    report.write_text(text + "\n", encoding="utf-8")
    print_table(rows)
    print_lifecycle(lifecycle)
    print(report.relative_to(ROOT))
    slower = [
        (row["shape"], row["workers"])
        for row in rows
        if any(ratio is not None and ratio <= 1 for ratio in row["ratio"].values())
    ]
    for shape, workers in slower:
        print(f"not faster: {shape} with {workers} workers", file=sys.stderr)
    return 0 if options.report_only or not slower else 1


if __name__ == "__main__":
    sys.exit(main())
