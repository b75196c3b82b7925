"""The life of the one runtime: start, wait, stop, and the end of the process."""

from __future__ import annotations

import atexit
import os
import sys
from _thread import RLock
from collections import namedtuple
from time import monotonic

from bocpy import _core
from bocpy._core import scheduler_stats

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is imported by nothing that a worker needs to start
    from collections.abc import Mapping
    from typing import Any, Literal, NamedTuple, overload

    type Report = list[dict[str, int]] | dict[str, Any] | WaitResult | None

__all__ = ["WORKER_COUNT", "Behaviors", "WaitResult", "quiesce", "start", "wait"]

# A body that does not end on its own is left behind this long after an uncaught exception.
_GRACE_S = 1.0

# How often the last drain takes cowns away from daemon threads, which nobody waits for.
_RELEASE_EVERY_S = 1.0

_lock = RLock()
_registered = False
_finished = False
# How long a fork waits for what other threads scheduled at the same time.
_FORK_WAIT_S = 1.0

# What the runtime that a fork ended had; the next start takes it again.
_count_before_fork: int | None = None
# What was on the noticeboard when `Behaviors.stop` cleared it, for the next `wait`.
_last_board: Mapping[str, Any] | None = None


def _default_worker_count() -> int:
    """Return ``BOCPY_WORKERS``, or one less than the cores that this process may use."""
    try:
        chosen = int(os.environ.get("BOCPY_WORKERS", ""))
    except ValueError:
        chosen = 0
    if chosen >= 1:
        return chosen
    physical, logical = _core._cpu_counts()
    return max(1, (physical or logical) - 1)


WORKER_COUNT: int = _default_worker_count()


def _choose_transfer() -> None:
    """Follow ``BOCPY_TRANSFER``, for the whole process.

    Raises:
        ValueError: if it is set to what there is not.
    """
    chosen = os.environ.get("BOCPY_TRANSFER")
    if chosen and not _core.is_worker():
        _core._set_transfer(chosen)  # type: ignore[arg-type]


_choose_transfer()


if TYPE_CHECKING:

    class WaitResult(NamedTuple):
        """What ``wait(stats=True, noticeboard=True)`` returns."""

        stats: list[dict[str, int]]
        noticeboard: dict[str, Any]

else:
    WaitResult = namedtuple("WaitResult", ["stats", "noticeboard"])
    WaitResult.__doc__ = "What ``wait(stats=True, noticeboard=True)`` returns."


def start(
    worker_count: int | None = None,
    module: tuple[str, str | None] | None = None,
    *,
    fresh: bool = False,
) -> None:
    """Start the runtime; return once every worker is ready.

    Only in the main interpreter. Every cown that main used directly meanwhile is taken back.

    Args:
        worker_count: number of workers; `WORKER_COUNT` by default.
        module: accepted for compatibility; behaviors may come from any module.
        fresh: take new interpreters for the workers instead of renewing those of the last run.

    Raises:
        RuntimeError: if a runtime with another number of workers is up, or any with *fresh*; if
            the count is 0, if a worker cannot start, or inside a behavior.
        ValueError: if the count is negative, or the module's name is not a dotted path.
        FileNotFoundError: if the module's file does not exist.
        Exception: what pickle raises, if the value of a cown cannot be taken back.
    """
    _check_main("start")
    count = _checked_count(worker_count)
    _check_module(module)
    with _lock:
        if _core.is_running():
            if fresh:
                raise RuntimeError("start: fresh workers, but the runtime is up; call wait() first")
            if worker_count is None or count == _core.worker_count():
                return
            raise RuntimeError(
                f"start: the runtime is up with {_core.worker_count()} workers, not {count}; "
                "call wait() first"
            )
        if fresh:
            _core._shutdown()
        _start(count)


def ensure_started() -> None:
    """Start the runtime with the default number of workers unless one is up."""
    _check_main("when")
    with _lock:
        if not _core.is_running():
            _start(_count_before_fork or WORKER_COUNT)


if TYPE_CHECKING:

    @overload
    def wait(
        timeout: float | None = None,
        *,
        stats: Literal[False] = False,
        noticeboard: Literal[False] = False,
        raise_errors: bool = False,
    ) -> None: ...
    @overload
    def wait(
        timeout: float | None = None,
        *,
        stats: Literal[True],
        noticeboard: Literal[False] = False,
        raise_errors: bool = False,
    ) -> list[dict[str, int]]: ...
    @overload
    def wait(
        timeout: float | None = None,
        *,
        stats: Literal[False] = False,
        noticeboard: Literal[True],
        raise_errors: bool = False,
    ) -> dict[str, Any]: ...
    @overload
    def wait(
        timeout: float | None = None,
        *,
        stats: Literal[True],
        noticeboard: Literal[True],
        raise_errors: bool = False,
    ) -> WaitResult: ...
    @overload
    def wait(
        timeout: float | None = None,
        *,
        stats: bool,
        noticeboard: bool = False,
        raise_errors: bool = False,
    ) -> Report: ...


def wait(
    timeout: float | None = None,
    *,
    stats: bool = False,
    noticeboard: bool = False,
    raise_errors: bool = False,
) -> Report:
    """Wait until every behavior has run, then stop the runtime and clear the noticeboard.

    Afterwards main reads and writes every cown directly. When *timeout* seconds have passed,
    behaviors that run are left to end and all others are dropped: their results hold a
    `RuntimeError`. Ctrl-C raises `KeyboardInterrupt` and leaves the runtime up.

    Args:
        timeout: seconds to wait; None for no limit.
        stats: return the counters of each worker (see `scheduler_stats`).
        noticeboard: return what was on the noticeboard at the end, as a dict.
        raise_errors: raise the exceptions of behaviors that nobody looked at.

    Returns:
        None, the stats, the dict, or both in a `WaitResult`.

    Raises:
        RuntimeError: inside a behavior; if this thread holds a cown; or if the function of a
            `notice_update` still runs after *timeout*: then call it again.
        ValueError: if *timeout* is not a number.
        BaseExceptionGroup: with *raise_errors*; an `ExceptionGroup` if all are `Exception`.
    """
    global _last_board
    was_running = _core.is_running()
    board = _shut_down(timeout)
    if board is None:
        board = _last_board
    _last_board = None
    _clean_up(raise_errors)
    return _report(
        (_core._last_stats() if was_running else []) if stats else None,
        dict(board or {}) if noticeboard else None,
    )


if TYPE_CHECKING:

    @overload
    def quiesce(
        timeout: float | None = None,
        *,
        stats: Literal[False] = False,
        noticeboard: Literal[False] = False,
    ) -> None: ...
    @overload
    def quiesce(
        timeout: float | None = None,
        *,
        stats: Literal[True],
        noticeboard: Literal[False] = False,
    ) -> list[dict[str, int]]: ...
    @overload
    def quiesce(
        timeout: float | None = None,
        *,
        stats: Literal[False] = False,
        noticeboard: Literal[True],
    ) -> dict[str, Any]: ...
    @overload
    def quiesce(
        timeout: float | None = None,
        *,
        stats: Literal[True],
        noticeboard: Literal[True],
    ) -> WaitResult: ...
    @overload
    def quiesce(
        timeout: float | None = None, *, stats: bool, noticeboard: bool = False
    ) -> Report: ...


def quiesce(
    timeout: float | None = None, *, stats: bool = False, noticeboard: bool = False
) -> Report:
    """Wait until every behavior has run; the runtime stays up.

    The functions of `notice_update` have run then, too. Returns what `wait` returns.

    Raises:
        TimeoutError: if it takes longer than *timeout* seconds.
        RuntimeError: inside a behavior, or if this thread holds a cown.
        ValueError: if *timeout* is not a number.
    """
    if not _core._quiesce(timeout):
        raise TimeoutError(f"quiesce: behaviors are in flight after {timeout} s")
    _drain_output()
    return _report(
        scheduler_stats() if stats else None, _core._notice_dict() if noticeboard else None
    )


def _report(stats: list[dict[str, int]] | None, board: dict[str, Any] | None) -> Report:
    if board is None:
        return stats
    return board if stats is None else WaitResult(stats, board)


def _shut_down(timeout: float | None) -> Mapping[str, Any] | None:
    """Stop the runtime and close its noticeboard; return what was on it, None without one."""
    global _count_before_fork
    was_running = _core.is_running() or _count_before_fork is not None
    deadline = None if timeout is None else monotonic() + timeout
    is_quiescent = _core._stop(timeout)
    board = _core._notice_snapshot() if was_running else None
    if not is_quiescent:
        import logging

        logging.getLogger("behaviors").warning(
            "wait: the timeout of %s s expired; behaviors that had not started are dropped", timeout
        )
        _core._notice_close()
        _core._drop(None)
    with _lock:
        if not _core.is_running():  # another thread may have started it again
            _core._notice_close()
            _count_before_fork = None
    if not _core._notice_end(None if deadline is None else deadline - monotonic()):
        raise RuntimeError(
            "wait: the noticeboard thread did not shut down: the function of an update still "
            "runs; call wait() again"
        )
    return board


def _clean_up(raise_errors: bool) -> None:
    _drain_output()
    if raise_errors:
        flagged = _core._take_failures()  # users may flag any value
        errors = [error for error in flagged if isinstance(error, BaseException)]
        if errors:
            raise BaseExceptionGroup("behaviors raised exceptions that nobody looked at", errors)
    _core._forget_failures()


class Behaviors:
    """The runtime as a context manager: started on entry, drained and stopped on exit.

    There is one runtime in a process; this is a handle of it.
    """

    def __init__(self, num_workers: int | None = None) -> None:
        self._worker_count = num_workers

    def start(self, module: tuple[str, str | None] | None = None) -> None:
        """Start the runtime, as `bocpy.start` does."""
        start(self._worker_count, module)

    def stop(self, timeout: float | None = None) -> None:
        """Stop the runtime, as `bocpy.wait` does.

        The next ``wait(noticeboard=True)`` returns what was on the noticeboard.
        """
        global _last_board
        board = _shut_down(timeout)
        _clean_up(False)
        _last_board = board

    def __enter__(self) -> Behaviors:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()


def _check_main(call: str) -> None:
    if _core.is_worker():
        raise RuntimeError(f"{call}: not inside a behavior; the runtime belongs to main")
    if not _core._is_main():
        raise RuntimeError(f"{call}: only the main interpreter can start the runtime")


def _checked_count(worker_count: int | None) -> int:
    if worker_count is None:
        return WORKER_COUNT
    if not isinstance(worker_count, int):
        kind = type(worker_count).__name__
        raise TypeError(f"start: worker_count must be an int, not {kind}")
    if worker_count == 0:
        raise RuntimeError("start: at least one worker is needed")
    if worker_count < 0:
        raise ValueError(f"start: worker_count must be positive, not {worker_count}")
    return int(worker_count)


def _check_module(module: tuple[str, str | None] | None) -> None:
    if module is None:
        return
    name, path = module
    if not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(f"start: {name!r} is no dotted Python module path")
    if path is not None and not os.path.exists(path):
        raise FileNotFoundError(f"start: {path!r} does not exist")


def _start(count: int) -> None:
    global _count_before_fork, _last_board
    if _finished:
        raise RuntimeError("start: the interpreter is shutting down")
    if not _core._notice_end(0):
        raise RuntimeError(
            "start: the runtime is shutting down: the function of a notice_update still runs; "
            "call wait() again"
        )
    _prepare_process()
    _count_before_fork = None
    from bocpy import _config  # only now: a program that imports us may never start us

    _core._notice_open()
    _core._start(count, sys.path, _config.worker_config())
    _last_board = None


def _prepare_process() -> None:
    """Do once, before the first worker exists, what CPython needs in main."""
    global _registered
    if _registered:
        return
    _registered = True
    _import_unsafe_modules()
    atexit.register(_core._insist, _at_exit)
    _core._hook_audits()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=_before_fork,
            after_in_parent=_after_fork_in_parent,
            after_in_child=_after_fork_in_child,
        )


def _import_unsafe_modules() -> None:
    """Import in main what would abort the process if workers imported it first.

    On CPython before 3.14 that is ``_datetime`` (python/cpython#136423). See also `_extensions`.
    """
    if sys.version_info < (3, 14):
        try:  # noqa: SIM105 - contextlib takes longer to import than all the rest of a start
            import _datetime  # type: ignore[import-not-found] # noqa: F401
        except ImportError:
            pass  # not built here: no worker can load it either


def restart_after_fork() -> None:
    """Start the runtime again if nothing but a fork has ended it."""
    with _lock:
        if _count_before_fork is not None and not _core.is_running():
            _start(_count_before_fork)


def _drain_output() -> None:
    """Wait for what bodies printed, if main's streams are not the process's own."""
    drain = _from_loaded("bocpy._output", "drain")
    if drain is not None:
        drain()


def _from_loaded(module: str, name: str) -> Any:
    """Return a name of a module of ours, or None; a daemon thread may just be importing it."""
    return getattr(sys.modules.get(module), name, None)


def _before_fork() -> None:
    """End the workers of an idle runtime: CPython cannot fork beside sub-interpreters.

    The next `when` starts them again. Threads that schedule meanwhile wait until the fork is done.
    """
    global _count_before_fork
    if _core.is_worker():
        return
    _lock.acquire()
    _core._set_forking(True)
    if _core.is_running():
        count = _core.worker_count()
        # What another thread scheduled a moment ago ends soon. What raises no audit event may
        # come here with anything in flight: unsupported.
        if not _core._stop(_FORK_WAIT_S):
            return
        _count_before_fork = count
    _core._notice_end(0)
    _core._shutdown()


def _after_fork_in_parent() -> None:
    import contextlib

    if _core.is_worker():
        return
    _core._set_forking(False)
    with contextlib.suppress(RuntimeError):  # registered after this fork began
        _lock.release()


def _after_fork_in_child() -> None:
    global _lock, _count_before_fork
    _core._set_forking(False)
    _lock = RLock()  # another thread of the parent may wait for it
    _count_before_fork = None


def _at_exit(error: BaseException | None) -> None:
    """End the workers before the interpreter is finalized.

    *error* is what a signal raised when this was called before, so that it did not even begin.
    After a normal end of the program everything scheduled still runs. After an uncaught
    exception what has not started is dropped, bodies that run get `KeyboardInterrupt`, and
    one that does not end all the same is left behind with the process.
    """
    told = None
    try:
        told = _why_early()
        error = told or error or _drain()
        if error is not None and not _end_early():
            _leave(error)
        _core._shutdown()
    except BaseException as interrupt:  # of a signal, in between
        _leave(error or interrupt)
    forget_code = _from_loaded("bocpy._origin", "forget_code")
    if forget_code is not None:
        forget_code()  # so that what the program's modules hold can die
    if isinstance(error, KeyboardInterrupt):
        _note_interrupt()
    elif isinstance(error, SystemExit) and error.code and told is None:
        _leave(error)  # of a handler in the drain: CPython would not heed its status


def _why_early() -> BaseException | None:
    """Close the runtime to main's threads; return what ended the program, if not its end."""
    global _finished
    with _lock:
        _finished = True  # daemon threads may go on, but not start it again
    _core._begin_end()
    status = _core._told_to_exit()
    if status is not None:
        return SystemExit(status)
    is_interactive = hasattr(sys, "ps1")  # then the last error may be hours old
    return None if is_interactive else getattr(sys, "last_exc", None)


def _drain() -> BaseException | None:
    """Run everything that was scheduled; return what a signal's handler raised meanwhile."""
    try:
        _core._release_all()  # nobody is left who could, but daemon threads may acquire again
        while not _core._stop(_RELEASE_EVERY_S):
            _core._release_all()
        _core._notice_close()
        _core._notice_end(None)
        _drain_output()
    except BaseException as interrupt:
        return interrupt
    return None


def _end_early() -> bool:
    """Drop what has not started and interrupt what runs; False if a body does not end."""
    try:
        _core._release_all()
        _core._notice_close()
        if _core._drop(0) and _core._notice_end(0):
            return True
        _core._interrupt()
        return _core._drop(_GRACE_S) and _core._notice_end(_GRACE_S)
    except BaseException:  # of a second signal
        return False


def _note_interrupt() -> None:
    """Let the process end by SIGINT, as after any Ctrl-C that nobody caught.

    CPython keeps that in a variable of the process. From 3.14 on, printing an exception that nobody
    caught sets it. Before, the evaluation of a string does if it ends in `KeyboardInterrupt`, and
    resets it otherwise, in any thread of any interpreter. Later versions of both let it stand above
    the status of ``sys.exit()``, which nobody can look up here.
    """
    if sys.version_info >= (3, 14):
        hook, sys.excepthook = sys.excepthook, lambda *_: None
        _core._print_interrupt()
        sys.excepthook = hook
        return

    def interrupt() -> None:
        raise KeyboardInterrupt

    import contextlib

    with contextlib.suppress(KeyboardInterrupt):
        eval("interrupt()", {"interrupt": interrupt})


def _leave(error: BaseException) -> None:
    """End the process at once, with the status that *error* stands for."""
    while True:
        try:
            _flush_and_exit(error)
        except BaseException:  # of one more signal
            continue


def _flush_and_exit(error: BaseException) -> None:
    import contextlib

    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()
    code = error.code if isinstance(error, SystemExit) else 1
    status = code if isinstance(code, int) else 1
    if isinstance(error, KeyboardInterrupt) or status < 0:
        import signal

        number = signal.SIGINT if isinstance(error, KeyboardInterrupt) else -status
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
    os._exit(status & 0xFF)
