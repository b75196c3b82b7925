"""``python -m bocpy doctor`` and ``python -m bocpy info``."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import bocpy

type Build = Callable[[str], Path]

HANGS = """
import threading
from bocpy import _core
if _core.is_worker():
    threading.Event().wait()
"""

FAILS_IN_WORKERS = """
from bocpy import _core
if _core.is_worker():
    raise RuntimeError("not here")
"""

FALLS_BACK = """
try:
    from refuses_workers import answer
except ImportError:
    def answer():
        return 42
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bocpy", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def doctor(folder: Path, *arguments: str) -> tuple[int, dict[str, dict[str, object]]]:
    done = run(folder, "doctor", "--json", *arguments)
    assert done.stderr == ""
    described = json.loads(done.stdout)
    assert described["python"] == platform.python_version()
    return done.returncode, {found["module"]: found for found in described["modules"]}


def test_module_that_loads_works(tmp_path: Path) -> None:
    (tmp_path / "prints.py").write_text("print('on stdout')")
    status, found = doctor(tmp_path, "json", "os.path", "prints")
    assert status == 0
    expected = {"outcome": "works", "reason": "", "without": []}
    assert found == {name: {"module": name, **expected} for name in ("json", "os.path", "prints")}


def test_long_reason_takes_one_line(tmp_path: Path) -> None:
    text = "a library explains itself\\n\\n    at length\\n\\nand ends with the cause\\n"
    (tmp_path / "talks.py").write_text(
        f"from bocpy import _core\nif _core.is_worker():\n    raise ImportError('{text}')\n"
    )
    done = run(tmp_path, "doctor", "talks")
    (line,) = done.stdout.splitlines()
    assert line.split(maxsplit=2)[1:] == [
        "refused",
        "ImportError: a library explains itself ... and ends with the cause",
    ]


def test_extension_that_refuses_workers_is_refused(build_extension: Build) -> None:
    folder = build_extension("refuses_workers")
    status, found = doctor(folder, "refuses_workers", "json")
    assert status == 1
    assert found["refuses_workers"]["outcome"] == "refused"
    assert "subinterpreters" in found["refuses_workers"]["reason"]
    assert found["json"]["outcome"] == "works"


def test_module_that_does_without_an_extension_falls_back(build_extension: Build) -> None:
    folder = build_extension("refuses_workers")
    (folder / "falls_back.py").write_text(FALLS_BACK)
    status, found = doctor(folder, "falls_back")
    assert status == 0
    assert found["falls_back"]["outcome"] == "pure Python"
    assert found["falls_back"]["without"] == ["refuses_workers"]


def test_module_that_raises_in_workers_only_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fails.py").write_text(FAILS_IN_WORKERS)
    status, found = doctor(tmp_path, "fails")
    assert status == 1
    assert found["fails"]["outcome"] == "refused"
    assert found["fails"]["reason"] == "RuntimeError: not here"


def test_module_that_loads_nowhere_is_missing(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0")
    status, found = doctor(tmp_path, "no_such_module", "broken")
    assert status == 1
    assert found["no_such_module"]["outcome"] == "missing"
    assert "ModuleNotFoundError" in found["no_such_module"]["reason"]
    assert found["broken"]["outcome"] == "missing"
    assert "ZeroDivisionError" in found["broken"]["reason"]


def test_module_that_crashes_is_found_out(build_extension: Build) -> None:
    folder = build_extension("crashes_workers")
    status, found = doctor(folder, "crashes_workers")
    assert status == 1
    assert found["crashes_workers"]["outcome"] == "crashes"
    assert found["crashes_workers"]["reason"] == "died of SIGABRT while workers imported it"


@pytest.mark.parametrize(
    ("errors", "reason"),
    [
        ("Fatal Python error: AbortedAborted\n", "died of signal 200"),
        ("Fatal Python error: Fatal Python error: Aborted\nAborted\n", "died of signal 200"),
        ("Fatal Python error: no way out\n", "died of signal 200 (no way out)"),
    ],
)
def test_workers_that_abort_at_the_same_time(errors: str, reason: str) -> None:
    from bocpy import _doctor

    assert _doctor._status_text(-200, errors) == reason


def test_module_that_ends_the_process_crashes(tmp_path: Path) -> None:
    (tmp_path / "ends.py").write_text("import os; os._exit(3)")
    status, found = doctor(tmp_path, "ends")
    assert status == 1
    assert found["ends"]["outcome"] == "crashes"
    assert found["ends"]["reason"] == "ended with status 3 while workers imported it"


def test_module_that_does_not_return_hangs(tmp_path: Path) -> None:
    (tmp_path / "hangs.py").write_text(HANGS)
    status, found = doctor(tmp_path, "hangs", "--timeout", "1")
    assert status == 1
    assert found["hangs"]["outcome"] == "hangs"


def test_text_has_a_line_for_each_module(build_extension: Build) -> None:
    folder = build_extension("refuses_workers")
    done = run(folder, "doctor", "json", "refuses_workers")
    assert done.returncode == 1
    first, second = done.stdout.splitlines()
    assert first.split() == ["json", "works"]
    assert second.split()[:2] == ["refuses_workers", "refused"]


def test_selection_of_the_standard_library_can_be_imported() -> None:
    from bocpy import _doctor

    names = _doctor._STANDARD.split()
    assert len(names) >= 60
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_info_tells_versions_workers_and_build(tmp_path: Path) -> None:
    done = run(tmp_path, "info", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    facts = json.loads(done.stdout)
    assert facts["bocpy"]["version"] == bocpy.__version__
    assert facts["python"]["version"] == platform.python_version()
    assert facts["workers"]["BOCPY_WORKERS"] == os.environ["BOCPY_WORKERS"]
    assert str(facts["workers"]["default"]) == os.environ["BOCPY_WORKERS"]
    assert facts["workers"]["transfer"] == os.environ.get("BOCPY_TRANSFER", "live")
    assert facts["build"]["type"]
    text = run(tmp_path, "info").stdout
    assert f"version          {bocpy.__version__}" in text
    assert facts["build"]["extension"] in text


@pytest.mark.parametrize("arguments", [[], ["cure"], ["info", "more"]])
def test_wrong_use_is_explained(arguments: list[str], tmp_path: Path) -> None:
    done = run(tmp_path, *arguments)
    assert done.returncode == 2
    assert "usage: python -m bocpy" in done.stderr
