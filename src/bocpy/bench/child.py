"""One repeat in a process of its own: how it is started, and what comes back.

The child prints one JSON object between two lines that nothing else prints.
"""

import importlib
import json
import os
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING, Any

import bocpy
from bocpy.bench import summary
from bocpy.bench.options import Config, arguments_of
from bocpy.bench.suite import Suite

if TYPE_CHECKING:
    from bocpy.bench.work.result import Measured

_BEGIN = "----- bocpy-bench result -----"
_END = "----- end of bocpy-bench result -----"
_TAIL = 400  # characters of stderr that an error keeps

# Finds this bocpy before any other, so that a source tree measures itself.
_CODE = """\
import sys
sys.path.insert(0, {root!r})
from bocpy.bench.cli import main
sys.exit(main({arguments!r}))
"""


class ChildError(Exception):
    """A repeat without a result."""

    def __init__(self, message: str, stderr: str | bytes | None) -> None:
        super().__init__(message)
        text = stderr.decode(errors="replace") if isinstance(stderr, bytes) else stderr or ""
        self.stderr_tail = text.strip()[-_TAIL:]


def spawn(suite: Suite, config: Config) -> dict[str, Any]:
    """Run a repeat in a new process; return its result.

    Raises:
        ChildError: if it fails, hangs or says nothing.
    """
    limit = suite.timeout_s(config)
    try:
        done = subprocess.run(
            _command(suite, config),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ChildError(f"no result after {limit:g} s", error.stderr) from None
    if done.returncode != 0:
        raise ChildError(f"exit status {done.returncode}", done.stderr)
    return _unframe(done.stdout, done.stderr)


def _command(suite: Suite, config: Config) -> list[str]:
    root = os.path.dirname(os.path.dirname(os.path.abspath(bocpy.__file__)))
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    arguments = ["--suite", suite.name, *arguments_of(config), "--json-stdout"]
    return [sys.executable, *flags, "-c", _CODE.format(root=root, arguments=arguments)]


def _unframe(stdout: str, stderr: str) -> dict[str, Any]:
    lines = stdout.splitlines()
    if lines.count(_BEGIN) != 1 or lines.count(_END) != 1:
        raise ChildError("the result is not framed", stderr)
    framed = "\n".join(lines[lines.index(_BEGIN) + 1 : lines.index(_END)])
    try:
        result = json.loads(framed)
    except ValueError as error:
        raise ChildError(f"the result is no JSON: {error}", stderr) from None
    if not isinstance(result, dict):
        raise ChildError("the result is no JSON object", stderr)
    return result


def run_here(suite: Suite, config: Config, *, with_stats: bool) -> None:
    """Do a repeat in this process and print the framed result.

    Raises:
        SystemExit: if behaviors failed.
    """
    try:
        measured = importlib.import_module(suite.work).run(config)
    except BaseExceptionGroup as group:  # of `wait`: what behaviors raised
        traceback.print_exc()
        sys.exit(f"{len(group.exceptions)} behaviors failed; the first: {group.exceptions[0]!r}")
    described = _describe(suite, measured, with_stats)
    print(f"{_BEGIN}\n{json.dumps(described)}\n{_END}", flush=True)


def _describe(suite: Suite, measured: "Measured", with_stats: bool) -> dict[str, Any]:
    from bocpy.bench.work import result

    began, ended = measured.began, measured.ended
    workers = result.difference(began.workers, ended.workers, "worker_index")
    queues = result.difference(began.queues, ended.queues, "tag")
    window_s = (ended.at_ns - began.at_ns) / 1e9
    user_s, system_s = ended.user_s - began.user_s, ended.system_s - began.system_s
    derived = summary.contention(workers, measured.completed)
    if measured.shares:
        derived["chains"] = summary.evenness(measured.shares)
    return {
        f"completed_{suite.unit}": measured.completed,
        "elapsed_s": measured.elapsed_s,
        "throughput": measured.completed / measured.elapsed_s,
        "wall_clock_ns_start": measured.wall_clock_ns_start,
        "latency_ns": _latencies(measured),
        "counters_window_s": window_s,
        "cpu": {
            "user_s": user_s,
            "system_s": system_s,
            "busy_cores": summary.ratio(user_s + system_s, window_s),
        },
        "memory": {"peak_rss_bytes": result.peak_rss_bytes()},
        "context_switches": {
            "voluntary": ended.voluntary - began.voluntary,
            "involuntary": ended.involuntary - began.involuntary,
        },
        "scheduler_stats": workers if with_stats else None,
        "queue_stats": queues if with_stats else None,
        "derived": derived,
        **measured.details,
    }


def _latencies(measured: "Measured") -> dict[str, float] | None:
    latencies = measured.latencies
    count = latencies.count()
    if not count:
        return None
    shares = summary.PERCENTILES.items()
    return {
        "count": count,
        "min": latencies.least,
        "mean": latencies.total / count,
        **{name: latencies.percentile(share) for name, share in shares},
        "max": latencies.most,
    }
