"""The warning filters of an interpreter, as builtins that another one can take over."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def describe() -> list[tuple[Any, ...]]:
    """Return the filters of this interpreter."""
    return [_describe(*entry) for entry in _own_filters()]


def apply(described: list[tuple[Any, ...]]) -> None:
    """Make *described* the filters of this interpreter."""
    if described == describe():
        return  # as nearly always; a filter with a pattern needs the module re
    import warnings

    warnings.resetwarnings()
    for action, message, category, module, line in reversed(described):
        found = getattr(sys.modules.get(category[0]), category[1], None)
        if isinstance(found, type):
            warnings.filterwarnings(action, message, found, module, line)


def _own_filters() -> list[Any]:
    """Return the filters of this interpreter, also if nothing has imported ``warnings`` yet."""
    if "warnings" not in sys.modules:
        from _warnings import filters

        return filters
    import warnings

    return list(warnings.filters)


def _describe(action: str, message: Any, category: Any, module: Any, line: int) -> tuple[Any, ...]:
    category_name = (category.__module__, category.__qualname__)
    return (action, _text(message), category_name, _text(module), line)


def _text(pattern: Any) -> str:
    return str(getattr(pattern, "pattern", pattern or ""))
