"""The file of results: written after every point, whole or not at all."""

import datetime
import json
import os
import platform
import socket
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

import bocpy
from bocpy import _core

# 1 was the first of this kind, whose throughput included the warm-up.
SCHEMA_VERSION = 2

_SHA_VARIABLE = "BOCPY_BENCH_GIT_SHA"

type Document = dict[str, Any]


class DocumentError(Exception):
    """A file that is no result of a benchmark, or does not fit another."""


def new(suite: str, unit: str, latency: str, sweep: dict[str, Any], argv: list[str]) -> Document:
    """Return a document without points."""
    return {
        "schema_version": SCHEMA_VERSION,
        "suite": suite,
        "unit": unit,
        "latency": latency,
        "metadata": metadata(argv),
        "sweep": sweep,
        "points": [],
    }


def metadata(argv: list[str]) -> dict[str, Any]:
    """Return what must be known about this process and machine to judge its figures."""
    physical, logical = _core._cpu_counts()
    load = os.getloadavg() if hasattr(os, "getloadavg") else None
    return {
        "hostname": socket.gethostname(),
        "platform": platform.platform(),
        "cpu_count": os.cpu_count(),
        "usable_cpu_count": logical,
        "physical_cpu_count": physical or None,
        "load_average": load,
        "python_version": platform.python_version(),
        "python_implementation": platform.python_implementation(),
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "bocpy_version": bocpy.__version__,
        "git_sha": git_sha(),
        "started_at": now(),
        "finished_at": None,
        "argv": argv,
        "interrupted": False,
        "warnings": [],
    }


def git_sha() -> str | None:
    """Return the commit: from the environment, or from git if this runs from a source tree."""
    if given := os.environ.get(_SHA_VARIABLE):
        return given
    folder = Path(bocpy.__file__).resolve().parent
    if folder.parent.name != "src":
        return None
    command = ["git", "rev-parse", "--short=12", "HEAD"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def now() -> str:
    """Return the time, with its zone."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def default_path(stem: str) -> Path:
    """Return where results go unless the command line says."""
    stamp = datetime.datetime.now().strftime("%Y%m%dT%H%M%S")
    return Path("results") / f"{stem}-{socket.gethostname()}-{stamp}.json"


def write(document: Document, path: Path) -> None:
    """Write *document*: a crash leaves the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(document, stream, indent=2)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def load(path: Path) -> Document:
    """Read a document.

    Raises:
        DocumentError: if it cannot be read, or is of another kind.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DocumentError(f"{path}: {error}") from None
    if not isinstance(document, dict) or "points" not in document:
        raise DocumentError(f"{path}: not a result of bocpy-bench")
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        raise DocumentError(f"{path}: schema version {version}, not {SCHEMA_VERSION}")
    return document


def command_line() -> list[str]:
    """Return the arguments of this process."""
    return sys.argv[1:]
