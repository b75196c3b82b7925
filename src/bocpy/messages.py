"""Messages under tags, between any threads and interpreters of the process."""

import os

from bocpy import _core
from bocpy._core import drain, queue_stats, receive, send, set_queue_capacity, set_tags

__all__ = [
    "TIMEOUT",
    "drain",
    "queue_stats",
    "receive",
    "send",
    "set_queue_capacity",
    "set_tags",
]

# The tag in what `receive` returns when it waited in vain.
TIMEOUT = "__timeout__"

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_core._forget_messages)
