"""Fixtures of the Python tests."""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("BOCPY_WORKERS", "2")

# A shell starts what runs in its background with Ctrl-C ignored, and children inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import bocpy  # noqa: E402  reads the variable


@pytest.fixture
def runtime() -> Iterator[None]:
    """Stop the runtime after the test, so that each test starts its own."""
    yield
    bocpy.wait(30)


@pytest.fixture
def gate() -> Iterator[tuple[Callable[[str], bocpy.Cown[None]], Callable[[], None]]]:
    """Return two functions: one makes an update that waits, the other lets it go on."""
    held = []

    def hold(key: str) -> bocpy.Cown[None]:
        held.append(key)
        result = bocpy.notice_update(key, wait_at_gate, 0)
        assert bocpy.receive("at the gate", 30)[0] == "at the gate"
        return result

    def let_go() -> None:
        while held:
            held.pop()
            bocpy.send("open", None)

    bocpy.start()
    yield hold, let_go
    let_go()


def wait_at_gate(value: object) -> object:
    """Let main know that the update of `gate` runs, and wait until it may go on."""
    bocpy.send("at the gate", None)
    bocpy.receive("open", 60)
    return value


type Done = subprocess.CompletedProcess[str]
type Program = Callable[..., Done]


@pytest.fixture
def program(tmp_path: object) -> Program:
    """Return a function that runs a program in a process of its own.

    The function takes the source, and the seconds after which the test fails because the process
    hangs. Assertions are left to the test.
    """

    def run(source: str, *, limit: float = 30, workers: int = 2) -> Done:
        path = os.path.join(str(tmp_path), "program.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(source))
        environment = {**os.environ, "BOCPY_WORKERS": str(workers), "PYTHONFAULTHANDLER": "1"}
        return subprocess.run(
            [sys.executable, path],
            env=environment,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )

    return run


@pytest.fixture
def build_extension(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that builds the extension module ``NAME.c`` of this folder.

    It returns the folder that has the module. A test without a C compiler is skipped.
    """

    def build(name: str) -> Path:
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler is None:
            pytest.skip("no C compiler")
        source = Path(__file__).with_name(f"{name}.c")
        built = tmp_path / f"{name}{sysconfig.get_config_var('EXT_SUFFIX')}"
        flags = ["-shared", "-fPIC", f"-I{sysconfig.get_path('include')}"]
        if sys.platform == "darwin":
            flags += ["-undefined", "dynamic_lookup"]
        subprocess.run([compiler, *flags, str(source), "-o", str(built)], check=True)
        return tmp_path

    return build


TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that builds an extension and makes it importable.

    It is ``tests/capi/NAME/_NAME.c`` unless *source* is given, compiled against the headers of the
    bocpy that the tests run, with warnings as errors.
    """
    folder = tmp_path_factory.mktemp("extensions")

    def build(name: str, source: Path | None = None) -> Path:
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        assert compiler is not None, "these tests need a C compiler"
        built = folder / f"_{name}{sysconfig.get_config_var('EXT_SUFFIX')}"
        if not built.exists():
            flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-g", "-O1", "-fPIC", "-shared"]
            roots = [bocpy.get_include(), sysconfig.get_paths()["include"]]
            if sys.platform == "darwin":
                flags += ["-undefined", "dynamic_lookup"]
            command = [compiler, *flags, *(f"-I{root}" for root in roots)]
            path = source or TESTS / "capi" / name / f"_{name}.c"
            subprocess.run([*command, str(path), "-o", built], check=True)
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
        return folder

    return build


def interpreters() -> list[tuple[str, list[str], dict[str, str]]]:
    """Return the interpreters that programs of their own are run with: name, command, environment.

    That is the one that runs the tests. If ``BOCPY_OTHER_BUILDS`` is set, it is those that it
    names instead: ``PYTHON=FOLDER``, FOLDER having the package built for it, separated as in
    ``PATH``. `make test-versions` sets it.
    """
    environment = {**os.environ, "BOCPY_WORKERS": "2", "PYTHONFAULTHANDLER": "1"}
    others = os.environ.get("BOCPY_OTHER_BUILDS")
    if not others:
        return [("", [sys.executable], environment)]
    found = []
    for entry in others.split(os.pathsep):
        python, _, folder = entry.rpartition("=")
        name = os.path.basename(python).removeprefix("python")
        found.append((name, [python], {**environment, "PYTHONPATH": folder}))
    return found


@pytest.fixture(params=interpreters(), ids=lambda param: param[0])
def interpreter(request: pytest.FixtureRequest) -> tuple[list[str], dict[str, str]]:
    """Return the command and the environment of an interpreter, for programs of their own."""
    _, command, environment = request.param
    return command, environment
