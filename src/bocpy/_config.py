"""What a worker's interpreter takes over from main, at its start and later.

`worker_config` says all of it as builtins. What changes later travels with the next new template,
so that a worker has it before it imports what the template needs.
"""

from __future__ import annotations

import sys

from bocpy import _core, _warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

type Config = dict[str, Any]

_DEFAULT_LOGGING_LEVEL = 30

# What the workers were started with; empty in an interpreter that is not main.
_started: Config = {}

# Counts the times that `later_settings` saw something new, and what it saw.
_version = 0
_latest: Config = {}

# Whether workers run that have yet to be told the source of ``__main__``.
_owes_main = False


def worker_config() -> Config:
    """Return what a worker needs before it can run behaviors.

    To be called in the main interpreter.
    """
    global _version, _owes_main
    _started.clear()
    _started.update(_settings())
    _latest.clear()
    _version += 1
    # To read and reduce the source needs the compiler's tools, which take longer to import than
    # workers to start; whatever comes from there needs them anyway, and says it then.
    _owes_main = "bocpy._modules" not in sys.modules
    main = _main_names() if _owes_main else {**_main_names(), **_main_source()}
    return {**_started, "version": _version, "main": main}


def tell_main(*_: str) -> None:
    """Let workers know the source of ``__main__`` from now on.

    To be called in the main interpreter; by whatever thread first needs it.
    """
    global _owes_main
    if _owes_main:
        _core._tell_main(_main_source())
        _owes_main = False


def later_settings() -> Config | None:
    """Return all settings that differ from what workers were started with; `None` if none do.

    The entry ``version`` grows with each change. Always `None` in a worker.
    """
    global _version
    if not _started:
        return None
    tell_main()
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
        "output": _output_descriptor(),
    }


def _output_descriptor() -> int | None:
    if sys.stdout is sys.__stdout__ and sys.stderr is sys.__stderr__:
        return None
    from bocpy import _output

    return _output.descriptor()


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


def _main_names() -> Config:
    """Describe ``__main__`` without its source."""
    namespace = vars(sys.modules["__main__"])
    return {
        "file": namespace.get("__file__"),
        "package": namespace.get("__package__"),
        "doc": namespace.get("__doc__"),
    }


def _main_source() -> Config:
    """Return the source of ``__main__``, reduced and compiled, if it can be read."""
    from bocpy import _modules

    summary = _modules.summary_of(_modules.MAIN, vars(sys.modules["__main__"]))
    if summary is None:
        return {"source": None}
    return {"source": summary.source, "filename": summary.filename, "steps": summary.shipped}
