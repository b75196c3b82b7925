"""Where the contenders live: a virtual environment for each, below build/compare/VERSION."""

import importlib.util
import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENTS = ROOT / "build" / "compare"
REPORTS = ROOT / "build" / "reports"

QUIET = ("-qq", "--disable-pip-version-check")
FACTS = """\
import json, platform, sys, sysconfig
free = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
print(json.dumps([platform.python_version(), sys.version_info[:2], free, sys.version]))
"""


def clean_env() -> dict[str, str]:
    """The environment without what would lead one contender to another's package."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "BOCPY"))}


def call(*command: str | Path) -> str:
    """Run a command outside the checkout and return what it prints."""
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        command, cwd=ENVIRONMENTS, stdout=subprocess.PIPE, text=True, check=True, env=clean_env()
    ).stdout


def machine() -> str:
    """The machine in words: processor, how many of them, system."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    usable = os.process_cpu_count() if sys.version_info >= (3, 13) else os.cpu_count()
    return f"{model}, {usable} CPUs, {platform.system()} {platform.machine()}"


@dataclass(frozen=True)
class Base:
    """The interpreter that all environments of one comparison are made with."""

    python: Path
    version: str
    minor: tuple[int, int]
    is_free_threaded: bool
    build: str

    @staticmethod
    def of(python: str | Path = sys.executable) -> "Base":
        """Ask an interpreter what it is."""
        version, minor, free, build = json.loads(call(python, "-c", FACTS))
        return Base(Path(python), version, (minor[0], minor[1]), free, build)

    @property
    def label(self) -> str:
        """The version, and whether it has no GIL."""
        return self.version + ("t" if self.is_free_threaded else "")

    def environment(self, name: str) -> Path:
        """The interpreter of the environment called *name*, made if it is not there."""
        folder = ENVIRONMENTS / self.label / name
        python, marker = folder / "bin" / "python", folder / ".version"
        if not (python.exists() and marker.exists() and marker.read_text() == self.build):
            call(self.python, "-m", "venv", "--clear", folder)
            marker.write_text(self.build)
        return python

    def wheel(self) -> Path:
        """Build this checkout as the wheel that a user would get.

        With the tools of this interpreter if it has them, else with those that pip gets.
        """
        wheels = ENVIRONMENTS / self.label / "wheels"
        for old in wheels.glob("*.whl"):
            old.unlink()
        is_own = self.python == Path(sys.executable)
        has_tools = is_own and importlib.util.find_spec("scikit_build_core") is not None
        options = ("--no-build-isolation",) if has_tools else ()
        python = self.python if has_tools else self.environment("ours")
        call(python, "-m", "pip", "wheel", *options, "--no-deps", *QUIET, "-w", wheels, ROOT)
        (wheel,) = wheels.glob("*.whl")
        return wheel


def pip_install(python: Path, *arguments: str | Path) -> None:
    """Install into the environment of *python*."""
    call(python, "-m", "pip", "install", *QUIET, *arguments)


def version_of(python: Path, package: str = "bocpy") -> str:
    """The version of a package in the environment of *python*."""
    ask = f"import importlib.metadata as m; print(m.version({package!r}))"
    return call(python, "-c", ask).strip()
