"""What published versions get wrong does not occur here, and does occur there.

Each program in the folder `weaknesses` ends with status 0 if all is well. The second test runs
them on 0.6.0, or on the later version that has the weakness, to show that they can fail; it is
skipped where that cannot be installed.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAMS = sorted(Path(__file__).with_name("weaknesses").glob("w*.py"))
REFERENCE = "0.6.0"
LATER = {"w24_decorated_body": "0.14.0"}  # 0.6.0 has them right
VERSIONS = [REFERENCE, *sorted(set(LATER.values()))]

# A program that hangs there is ended after this long; all run at once.
HANG_S = 20


def environment() -> dict[str, str]:
    return {**os.environ, "BOCPY_WORKERS": "2"}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_weakness_is_absent(program: Path) -> None:
    done = subprocess.run(
        [sys.executable, program], env=environment(), capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def install(version: str, folder: Path) -> Path:
    """Return an interpreter that has the published version."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
    python = folder / "bin" / "python"
    done = subprocess.run(
        [python, "-m", "pip", "install", "-q", "--only-binary", ":all:", f"bocpy=={version}"],
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        pytest.skip(f"bocpy {version} cannot be installed: {done.stderr.strip()[-200:]}")
    return python


@pytest.mark.parametrize("version", VERSIONS)
def test_weaknesses_show_on_the_reference(version: str, tmp_path: Path) -> None:
    python = install(version, tmp_path)
    without = {key: value for key, value in environment().items() if key != "PYTHONPATH"}
    running = {
        program.stem: subprocess.Popen(
            [python, program],
            env=without,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for program in PROGRAMS
        if LATER.get(program.stem, REFERENCE) == version
    }
    deadline = time.monotonic() + HANG_S
    fine = []
    for name, process in running.items():
        try:
            if process.wait(max(0.0, deadline - time.monotonic())) == 0:
                fine.append(name)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    assert fine == []
