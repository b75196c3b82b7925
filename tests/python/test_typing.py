"""What type checkers say of bodies: their parameters are checked against the cowns."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import bocpy

# A line with `# E: word` must give an error whose text has the word; no other line may.
PROGRAM = """
from typing import assert_type

from bocpy import Cown, when

number: Cown[int] = Cown(1)
text: Cown[str] = Cown("a")


@when(number)
def single(n: Cown[int]) -> str:
    n.value += 1
    n.value = "no"  # E: Incompatible types in assignment
    return str(n.value)


assert_type(single, Cown[str])


@when(number, text)
def two(n: Cown[int], t: Cown[str]) -> int:
    return n.value + len(t.value)


assert_type(two, Cown[int])


@when([number, number])
def group(ns: list[Cown[int]]) -> list[int]:
    return [n.value for n in ns]


assert_type(group, Cown[list[int]])


@when(number)
def captured(n: Cown[int], factor: int = 3, *, label: str = "x") -> None:
    n.value *= factor


@when(number)  # E: incompatible type
def wrong_type(n: Cown[str]) -> None: ...


@when(number)  # E: incompatible type
def too_many(n: Cown[int], t: Cown[str]) -> None: ...


@when(number, text)  # E: incompatible type
def too_few(n: Cown[int]) -> None: ...


when(3)  # E: No overload variant
single.value + 1  # E: Unsupported operand types
"""


def test_mypy_checks_bodies_against_their_cowns(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    file = tmp_path / "fixture.py"
    file.write_text(PROGRAM, encoding="utf-8")
    found = os.path.dirname(os.path.dirname(bocpy.__file__))
    environment = {**os.environ}
    if "site-packages" not in found:
        environment["MYPYPATH"] = found
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir",
         str(tmp_path / "cache"), str(file)],
        capture_output=True, text=True, env=environment, timeout=110, cwd=tmp_path,
    )  # fmt: skip
    reported: dict[int, str] = {}
    for line in done.stdout.splitlines():
        match = re.match(r"fixture\.py:(\d+): error: (.*)", line)
        if match:
            reported[int(match[1])] = reported.get(int(match[1]), "") + match[2]
    expected = {
        number: line.partition("# E: ")[2]
        for number, line in enumerate(PROGRAM.splitlines(), 1)
        if "# E: " in line
    }
    assert reported.keys() == expected.keys(), done.stdout
    for number, word in expected.items():
        assert word in reported[number], done.stdout
