"""The noticeboard: named values that every behavior may read without waiting."""

from __future__ import annotations

import os

from bocpy import _core
from bocpy._core import (
    notice_delete,
    notice_read,
    notice_seed,
    notice_sync,
    notice_update,
    notice_write,
    noticeboard,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = [
    "REMOVED",
    "notice_delete",
    "notice_read",
    "notice_seed",
    "notice_sync",
    "notice_update",
    "notice_write",
    "noticeboard",
]


class Removed:
    """The type of `REMOVED`, which has one value."""

    __slots__ = ()

    def __new__(cls) -> Removed:
        """Return `REMOVED`."""
        return REMOVED

    def __repr__(self) -> str:
        return "REMOVED"

    def __reduce__(self) -> str:
        return "REMOVED"


# What the function of `notice_update` returns to remove the key.
REMOVED: Final[Removed] = object.__new__(Removed)

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_core._forget_notices)
