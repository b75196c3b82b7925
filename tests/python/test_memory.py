"""What many queued behaviors cost in memory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "python" / "memory.py"
MIB = 1 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_queued_behaviors_without_captures_stay_small() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "100000"],
        stdout=subprocess.PIPE,
        timeout=250,
        check=True,
        text=True,
    )
    figures = json.loads(done.stdout)
    assert figures["dropped_bytes"] < 20 * MIB
    assert figures["kept_bytes"] < 40 * MIB
