"""What a worker's interpreter takes over from main, at its start and later.

`worker_config` says all of it as builtins. What changes later travels with the next new template,
so that a worker has it before it imports what the template needs.
"""

import marshal
import sys
from typing import Any

from bocpy import _modules, _output, _warnings

type Config = dict[str, Any]

_DEFAULT_LOGGING_LEVEL = 30

# What the workers were started with; empty in an interpreter that is not main.
_started: Config = {}

# Counts the times that `later_settings` saw something new, and what it saw.
_version = 0
_latest: Config = {}


def worker_config() -> Config:
    """Return what a worker needs before it can run behaviors.

    To be called in the main interpreter.
    """
    global _version
    _started.clear()
    _started.update(_settings())
    _latest.clear()
    _version += 1
    return {**_started, "version": _version, "main": _main()}


def later_settings() -> Config | None:
    """Return all settings that differ from what workers were started with; `None` if none do.

    The entry ``version`` grows with each change. Always `None` in a worker.
    """
    global _version
    if not _started:
        return None
    now = _settings()
    changed = {key: value for key, value in now.items() if _latest.get(key, _started[key]) != value}
    if changed:
        _latest.update(changed)
        _version += 1
    return {**_latest, "version": _version} if _latest else None


def _settings() -> Config:
    return {
        "path": [entry for entry in sys.path if isinstance(entry, str)],
        "argv": list(sys.argv),
        "warnings": _warnings.describe(),
        "logging": _describe_logging(),
        "output": _output.descriptor(),
    }


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
