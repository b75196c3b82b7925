"""What type checkers say of bodies: their parameters are checked against the cowns."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import bocpy

PACKAGE = Path(bocpy.__file__).parents[1]

# A line with `# E:` must give an error, no other line may; the words are mypy's.
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


EXPECTED = {
    number: line.partition("# E: ")[2]
    for number, line in enumerate(PROGRAM.splitlines(), 1)
    if "# E: " in line
}


def check(folder: Path, *command: str) -> str:
    """Run a type checker in *folder*, where the program is; return what it prints."""
    (folder / "fixture.py").write_text(PROGRAM, encoding="utf-8")
    environment = {**os.environ}
    if PACKAGE.name != "site-packages":
        environment["MYPYPATH"] = str(PACKAGE)
    done = subprocess.run(
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        env=environment,
        cwd=folder,
        timeout=110,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def test_mypy_checks_bodies_against_their_cowns(tmp_path: Path) -> None:
    printed = check(
        tmp_path, "mypy", "--strict", "--no-error-summary", "--cache-dir", "cache", "fixture.py"
    )
    reported: dict[int, str] = {}
    for line in printed.splitlines():
        match = re.match(r"fixture\.py:(\d+): error: (.*)", line)
        if match:
            reported[int(match[1])] = reported.get(int(match[1]), "") + match[2]
    assert reported.keys() == EXPECTED.keys(), printed
    for number, word in EXPECTED.items():
        assert word in reported[number], printed


def test_pyright_checks_bodies_against_their_cowns(tmp_path: Path) -> None:
    settings = {"typeCheckingMode": "strict", "pythonVersion": "3.12", "extraPaths": [str(PACKAGE)]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    printed = check(
        tmp_path, "pyright", "--outputjson", "--pythonpath", sys.executable, "fixture.py"
    )
    reported = {
        each["range"]["start"]["line"] + 1
        for each in json.loads(printed)["generalDiagnostics"]
        if each["severity"] == "error"
    }
    assert reported == EXPECTED.keys(), printed


@pytest.mark.parametrize("module", ["bocpy._core", "bocpy._matrix"])
def test_stubs_say_what_the_module_has(tmp_path: Path, module: str) -> None:
    printed = check(tmp_path, "mypy.stubtest", module, "--concise")
    assert "error" not in printed, printed
    assert "Success" in printed or not printed.strip(), printed
