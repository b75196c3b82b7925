"""What all behaviors of a repeat read: main publishes it, each worker fetches it once."""

from typing import Any

from bocpy import notice_read, notice_seed
from bocpy.bench.work import crew

_KEY = "bocpy.bench.plan"

_plan: Any = None


def prepare(workers: int, draft: object) -> None:
    """Have every worker read a plan like the one to come, and so import what that needs."""
    notice_seed(_KEY, draft)
    crew.each(workers, _look)


def _look() -> None:
    notice_read(_KEY)


def publish(plan: object) -> None:
    """Let the workers have *plan*; main calls it before a behavior asks."""
    notice_seed(_KEY, plan)


def shared() -> Any:
    """Return what main published, in a worker."""
    global _plan
    if _plan is None:
        _plan = notice_read(_KEY)
    return _plan
