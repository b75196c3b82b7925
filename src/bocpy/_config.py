"""What a worker's interpreter takes over from main, at its start and later.

`worker_config` says all of it as builtins; `config_changes` what changed since it was last asked.
"""

import marshal
import sys
import warnings
from typing import Any

from bocpy import _modules

type Config = dict[str, Any]

_DEFAULT_LOGGING_LEVEL = 30

_last: Config = {}


def worker_config() -> Config:
    """Return what a worker needs before it can run behaviors.

    To be called in the main interpreter.
    """
    _last.clear()
    _last.update(_settings())
    return {**_last, "main": _main()}


def config_changes() -> Config | None:
    """Return the settings that differ from what was last returned; `None` if none do.

    To be called in the main interpreter, whenever a worker may be about to depend on them.
    """
    changes = {key: value for key, value in _settings().items() if _last.get(key) != value}
    _last.update(changes)
    return changes or None


def _settings() -> Config:
    return {
        "path": [entry for entry in sys.path if isinstance(entry, str)],
        "argv": list(sys.argv),
        "warnings": [_describe_filter(*entry) for entry in warnings.filters],
        "logging": _describe_logging(),
    }


def _describe_filter(
    action: str, message: Any, category: Any, module: Any, line: int
) -> tuple[Any, ...]:
    return (
        action,
        _pattern_text(message),
        (category.__module__, category.__qualname__),
        _pattern_text(module),
        line,
    )


def _pattern_text(pattern: Any) -> str:
    return str(getattr(pattern, "pattern", pattern or ""))


def _describe_logging() -> tuple[int, str | None]:
    """Return the root logger's level, and the format of its first handler if it has one."""
    logging = sys.modules.get("logging")
    if logging is None:
        return (_DEFAULT_LOGGING_LEVEL, None)
    root = logging.getLogger()
    for handler in root.handlers:
        if type(handler) is logging.StreamHandler:
            format = getattr(handler.formatter, "_fmt", None)
            return (root.level, format or logging.BASIC_FORMAT)
    return (root.level, None)


def _main() -> Config:
    """Describe ``__main__``: its source, reduced and compiled, if it can be read."""
    main = sys.modules["__main__"]
    namespace = vars(main)
    described: Config = {
        "file": namespace.get("__file__"),
        "package": namespace.get("__package__"),
        "doc": namespace.get("__doc__"),
        "source": None,
    }
    summary = _modules.summary_of(_modules.MAIN, namespace)
    if summary is not None:
        steps = [
            (marshal.dumps(step.code), step.number, step.line, step.names, step.source)
            for step in summary.steps()
        ]
        described.update(source=summary.source, filename=summary.filename, steps=steps)
    return described
