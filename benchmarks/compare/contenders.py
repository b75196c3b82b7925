"""The contenders: what each is called, where it lives, and how it is started."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import programs
from environments import ENVIRONMENTS, Base, clean_env, pip_install, version_of
from launch import launch
from rows import Lifecycle, Row

FIRST_EXPLICIT = (0, 11)  # from this version on, captures are written as defaults
THREADS = ("threads", "plain_threads")
NAMES = {
    "threads": "ThreadPoolExecutor",
    "processes": "ProcessPoolExecutor",
    "interpreters": "InterpreterPoolExecutor",
    "plain_threads": "plain threads",
    "dask": "Dask",
    "ray": "Ray",
}
REQUIREMENTS = {"dask": "distributed", "ray": "ray"}  # package that shows it is wanted, too


@dataclass(frozen=True)
class Contender:
    """One implementation; its key is what targets and options call it."""

    key: str
    name: str
    python: Path
    programs: Path
    path: tuple[Path, ...] = field(default=())

    @property
    def is_bocpy(self) -> bool:
        """Whether it is some bocpy, ours included."""
        return self.key not in NAMES

    @property
    def is_published(self) -> bool:
        """Whether ours has to be faster."""
        return self.is_bocpy and self.key != "ours"

    def command(self, row: Row, count: int) -> list[str]:
        """The program that runs *count* steps of a row."""
        if self.is_bocpy:
            script, kind = f"shapes_{row.program}.py", []
        else:
            script = "peer_threads.py" if self.key in THREADS else "peer_tasks.py"
            kind = [self.key]
        arguments = [row.shape, str(row.workers), str(count), *kind]
        return [str(self.python), str(self.programs / script), *arguments]

    def environment(self) -> dict[str, str]:
        """The environment of its programs: workers find in it what the programs import."""
        path = os.pathsep.join(map(str, (self.programs, *self.path)))
        return {**clean_env(), "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}

    def run(self, row: Row, count: int, limit: float) -> dict[str, Any]:
        """Run *count* steps of a row in a fresh process."""
        return launch(self.command(row, count), self.environment(), limit)

    def lifecycle(self, row: Lifecycle, limit: float) -> dict[str, Any]:
        """Measure something of lifecycle.py in a fresh process."""
        script = str(self.programs / "lifecycle.py")
        kind = "bocpy" if self.is_bocpy else self.key
        return launch([str(self.python), script, row.kind, kind], self.environment(), limit)


def folder_of(base: Base) -> Path:
    """Where the programs are."""
    return ENVIRONMENTS / base.label / "programs"


def published(base: Base, key: str, requirement: str) -> Contender:
    """A version from PyPI; the newest is looked up again each time."""
    python = base.environment(key)
    pip_install(python, "--upgrade", requirement)
    version = version_of(python)
    explicit = tuple(int(part) for part in version.split(".")[:2]) >= FIRST_EXPLICIT
    twin = "explicit" if explicit else "implicit"
    return Contender(key, version, python, folder_of(base) / twin)


def ours(base: Base) -> Contender:
    """This checkout, as the wheel that a user would get."""
    python = base.environment("ours")
    pip_install(python, "--force-reinstall", "--no-deps", base.wheel())
    return Contender("ours", "ours", python, folder_of(base) / "explicit")


def ours_at(base: Base, package: Path) -> Contender:
    """The bocpy in the folder *package*, as it was built there."""
    return Contender("ours", "ours", base.python, folder_of(base) / "explicit", (package,))


def peer(base: Base, key: str) -> Contender:
    """Something of the standard library, or of PyPI."""
    python = base.environment(key)
    if key in REQUIREMENTS:
        pip_install(python, "--upgrade", REQUIREMENTS[key])
    return Contender(key, NAMES[key], python, folder_of(base) / "peers")


def peer_keys(base: Base) -> list[str]:
    """The peers that this Python has, and those whose extra is installed."""
    keys = ["threads", "processes"]
    if base.minor >= (3, 14):
        keys.append("interpreters")
    if base.is_free_threaded:
        keys.append("plain_threads")
    keys += [key for key, package in REQUIREMENTS.items() if importlib.util.find_spec(package)]
    return keys


def gather(base: Base, package: Path | None, skipped: Sequence[str]) -> list[Contender]:
    """Install all contenders, ours first, but those whose key is among *skipped*."""
    programs.write(folder_of(base))
    found = [ours(base) if package is None else ours_at(base, package)]
    for key, requirement in (("bocpy-0.6.0", "bocpy==0.6.0"), ("bocpy-newest", "bocpy")):
        if key not in skipped:
            print(f"installing {requirement}", file=sys.stderr)
            try:
                found.append(published(base, key, requirement))
            except subprocess.CalledProcessError:
                if not base.is_free_threaded:  # for which nobody has wheels
                    raise
                print(f"no {requirement} for this interpreter", file=sys.stderr)
    found += [peer(base, key) for key in peer_keys(base) if key not in skipped]
    return found
