"""What a behavior with a body in C costs, beside libboc and mixed with Python.

    python benchmarks/python/c_bodies.py [path of bench_native]

Builds its extension against the installed bocpy. Rounds alternate between the rows; the smallest
CPU time of each counts. With the program bench_native the row chain_self of libboc is measured
between them.
"""

import json
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import bocpy
from bocpy import Cown, quiesce, start, wait, when

HERE = Path(__file__).parent
ROUNDS = 7
STEPS = 500_000
MIXED = 20_000


def build(folder: str) -> None:
    """Compile ``_c_bodies`` into *folder* and make it importable."""
    built = Path(folder, f"_c_bodies{sysconfig.get_config_var('EXT_SUFFIX')}")
    compiler = shutil.which("cc") or "gcc"
    roots = [f"-I{bocpy.get_include()}", f"-I{sysconfig.get_paths()['include']}"]
    source = str(HERE / "c_bodies" / "_c_bodies.c")
    command = [compiler, "-std=c11", "-O3", "-fPIC", "-shared", *roots, source, "-o", str(built)]
    subprocess.run(command, check=True)
    sys.path.insert(0, folder)


def libboc(program: str, folder: str) -> float:
    """Return the nanoseconds of CPU of one step of libboc's own chain."""
    report = Path(folder, "native.json")
    command = [program, "--runs", "3", "--threads", "1", "--only", "chain_self", "--json"]
    subprocess.run([*command, str(report)], check=True, capture_output=True)
    (row,) = json.loads(report.read_text())["rows"]
    return float(row["cpu_min_ns"])


def chain(run: Callable[[Cown, int], float], cown: Cown) -> float:
    """Return the nanoseconds of CPU of one step of a chain of bodies in C."""
    began = time.process_time_ns()
    run(cown, STEPS)
    return (time.process_time_ns() - began) / STEPS


def increment(cown: Cown) -> None:
    """Be the body in Python."""
    cown.value.increment()


def mixed(cown: Cown, bodies: list) -> float:
    """Return the nanoseconds per behavior when *bodies* take turns on one cown."""
    with cown:  # all are scheduled before the first one runs
        for i in range(MIXED):
            bodies[i % len(bodies)](cown)
        began = time.process_time_ns()
    quiesce()
    return (time.process_time_ns() - began) / MIXED


def main() -> None:
    """Run the rounds and print the table."""
    program = sys.argv[1] if len(sys.argv) > 1 else None
    rows: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        build(folder)
        import _c_bodies

        def in_python(cown: Cown) -> None:
            when(cown)(increment)

        start(1)
        cown = _c_bodies.cown()
        for _ in range(ROUNDS):
            rows.setdefault("chain of C bodies", []).append(chain(_c_bodies.chain, cown))
            if program:
                rows.setdefault("chain_self of libboc", []).append(libboc(program, folder))
            rows.setdefault("C bodies, queued", []).append(mixed(cown, [_c_bodies.step]))
            rows.setdefault("Python bodies, queued", []).append(mixed(cown, [in_python]))
            both = mixed(cown, [_c_bodies.step, in_python])
            rows.setdefault("C and Python in turns, queued", []).append(both)
        wait()
    for name, times in rows.items():
        print(f"{name:32} {min(times):8.1f} ns per behavior")
    if program:
        ratio = min(rows["chain of C bodies"]) / min(rows["chain_self of libboc"])
        print(f"{'chain: C bodies to libboc':32} {ratio:8.2f}")


if __name__ == "__main__":
    main()
