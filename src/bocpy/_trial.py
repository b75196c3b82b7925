"""The child of ``python -m bocpy doctor``: imports one module in two workers, twice.

What happens is appended to a file as it happens: the process may not survive it.
"""

import importlib
import json
import sys
from typing import Any

from bocpy import _core, receive, send, start, wait, when

_WORKERS = 2
_ROUNDS = ("workers", "again")

# The tags that keep the workers together.
_HERE, _GO = "bocpy doctor: here", "bocpy doctor: go"


def main() -> None:
    """Try the module that the command line names."""
    name, report, *options = sys.argv[1:]
    if "--main-first" in options:
        _say(report, stage="main")
        _import(name)
    error, without = None, {}
    for stage in _ROUNDS:
        _say(report, stage=stage)
        for error_of_worker, refused in _import_in_workers(name):
            error = error or error_of_worker
            without.update(refused)
        wait()
    _say(report, stage="main", error=error, without=without)
    if error is not None and "--main-first" not in options:
        _say(report, error_in_main=_import(name))
    _say(report, stage="ending")
    _core._shutdown()
    _say(report, stage="exit")


def try_import(name: str) -> tuple[str | None, dict[str, str]]:
    """In a worker: import *name*; return the error, and what extension modules were refused."""
    refused = _watch_extensions()
    send(_HERE, None)
    receive(_GO)
    return _import(name), refused


def _import_in_workers(name: str) -> list[tuple[str | None, dict[str, str]]]:
    start(_WORKERS)

    def body() -> tuple[str | None, dict[str, str]]:
        return try_import(name)

    results = [when()(body) for _ in range(_WORKERS)]
    for _ in range(_WORKERS):
        receive(_HERE)
    for _ in range(_WORKERS):
        send(_GO, None)
    return [result.result() for result in results]


def _import(name: str) -> str | None:
    try:
        importlib.import_module(name)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return None


def _watch_extensions() -> dict[str, str]:
    """Return a dict that collects what this interpreter cannot load, with the reason."""
    refused: dict[str, str] = {}
    loaders: Any = (
        sys.modules["_frozen_importlib_external"].ExtensionFileLoader,
        sys.modules["_frozen_importlib"].BuiltinImporter,
    )
    for loader in loaders:
        _watch(loader, refused)
    return refused


def _watch(loader: Any, refused: dict[str, str]) -> None:
    original = loader.create_module

    def create_module(*args: Any) -> Any:
        try:
            return original(*args)
        except ImportError as error:
            refused[args[-1].name] = str(error)
            raise

    loader.create_module = create_module


def _say(report: str, **facts: Any) -> None:
    with open(report, "a", encoding="utf-8") as stream:
        stream.write(json.dumps(facts) + "\n")
