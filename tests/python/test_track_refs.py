"""A build with BOC_TRACK_REFS tells which line made what lives."""

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from bocpy import _core

ROOT = Path(__file__).resolve().parents[2]

type Done = subprocess.CompletedProcess[str]
type Program = Callable[[str], Done]


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Build the package with the option; return a function that runs a program with it."""
    folder = tmp_path_factory.mktemp("track")
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    cmake = shutil.which("cmake", path=path)
    assert cmake is not None
    options = ["TRACK_REFS=ON", "LTO=OFF", "BUILD_TESTS=OFF", "INSTALL=OFF", "WERROR=ON"]
    configure = [cmake, "-S", ROOT, "-B", folder / "build", "-DCMAKE_BUILD_TYPE=Debug"]
    configure += [f"-DBOC_{option}" for option in options]
    configure += [f"-DPython_EXECUTABLE={sys.executable}"]
    ninja = shutil.which("ninja", path=path)
    if ninja is not None:
        configure += ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}"]
    for command in (configure, [cmake, "--build", folder / "build", "--parallel", "2"]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr

    def run(source: str) -> Done:
        program = folder / "program.py"
        program.write_text(textwrap.dedent(source), encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(folder / "build" / "python")}
        return subprocess.run(
            [sys.executable, program.name],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_leaked_cowns_are_reported_with_their_line(tracked: Program) -> None:
    done = tracked(
        """\
        import ctypes
        import os

        from bocpy import Cown, _core, wait, when

        def leak():
            cown = Cown([1])  # line 7
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(cown))

        leak()
        leak()
        here = os.path.basename(__file__) + ":7"
        wait()
        live = _core._live_objects()
        print([(kind, count) for kind, site, count in live if site.endswith(here)])
        """
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[('cown', 2), ('payload', 2)]\n"
    cowns, payloads = done.stderr.splitlines()
    assert cowns.startswith("boc: alive at exit: 2 cown, made at ")
    assert payloads.startswith("boc: alive at exit: 2 payload, made at ")
    assert cowns.endswith("program.py:7")
    assert payloads.endswith("program.py:7")


def test_behavior_that_waits_is_listed_until_it_ran(tracked: Program) -> None:
    done = tracked(
        """\
        from bocpy import Cown, _core, wait, when

        def behaviors():
            return [count for kind, _, count in _core._live_objects() if kind == "behavior"]

        cown = Cown(0)
        with cown:
            for _ in range(3):

                @when(cown)
                def late(c):
                    pass

            print(sum(behaviors()) >= 3)
        wait()
        print(behaviors())
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n[]\n", "")


def test_program_without_leaks_reports_nothing(tracked: Program) -> None:
    done = tracked(
        """\
        from bocpy import Cown, notice_sync, notice_write, receive, send, start, wait, when

        class Point:
            def __init__(self, x):
                self.x = x

        data = [1, 2, 3]
        kept = Cown([Point(1), Cown("inner" * 100)])
        for fresh in (False, True):
            start(2, fresh=fresh)

            @when(kept)
            def outer(k):
                send("done", [k.value[0].x, len(data)])
                notice_write("key", ["some", "text"])

                @when(k)
                def inner(again):
                    return [Point(again.value[0].x)]

                return inner

            print(receive("done")[1])
            notice_sync()
            wait()
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[1, 3]\n" * 2, "")


def test_info_says_that_refs_are_tracked(tracked: Program) -> None:
    done = tracked(
        """\
        import runpy
        import sys

        sys.argv[1:] = ["info"]
        runpy.run_module("bocpy", run_name="__main__")
        """
    )
    assert "tracks refs      yes" in done.stdout


def test_ordinary_build_has_nothing_of_it() -> None:
    if not _core._build()["tracks_refs"]:
        assert not hasattr(_core, "_live_objects")
