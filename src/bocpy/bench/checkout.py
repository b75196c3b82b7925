"""Finds the comparison with other libraries, which is in a checkout and not in the package."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_HARNESS = Path("benchmarks", "compare", "compare.py")


def harness_above(folder: Path) -> Path | None:
    """Return the program that compares, of the checkout that *folder* is in."""
    for place in (folder, *folder.parents):
        if (place / _HARNESS).is_file() and (place / "src" / "bocpy").is_dir():
            return place / _HARNESS
    return None


def compare(arguments: Sequence[str]) -> int:
    """Run the comparison of the checkout around the current folder; return its exit status."""
    harness = harness_above(Path.cwd())
    if harness is None:
        print(
            "--compare runs in a checkout of bocpy only: it builds the package there, and needs\n"
            "the programs in benchmarks/compare. There is none around this folder.",
            file=sys.stderr,
        )
        return 2
    return subprocess.run([sys.executable, harness, *arguments], check=False).returncode
