#!/usr/bin/env python3
"""Fail when an include points up a floor, or sideways where that is not allowed.

Floors, from the ground: platform, core and matrix, the bindings.  What each folder may include
is one row of MAY; a name that is not a folder of ours is a system header or a neighbor.  Inside
the core the units have an order of their own, UNITS.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

DOORS = {"boc": "include/boc", "bocpy": "include/bocpy"}

# Who may include from where.  A door is written as in the #include line.
MAY = {
    "src/platform": {"platform", "boc"},
    "src/core": {"platform", "core", "boc"},
    "src/matrix": {"platform", "matrix", "boc"},
    "src/python": {"platform", "python", "boc", "bocpy"},
    "src/python_matrix": {"bocpy", "matrix", "python_matrix"},
    "include/boc": {"boc"},
    "include/bocpy": {"bocpy"},
}
KNOWS_PYTHON = {"src/python", "src/python_matrix", "include/bocpy"}

# Inside the core: a unit may include the units listed for it and itself.
UNITS = {
    "ds": set(),
    "sched": {"ds"},
    "message": {"ds"},
    "noticeboard": {"ds"},
    "cown": {"ds", "sched"},
    "runtime": {"ds", "sched", "cown", "message", "noticeboard"},
}
OURS = {"platform", "core", "matrix", "python", "python_matrix", "boc", "bocpy"}
INCLUDE = re.compile(r'\s*#\s*include\s*[<"]([^">]+)[">]')


def folder_of(path: Path) -> str:
    """The row of MAY that *path*, relative to the root, falls under; empty if none."""
    head = "/".join(path.parts[:2])
    return head if head in MAY else ""


def unit_of(path: Path) -> str:
    """The unit of the core that a path below src/ belongs to; empty for its shared files."""
    return path.parts[1] if path.parts[0] == "core" and len(path.parts) > 2 else ""


def check(root: Path, path: Path) -> Iterator[str]:
    """Yield one sentence for each include of *path* that breaks a rule."""
    where = path.relative_to(root)
    folder = folder_of(where)
    if not folder:
        return
    unit = unit_of(where.relative_to("src")) if folder == "src/core" else ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match.group(1)
        if target == "Python.h" and folder not in KNOWS_PYTHON:
            yield f"{where}:{number}: Python.h below the binding"
        if "../" in target:
            yield f"{where}:{number}: an include is named from src/ or include/, not by ../"
        if "/" not in target:
            continue
        room = target.split("/")[0]
        if room in OURS and room not in MAY[folder]:
            yield f"{where}:{number}: {folder} may not include {target}"
        other = unit_of(Path(target))
        if unit and other and other != unit and other not in UNITS.get(unit, UNITS.keys()):
            yield f"{where}:{number}: inside the core, {unit} may not include {target}"
        if folder == "src/core" and not unit and other:
            yield f"{where}:{number}: files shared by the core's units may not include {target}"


def main(root: Path) -> int:
    """Check every C file under *root*; print what is wrong."""
    files = [f for top in ("src", "include") for f in sorted((root / top).rglob("*.[ch]"))]
    if not files:
        print(f"{root}: no C files to check", file=sys.stderr)
        return 2
    problems = [problem for file in files for problem in check(root, file)]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
