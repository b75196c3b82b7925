"""The namespaces that functions from elsewhere live in, prepared in this interpreter.

See `bocpy._modules` for places. In a worker, ``__main__`` is the reduced copy of main's, executed
at first use; modules are imported by name; a namespace without a name is made empty and filled.
While any of this runs, ``when`` must not schedule: `importing` says so.
"""

from __future__ import annotations

import builtins
import marshal
import os
import sys
from _thread import get_ident

from bocpy import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType, ModuleType, TracebackType
    from typing import Any
else:  # a worker imports this before any body, and nothing that can wait
    ModuleType = type(sys)

type Place = tuple[Any, ...]

# Thread idents that are executing a module now, and how deep.
importing: dict[int, int] = {}

_MAIN_ALIAS = "__bocmain__"

# Modules whose imports that fail are replaced by placeholders wherever the modules lie.
_defining: set[str] = set()

_detached: dict[str, dict[str, Any]] = {}

# The text of main's module, and the file that its code names; in a worker that has executed it.
main_source: tuple[str, str] | None = None


class Importing:
    """A context in which ``when`` does not schedule in this thread."""

    def __enter__(self) -> None:
        ident = get_ident()
        importing[ident] = importing.get(ident, 0) + 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        ident = get_ident()
        importing[ident] -= 1
        if importing[ident] == 0:
            del importing[ident]


class MainModule(ModuleType):
    """A worker's ``__main__``: executes the reduced module when something is first wanted."""

    def __init__(self, described: dict[str, Any]) -> None:
        super().__init__("__main__", described["doc"])
        self.__dict__.update(
            __builtins__=builtins,
            __file__=described["file"],
            __package__=described["package"],
        )
        if described["file"] is None:
            del self.__dict__["__file__"]
        object.__setattr__(self, "_described", described)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):
            run_main(self)
            if name in self.__dict__:
                return self.__dict__[name]
        raise AttributeError(f"module '__main__' has no attribute {name!r}")


def find(place: Place) -> dict[str, Any]:
    """Return the namespace at *place*, made or imported if it is not there yet.

    Raises:
        RuntimeError: if the module cannot be imported.
    """
    if place[0] == "main":
        main = sys.modules["__main__"]
        if isinstance(main, MainModule):
            run_main(main)
        return vars(main)
    if place[0] == "module":
        _, name, file = place
        try:
            return vars(_import(name, file))
        except Exception as error:
            raise RuntimeError(
                f"module {name!r}, which defines the behavior, cannot be imported in a worker: "
                f"{type(error).__name__}: {error}"
            ) from error
    _, token, name, file, package = place
    if token not in _detached:
        given = {"__name__": name, "__file__": file, "__package__": package}
        namespace: dict[str, Any] = {
            key: value for key, value in given.items() if value is not None
        }
        namespace.update(__builtins__=builtins, __bocpy_namespace__=token)
        _detached[token] = namespace
    return _detached[token]


def import_or_placeholder(name: str) -> Any:
    """Import a module by name; what fails to load becomes a placeholder."""
    import importlib

    try:
        with Importing():
            return importlib.import_module(name)
    except Exception as error:
        from bocpy import _placeholders

        return _placeholders.for_import(name, name, error)


def set_main(described: dict[str, Any]) -> None:
    """Make this interpreter's ``__main__`` a copy of what *described* says."""
    main = MainModule(described)
    sys.modules["__main__"] = sys.modules[_MAIN_ALIAS] = main


def run_main(main: MainModule) -> None:
    """Execute the reduced module, once."""
    global main_source
    described = main.__dict__.pop("_described", None)
    if described is not None and "source" not in described:
        described = _core._main_told()
    if described is None or described["source"] is None:
        return
    main_source = (described["source"], described["filename"])
    remember_source(described["filename"], described["source"])
    steps = (
        (marshal.loads(code), number, line, names, source)
        for code, number, line, names, source in described["steps"]
    )
    with Importing():
        _execute(steps, vars(main), described["source"], described["filename"], reduced=True)


def remember_source(filename: str, text: str) -> None:
    """Let tracebacks quote *text* for code that names *filename*, unless that is a file."""
    if os.path.isfile(filename):
        return
    import linecache

    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)


def forget() -> None:
    """Drop every module and namespace that came from the user's own files."""
    global main_source
    for name, module in list(sys.modules.items()):
        if isinstance(module, ModuleType) and is_users(module):
            del sys.modules[name]
    main_source = None
    _detached.clear()
    _defining.clear()


def is_users(module: ModuleType) -> bool:
    """Say whether *module* lies outside the standard library, site-packages and this package."""
    origin = getattr(getattr(module, "__spec__", None), "origin", None)
    if origin is None or not os.path.isabs(origin):
        return False
    if f"{os.sep}site-packages{os.sep}" in origin or f"{os.sep}dist-packages{os.sep}" in origin:
        return False
    return not origin.startswith((os.path.dirname(os.__file__), os.path.dirname(__file__)))


def guard_imports() -> None:
    """Make the import system of this worker say that it is importing, and use placeholders.

    A module that cannot be executed because an import at its top fails is executed again with
    that import replaced, if it is the user's own.
    """
    loaders: Any = sys.modules["_frozen_importlib_external"]._LoaderBasics
    if getattr(loaders.exec_module, "guards", False):
        return
    original = loaders.exec_module

    def exec_module(self: Any, module: ModuleType) -> None:
        with Importing():
            try:
                original(self, module)
            except ImportError:
                if not (is_users(module) or module.__name__ in _defining):
                    raise
                if not _execute_guarded(module):
                    raise

    exec_module.guards = True  # type: ignore[attr-defined]
    loaders.exec_module = exec_module


def _import(name: str, file: str | None) -> ModuleType:
    module = sys.modules.get(name)
    if module is not None:
        return module
    _defining.add(name)
    with Importing():
        try:
            return _import_whole(name, file)
        except Exception:
            module = _import_reduced(name, file)
            if module is None:
                raise
            return module


def _import_whole(name: str, file: str | None) -> ModuleType:
    import importlib

    try:
        module = importlib.import_module(name)
        found = getattr(module, "__file__", None)
        if file is None or found is None or _same(found, file):
            return module
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}.") or file is None:
            raise
    return _import_file(name, file)


def _import_reduced(name: str, file: str | None) -> ModuleType | None:
    """Make a module that fails when all of it is executed from its reduced source.

    For the user's own that run a program as well: they may read results, or wait for them.
    """
    import importlib.util

    from bocpy import _modules, transpiler

    spec = None if file is None else importlib.util.spec_from_file_location(name, file)
    if spec is None:
        return None
    module = importlib.util.module_from_spec(spec)
    source, filename = _modules.read_source(vars(module))
    if source is None or not is_users(module):
        return None
    sys.modules[name] = module
    steps = [
        (step.code, step.number, step.line, step.names, step.source)
        for step in transpiler.summarize(source, filename).steps()
    ]
    _execute(steps, vars(module), source, filename, reduced=True)
    return module


def _import_file(name: str, file: str) -> ModuleType:
    """Load a module that its name alone does not find from *file*."""
    import importlib.util

    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"no module named {name!r} in {file!r}", name=name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _same(one: str, other: str) -> bool:
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))


def _execute_guarded(module: ModuleType) -> bool:
    """Execute all of a module with placeholders for imports that fail."""
    from bocpy import _modules, transpiler

    namespace = vars(module)
    source, filename = _modules.read_source(namespace)
    if source is None:
        return False
    summary = transpiler.summarize(source, filename)
    for name in [name for name in namespace if not name.startswith("__")]:
        del namespace[name]
    steps = [
        (step.code, step.number, step.line, step.names, step.source)
        for step in transpiler.compile_steps(summary.tree, filename)
    ]
    _execute(steps, namespace, source, filename, reduced=False)
    return True


def _execute(
    steps: Iterable[tuple[CodeType, int, int, tuple[str, ...], str | None]],
    namespace: dict[str, Any],
    source: str,
    filename: str,
    *,
    reduced: bool,
) -> None:
    """Execute a module step by step, with placeholders for what fails.

    In a *reduced* module anything may fail: the rest of the program that made it work is not
    there. In a whole one only imports may, and what depends on them.
    """
    for code, number, line, names, imported in steps:
        try:
            exec(code, namespace)
            continue
        except (Exception, SystemExit) as error:
            cause = error
        from bocpy import _placeholders

        if imported is not None:
            for name in names:
                if name not in namespace:
                    original = imported if _is_import_of(code, imported) else name
                    namespace[name] = _placeholders.for_import(imported, original, cause)
            continue
        if not reduced and not isinstance(cause, _placeholders.MissingError):
            raise cause
        if not _define_without_annotations(namespace, source, filename, number, reduced=reduced):
            for name in names:
                if name not in namespace:
                    namespace[name] = _placeholders.for_definition(name, line, cause)


def _is_import_of(code: CodeType, module: str) -> bool:
    """Say whether *code* is ``import module``, not ``from module import``."""
    return "IMPORT_FROM" not in _operations(code)


def _operations(code: CodeType) -> set[str]:
    import dis

    return {instruction.opname for instruction in dis.get_instructions(code)}


def _define_without_annotations(
    namespace: dict[str, Any], source: str, filename: str, number: int, *, reduced: bool
) -> bool:
    from bocpy import transpiler

    summary = transpiler.summarize(source, filename)
    tree = summary.reduced if reduced else summary.tree
    code = transpiler.compile_without_annotations(tree, filename, number)
    if code is None:
        return False
    try:
        exec(code, namespace)
    except (Exception, SystemExit):
        return False
    return True
