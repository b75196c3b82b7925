"""Count the instructions that a behavior costs, and hold them to a baseline.

Unlike time, the count hardly depends on the machine's load: two runs differ by less than 1 %. It
does depend on the compiler and on the Python version, so there is one baseline per version.

Usage: python instructions.py [--json FILE] [--update] [--runs N] [SHAPE...]
"""

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

from shapes import LONG, SHAPES, SHORT

import bocpy

HERE = pathlib.Path(__file__).parent
BASELINE = HERE / "baseline.json"
TOLERANCE = 0.03


def count(shapes: list[str]) -> dict[str, float]:
    """Return the instructions per behavior of each shape, in all threads together."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "callgrind.out"
        command = [
            "valgrind",
            "--tool=callgrind",
            f"--callgrind-out-file={out}",
            "--dump-before=getloadavg",
            "--fair-sched=yes",
            "-q",
            sys.executable,
            str(HERE / "shapes.py"),
            *shapes,
        ]
        environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": package_path()}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=900, check=False
        )
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        counts = {}
        for number, shape in enumerate(shapes):  # four dumps each: two runs, begin and end
            short, long = (total(out.with_name(f"{out.name}.{4 * number + at}")) for at in (2, 4))
            counts[shape] = (long - short) / ((LONG - SHORT) * SHAPES[shape][1])
    return counts


def total(path: pathlib.Path) -> int:
    """Return the instructions in one dump of callgrind's."""
    found = re.search(r"^(?:summary|totals): (\d+)", path.read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit(f"{path} holds no total")
    return int(found[1])


def package_path() -> str:
    """Return a PYTHONPATH with the package that is measured first."""
    package = str(pathlib.Path(bocpy.__file__).parents[1])
    return os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))


def python_version() -> str:
    return ".".join(platform.python_version_tuple()[:2])


def read_baseline() -> dict[str, dict[str, int]]:
    return json.loads(BASELINE.read_text()) if BASELINE.exists() else {}


def report(measured: dict[str, int], expected: dict[str, int]) -> bool:
    """Print a table; return whether everything is within the tolerance."""
    is_good = True
    for shape, instructions in measured.items():
        line = f"{shape:24} {instructions:8}"
        if shape in expected:
            change = instructions / expected[shape] - 1
            line += f"  {change:+7.1%} of {expected[shape]}"
            if change > TOLERANCE:
                line += "  too many"
                is_good = False
            elif change < -TOLERANCE:
                line += "  fewer: make bench-python UPDATE=1"
        else:
            line += "  no baseline"
        print(line)
    return is_good


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Count the instructions of behaviors.")
    parser.add_argument("--json", type=pathlib.Path, help="write the counts there")
    parser.add_argument("--update", action="store_true", help="make them the new baseline")
    parser.add_argument("--runs", type=int, default=1, help="print the spread of several runs")
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", help=", ".join(SHAPES))
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if shutil.which("valgrind") is None:
        print("bench-python: skipped, valgrind is not installed")
        return 0
    runs = [count(options.shapes or list(SHAPES)) for _ in range(options.runs)]
    measured = {shape: round(min(run[shape] for run in runs)) for shape in runs[0]}
    for shape in measured if options.runs > 1 else ():
        low, high = (pick(run[shape] for run in runs) for pick in (min, max))
        print(f"{shape:24} {low:10.1f} {high:10.1f}  spread {high / low - 1:.2%}")
    baseline = read_baseline()
    expected = baseline.get(python_version(), {})
    is_good = report(measured, expected)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        document = {"python": python_version(), "baseline": expected, "instructions": measured}
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    if options.update:
        baseline[python_version()] = {**expected, **measured}
        BASELINE.write_text(json.dumps(baseline, indent=2, sort_keys=True) + "\n")
        return 0
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
