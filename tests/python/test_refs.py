"""Every public call and every error path leaves what exists as it was.

The scripts in ``isolated`` run each case many times in a process of its own, and count: objects
and memory blocks in main and in the worker, reference counts, cowns and behaviors, and the bytes
that malloc gave out. ``BOCPY_REFS_ROUNDS`` sets the number of rounds; ``make test-refs`` takes
10,000.
"""

import json
import os
import pathlib
import subprocess
import sys
import sysconfig
from collections.abc import Callable

import pytest

import bocpy

ISOLATED = pathlib.Path(__file__).parent / "isolated"
ROUNDS = int(os.environ.get("BOCPY_REFS_ROUNDS", "300"))

SCRIPTS = {
    "values": ["refs_values.py"],
    "cowns_without_runtime": ["refs_cowns.py", "0"],
    "cowns": ["refs_cowns.py", "1"],
    "behaviors": ["refs_behaviors.py"],
    "messages": ["refs_messages.py"],
    "noticeboard": ["refs_noticeboard.py"],
    "matrix": ["refs_matrix.py"],
    "lifecycle": ["refs_lifecycle.py"],
}


MAKES_CODE = ("behaviors", "noticeboard")
LIVES_FOR_EVER = bool(sysconfig.get_config_var("Py_GIL_DISABLED")) and sys.version_info < (3, 14)


def run(script: str, *arguments: str) -> tuple[dict[str, dict[str, int]], str]:
    """Run a script; return what leaks, by case, and its output."""
    package = str(pathlib.Path(bocpy.__file__).parents[1])
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, script, *arguments],
        cwd=ISOLATED,
        env={**os.environ, "PYTHONPATH": path, "PYTHONFAULTHANDLER": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stdout


@pytest.mark.timeout(180 + ROUNDS // 4)
@pytest.mark.parametrize("name", SCRIPTS)
def test_rounds_leave_nothing_behind(name: str) -> None:
    if name in MAKES_CODE and LIVES_FOR_EVER:
        pytest.skip("the free-threaded CPython 3.13 keeps code, and functions made at top level")
    leaks, output = run(*SCRIPTS[name])
    assert leaks == {}, output


@pytest.mark.timeout(180 + ROUNDS // 4)
def test_types_that_move_leave_nothing_behind(extension: Callable[[str], pathlib.Path]) -> None:
    folder = extension("boxes")
    assert extension("old_names") == folder
    leaks, output = run("refs_c_abi.py", str(folder))
    assert leaks == {}, output


def test_leaks_of_every_kind_are_seen() -> None:
    leaks, output = run("refs_leaky.py")
    assert "0 references" in leaks["leaks_reference_in_main"], output
    assert "native" in leaks["leaks_cown"], output
    assert "process bytes" in leaks["leaks_bytes"] or not sys.platform.startswith("linux"), output
    assert "worker objects" in leaks["leaks_in_worker"], output
    assert "leaks_nothing" not in leaks, output
