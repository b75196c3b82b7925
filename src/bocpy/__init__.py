"""Behavior-oriented concurrency: functions that run when they alone own their data.

Example::

    from bocpy import Cown, wait, when

    account = Cown(100)

    @when(account)
    def deposit(account):
        account.value += 10

    wait()
"""

from bocpy._c_abi import get_include, get_sources
from bocpy._core import Cown, hold, scheduler_stats, when
from bocpy._core import version as __version__
from bocpy._failures import BehaviorError
from bocpy._matrix import Matrix
from bocpy._notices import (
    REMOVED,
    notice_delete,
    notice_read,
    notice_seed,
    notice_sync,
    notice_update,
    notice_write,
    noticeboard,
)
from bocpy._runtime import WORKER_COUNT, Behaviors, WaitResult, quiesce, start, wait
from bocpy._when import whencall
from bocpy.messages import (
    TIMEOUT,
    drain,
    queue_stats,
    receive,
    send,
    set_queue_capacity,
    set_tags,
)

__all__ = [
    "REMOVED",
    "TIMEOUT",
    "WORKER_COUNT",
    "BehaviorError",
    "Behaviors",
    "Cown",
    "Matrix",
    "WaitResult",
    "__version__",
    "drain",
    "get_include",
    "get_sources",
    "hold",
    "notice_delete",
    "notice_read",
    "notice_seed",
    "notice_sync",
    "notice_update",
    "notice_write",
    "noticeboard",
    "queue_stats",
    "quiesce",
    "receive",
    "scheduler_stats",
    "send",
    "set_queue_capacity",
    "set_tags",
    "start",
    "wait",
    "when",
    "whencall",
]
