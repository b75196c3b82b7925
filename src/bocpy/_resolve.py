"""How each module-level name that a function needs gets to a worker.

A name that a worker's copy of the module has by itself is present; a module travels by name;
everything else is captured by value. Names are followed through the functions and classes of the
function's own module, so that what a helper reads travels too.
"""

import builtins
import dis
import functools
import sys
from types import CellType, CodeType, FrameType, FunctionType, MethodType, ModuleType, NoneType
from typing import Any, NamedTuple

from bocpy import _modules, _names, transpiler
from bocpy._modules import travels_by_name

# Flags of MAKE_FUNCTION: defaults, keyword defaults, closure.
_NEEDS_MORE_THAN_CODE = 0x01 | 0x02 | 0x08


# Data whose copies are as good as the original.
_COPIED = (str, bytes, int, float, complex, list, tuple, dict, set, frozenset, bytearray, NoneType)


class Uses(NamedTuple):
    """How the module-level names that a function needs get to a worker."""

    captured: list[str]
    modules: list[tuple[str, str]]
    later: list[tuple[str, CodeType]]
    missing: list[tuple[str, int]]
    incomplete: bool


class Resolver:
    """Follows names through the functions and classes of one module."""

    def __init__(
        self, func: FunctionType, names: _names.GlobalNames, frame: FrameType | None
    ) -> None:
        self._func = func
        self._names = names
        self._frame = frame
        self._namespace = func.__globals__
        self._module_name = func.__globals__.get("__name__")
        self._place = _modules.place_of(self._namespace)
        self._summary = _modules.summary_of(self._place, self._namespace)
        self._builtins = _builtins_of(self._namespace)
        self._seen: set[int] = set()
        self._carried: dict[str, str] = {}
        self._uses = Uses([], [], [], [], False)
        self._incomplete = False

    def resolve(self) -> Uses:
        """Return how every name that the function may need travels."""
        self._seen.add(id(self._func.__code__))
        self._follow_closure(self._func)
        for name, line in self._names.loaded.items():
            if not self._carry(name) and name not in self._names.stored:
                self._uses.missing.append((name, line))
        for name in sorted(self._names.optional):
            self._carry(name)
        return self._uses._replace(incomplete=self._incomplete)

    def _carry(self, name: str) -> bool:
        """Decide how *name* travels; False if nothing defines it."""
        if name in self._carried or name in _modules.DUNDERS:
            return True
        if name not in self._namespace:
            return name in self._builtins or self._comes_later(name)
        self._carried[name] = name
        value = self._namespace[name]
        if not self._is_present(name, value):
            if isinstance(value, ModuleType):
                self._uses.modules.append((name, value.__name__))
                return True
            self._uses.captured.append(name)
        self._follow(value)
        return True

    def _is_present(self, name: str, value: object) -> bool:
        """Say whether a worker's copy of the module has *name* by itself."""
        by_name = self._place[0] == "module"
        if self._summary is None:
            if not by_name:
                return False
            if isinstance(value, type | FunctionType):
                return travels_by_name(value) or not _can_ship(value)
            return isinstance(value, ModuleType) or not _can_ship(value)
        if name in self._summary.rebound:
            return True
        bindings = self._summary.bindings.get(name)
        if (by_name or (bindings and bindings[-1].kept)) and self._is_sentinel(value):
            return True
        if bindings is None:
            return self._is_star_import(name, value) or (by_name and not _can_ship(value))
        last = bindings[-1]
        if by_name or last.kept:
            if last.kind is transpiler.Kind.IMPORT:
                return all(b.kind is last.kind and (by_name or b.kept) for b in bindings)
            if last.kind is transpiler.Kind.FUNCTION and _is_defined_at(value, last):
                return True
            if last.kind is transpiler.Kind.CLASS and isinstance(value, type):
                return travels_by_name(value)
        return by_name and not _can_ship(value)

    def _is_sentinel(self, value: object) -> bool:
        """Say whether functions compare *value* by identity: a copy would break them."""
        if isinstance(value, (*_COPIED, type, FunctionType, ModuleType)):
            return False
        return type(value) is object or id(value) in self._default_ids

    @functools.cached_property
    def _default_ids(self) -> set[int]:
        """Identities of the parameter defaults of all functions of the module."""
        functions: list[Any] = []
        for value in list(self._namespace.values()):
            functions.append(value)
            if isinstance(value, type) and value.__module__ == self._module_name:
                for member in vars(value).values():
                    functions += [member, *_functions_in(member)]
        return {
            id(default)
            for func in functions
            if isinstance(func, FunctionType) and func.__globals__ is self._namespace
            for default in (*(func.__defaults__ or ()), *(func.__kwdefaults__ or {}).values())
        }

    def _is_star_import(self, name: str, value: object) -> bool:
        if self._summary is None:
            return False
        for written in self._summary.star_imports:
            level = len(written) - len(written.lstrip("."))
            package = str(self._namespace.get("__package__") or "").split(".")
            parents = package[: len(package) - level + 1] if level else []
            full = ".".join([*parents, *filter(None, [written[level:]])])
            module = sys.modules.get(full)
            if module is not None and vars(module).get(name, module) is value:
                return True
        return False

    def _comes_later(self, name: str) -> bool:
        """Say whether the module defines *name* further down."""
        if self._summary is None:
            return self._carry_later_code(name)
        if name in self._summary.rebound:
            return True
        bindings = self._summary.bindings.get(name)
        if bindings is None:
            return False
        self._carried[name] = name
        if bindings[-1].kind is transpiler.Kind.VARIABLE:
            self._incomplete = True
        for code in self._summary.definitions(name):
            self._follow_code(code)
        return True

    def _carry_later_code(self, name: str) -> bool:
        """Find a function that the running, sourceless module has yet to define."""
        frame = self._frame
        while frame is not None:
            if frame.f_globals is self._namespace and frame.f_locals is frame.f_globals:
                code = later_function(frame.f_code, name)
                if code is not None:
                    self._carried[name] = name
                    self._uses.later.append((name, code))
                    self._follow_code(code)
                    return True
            frame = frame.f_back
        return False

    def _follow(self, value: Any) -> None:
        """Carry what a function, a class or an instance of the module may use."""
        if id(value) in self._seen:
            return
        if isinstance(value, FunctionType):
            self._seen.add(id(value))
            if value.__globals__ is self._namespace:
                self._follow_code(value.__code__)
            self._follow_closure(value)
        elif isinstance(value, type):
            self._follow_class(value)
        elif not isinstance(value, ModuleType):
            self._follow_class(type(value))
            for func in _functions_in(value):
                self._follow(func)

    def _follow_closure(self, func: FunctionType) -> None:
        for cell in func.__closure__ or ():
            if not is_empty(cell):
                self._follow(cell.cell_contents)
        wrapped = func.__dict__.get("__wrapped__")
        if isinstance(wrapped, FunctionType):
            self._follow(wrapped)

    def _follow_class(self, cls: type) -> None:
        if id(cls) in self._seen or cls.__module__ != self._module_name:
            return
        self._seen.add(id(cls))
        for base in cls.__mro__[1:]:
            self._follow_class(base)
        self._follow_class(type(cls))
        for member in list(vars(cls).values()):
            if isinstance(member, FunctionType | type):
                self._follow(member)
            else:
                for func in _functions_in(member):
                    self._follow(func)

    def _follow_code(self, code: CodeType) -> None:
        if id(code) in self._seen:
            return
        self._seen.add(id(code))
        found = _names.global_names(code)
        for name in (*found.loaded, *sorted(found.optional)):
            self._carry(name)


def _functions_in(value: object) -> list[Any]:
    """Return the functions that a wrapper, a descriptor or a bound method holds."""
    if isinstance(value, staticmethod | classmethod | MethodType):
        return [value.__func__]
    if isinstance(value, property):
        return [func for func in (value.fget, value.fset, value.fdel) if func is not None]
    if isinstance(value, functools.partial):
        return [value.func]
    try:
        members = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return []
    return [member for member in members.values() if isinstance(member, FunctionType)]


def later_function(code: CodeType, name: str) -> CodeType | None:
    """Return the code of the plain function *name* that *code* defines, if it does."""
    pending: CodeType | None = None
    for instruction in dis.get_instructions(code):
        operation = instruction.opname
        if operation.startswith("LOAD_CONST"):
            constant = instruction.argval
            pending = constant if isinstance(constant, CodeType) else None
        elif operation in ("MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE"):
            if (instruction.arg or 0) & _NEEDS_MORE_THAN_CODE:
                pending = None
        elif operation in ("STORE_NAME", "STORE_DEREF", "STORE_FAST", "STORE_GLOBAL"):
            if pending is not None and instruction.argval == name and not pending.co_freevars:
                return pending
            pending = None
        else:
            pending = None
    return None


def is_empty(cell: CellType) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return True
    return False


def _builtins_of(namespace: dict[str, Any]) -> dict[str, Any]:
    found = namespace.get("__builtins__", builtins)
    return vars(found) if isinstance(found, ModuleType) else dict(found)


def _is_defined_at(value: object, binding: transpiler.Binding) -> bool:
    """Say whether *value* is the function that a statement of the source made."""
    if isinstance(value, FunctionType) and value.__code__.co_firstlineno == binding.line:
        return True
    return binding.line != binding.last_line and callable(value)


def _can_ship(value: object) -> bool:
    """Say whether a variable of an importable module can be copied to a worker."""
    if value is None or isinstance(value, str | bytes | int | float | complex):
        return True
    from bocpy import _core

    try:
        _core._transfer_roundtrip(value)
    except Exception:
        return False
    return True
