"""What bodies print reaches the descriptor in whole lines and in the order of the behaviors."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
from bocpy import Cown, start, wait, when

start(2)
turn = Cown(0)
for index in range(200):
    @when()
    def loose():
        print("loose", index, "line", sep="_", end="")
        print()

    @when(turn, Cown(0))
    def ordered(turn, other):
        print("ordered", index)

wait()
"""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_lines_of_two_workers_stay_whole_and_in_order(unbuffered: str) -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=100,
        env=environment,
        check=True,
    )
    lines = done.stdout.splitlines()
    loose = [line for line in lines if line.startswith("loose")]
    assert sorted(loose) == sorted(f"loose_{index}_line" for index in range(200))
    ordered = [line for line in lines if line.startswith("ordered")]
    assert ordered == [f"ordered {index}" for index in range(200)]
    assert len(lines) == 400


def test_logging_in_a_body_leaves_nothing_behind_at_the_end() -> None:
    program = (
        "import logging\n"
        "from bocpy import wait, when\n"
        "@when()\n"
        "def log(): logging.warning('seen')\n"
        "wait()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=100, check=True
    )
    assert done.stderr == "WARNING:root:seen\n"
