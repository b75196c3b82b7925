"""Have every worker do something once."""

from __future__ import annotations

from bocpy import _core, quiesce, receive, send, when

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LIMIT_S = 60.0  # far above what any of it takes
_DONE, _GO = "bocpy.bench.done", "bocpy.bench.go"


def each[R](workers: int, function: Callable[[], R]) -> list[R]:
    """Call *function* in every worker; return what it returns. Nothing else may be running.

    As many behaviors as there are workers call it, and none ends before all have: so each is on a
    worker of its own.

    Raises:
        RuntimeError: if a call fails, or takes a minute.
        TimeoutError: if the workers do not end it within a minute.
    """
    for _ in range(workers):
        _schedule(function)
    results: dict[int, R] = {}
    for _ in range(workers):
        tag, answer = receive(_DONE, _LIMIT_S)
        if tag != _DONE:
            raise RuntimeError(f"only {len(results)} of {workers} workers answer")
        worker, error, result = answer
        if error is not None:
            raise RuntimeError(f"worker {worker}: {error}")
        results[worker] = result
    for _ in range(workers):
        send(_GO, None)
    quiesce(_LIMIT_S)  # or a worker could be first at the next call, and take another's go
    if len(results) != workers:
        raise RuntimeError(f"{workers} answers are of {len(results)} workers")
    return list(results.values())


def _schedule(function: Callable[[], object]) -> None:
    @when()
    def call() -> None:
        _call(function)


def _call(function: Callable[[], object]) -> None:
    worker = _core.worker_index()
    try:
        send(_DONE, (worker, None, function()))
    except Exception as error:
        send(_DONE, (worker, repr(error), None))
        raise
    receive(_GO, _LIMIT_S)
