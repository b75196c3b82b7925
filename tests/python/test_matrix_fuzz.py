"""A few rounds of the fuzz program; `make fuzz` runs many under the address sanitizer."""

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parent / "stress" / "fuzz_matrix.py"


def test_random_calls_raise_what_is_documented_and_nothing_else() -> None:
    command = [sys.executable, "-P", PROGRAM, "--rounds", "300", "--seed", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "300 rounds, 18000 calls of seed 2, nothing found\n"
