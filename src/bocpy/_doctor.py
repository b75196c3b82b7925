"""What ``python -m bocpy doctor`` does: try modules in workers, each in a process of its own.

The child, `bocpy._trial`, appends what happens to a file, a JSON object a line, so that what it
said survives its crash.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

WORKS = "works"
FALLS_BACK = "pure Python"
REFUSED = "refused"
CRASHES = "crashes"
HANGS = "hangs"
MISSING = "missing"

# What programs import most, and what is written in C.
_STANDARD = """
    array ast asyncio base64 bz2 calendar codecs collections concurrent.futures copy csv ctypes
    curses datetime dbm decimal difflib email functools fractions gzip hashlib heapq hmac
    http.client importlib.metadata inspect io itertools json locale logging lzma math mmap
    multiprocessing os pathlib pickle queue random re readline secrets select shutil socket
    sqlite3 ssl statistics string struct subprocess tarfile tempfile threading time tkinter
    tomllib tracemalloc typing unicodedata unittest urllib.request uuid xml.etree.ElementTree
    zipfile zlib zoneinfo
"""

_TRIALS_AT_ONCE = 4

_STAGES = {
    "main": "while main imported it",
    "workers": "while workers imported it",
    "again": "when it was imported after a restart",
    "ending": "when the workers ended",
    "exit": "at exit of the process",
}


@dataclass
class Finding:
    """What became of one module."""

    module: str
    outcome: str
    reason: str = ""
    without: list[str] = field(default_factory=list)  # extension modules that were refused


def run(modules: list[str], timeout: float, *, as_json: bool) -> int:
    """Try *modules*, print what was found, return the exit status."""
    findings = []
    for finding in examine(modules or _STANDARD.split(), timeout):
        findings.append(finding)
        if not as_json:
            print(_line(finding), flush=True)
    if as_json:
        described = {"python": sys.version.split()[0], "modules": [asdict(f) for f in findings]}
        print(json.dumps(described, indent=2))
    bad = {CRASHES, HANGS, *({REFUSED, MISSING} if modules else ())}
    return 1 if any(finding.outcome in bad for finding in findings) else 0


def examine(modules: Sequence[str], timeout: float) -> Iterator[Finding]:
    """Yield a finding for each module, in order."""
    with ThreadPoolExecutor(min(_TRIALS_AT_ONCE, os.cpu_count() or 1)) as pool:
        work: Callable[[str], Finding] = lambda name: _examine(name, timeout)  # noqa: E731
        yield from pool.map(work, modules)


def _examine(name: str, timeout: float) -> Finding:
    finding = _try(name, timeout)
    if finding.outcome in (CRASHES, HANGS):
        again = _try(name, timeout, "--main-first")
        if again.outcome not in (CRASHES, HANGS):
            what = f"then: {again.outcome}"
            finding.reason += f"; not if main imports it first ({what})"
    return finding


def _try(name: str, timeout: float, *options: str) -> Finding:
    """Import *name* in the workers of a process, and judge by what it said and how it ended."""
    descriptor, report = tempfile.mkstemp(prefix="bocpy-doctor-")
    os.close(descriptor)
    command = [sys.executable, *_flags(), "-c", _CHILD, name, report, *options]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=timeout,
            check=False,
            text=True,
            errors="replace",
        )
        return _judge(name, _read(report), done.returncode, done.stderr)
    except subprocess.TimeoutExpired:
        stage = _read(report).get("stage", "workers")
        return Finding(name, HANGS, f"not done after {timeout:g} s, {_STAGES[stage]}")
    finally:
        os.unlink(report)


_CHILD = "from bocpy import _trial; _trial.main()"


def _flags() -> list[str]:
    """Return the options of this interpreter that matter to the child."""
    arguments = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    return [*arguments, "-X", "faulthandler"]


def _read(report: str) -> dict[str, Any]:
    """Return everything that the child reported; later lines win."""
    said: dict[str, Any] = {}
    with open(report, encoding="utf-8") as stream:
        for line in stream:
            said.update(json.loads(line))
    return said


def _judge(name: str, said: dict[str, Any], status: int, errors: str) -> Finding:
    if status != 0:
        stage = _STAGES[said.get("stage", "workers")]
        return Finding(name, CRASHES, f"{_status_text(status, errors)} {stage}")
    error, without = said.get("error"), said.get("without", {})
    if error is None:
        reason = "; ".join(without.values())
        return Finding(name, FALLS_BACK if without else WORKS, reason, sorted(without))
    if said.get("error_in_main") is not None:
        return Finding(name, MISSING, said["error_in_main"])
    return Finding(name, REFUSED, error, sorted(without))


_FATAL = "Fatal Python error: "


def _status_text(status: int, errors: str) -> str:
    if status < 0:
        try:
            text = f"died of {signal.Signals(-status).name}"
        except ValueError:
            text = f"died of signal {-status}"
    else:
        text = f"ended with status {status}"
    for line in errors.splitlines():
        prefix, found, cause = line.partition(_FATAL)
        # Nothing is left where the process died, or where workers that abort talk in chorus.
        if found and not prefix and cause.replace(_FATAL, "").replace("Aborted", ""):
            return f"{text} ({cause})"
    return text


def _line(finding: Finding) -> str:
    lines = [line.strip() for line in finding.reason.splitlines() if line.strip()]
    # What explains itself at length says in the end what went wrong.
    reason = "  " + " ... ".join(dict.fromkeys((lines[0], lines[-1]))) if lines else ""
    return f"{finding.module:<24} {finding.outcome:<12}{reason}".rstrip()
