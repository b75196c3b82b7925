"""Behavior-oriented concurrency: functions that run when they alone own their data.

Example::

    from bocpy import Cown, wait, when

    account = Cown(100)

    @when(account)
    def deposit(account):
        account.value += 10

    wait()
"""

from bocpy._core import _is_main

TYPE_CHECKING = False
if TYPE_CHECKING or _is_main():
    from bocpy import messages as messages
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
else:  # a worker is ready sooner if it imports only what its bodies ask for
    _PARTS = {
        "_c_abi": "get_include get_sources",
        "_core": "Cown hold scheduler_stats when",
        "_failures": "BehaviorError",
        "_matrix": "Matrix",
        "_notices": "REMOVED notice_delete notice_read notice_seed notice_sync notice_update "
        "notice_write noticeboard",
        "_runtime": "WORKER_COUNT Behaviors WaitResult quiesce start wait",
        "_when": "whencall",
        "messages": "TIMEOUT drain queue_stats receive send set_queue_capacity set_tags",
    }
    _PART_OF = {name: part for part, names in _PARTS.items() for name in names.split()}

    def __getattr__(name):
        if name == "__version__":
            from bocpy._core import version as value
        elif name == "messages":
            from bocpy import messages as value
        elif name in _PART_OF:
            from importlib import import_module

            value = getattr(import_module(f"bocpy.{_PART_OF[name]}"), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals().setdefault(name, value)


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
