"""Names that a code object takes from outside itself.

Nothing syntactic is guessed: the instructions say which names are globals, so lambda parameters,
comprehensions, ``match`` captures, ``except as`` names and local imports need no special care.
"""

import dis
import functools
from collections.abc import Iterator
from types import CodeType
from typing import NamedTuple

_LOADS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_LOCAL_STORES = frozenset({"STORE_NAME", "DELETE_NAME"})
_GLOBAL_STORES = frozenset({"STORE_GLOBAL", "DELETE_GLOBAL"})
_CELL_STORES = frozenset({"STORE_DEREF", "DELETE_DEREF"})

# Code that runs only when somebody evaluates annotations or type parameters.
_LAZY_CODE = frozenset({"__annotate__", "__conditional_annotations__"})


# Code objects whose names are remembered; equal ones are the same to us.
_CODES_MAX = 1024


class GlobalNames(NamedTuple):
    """The module-level names of a code object and of all code nested in it.

    Attributes:
        loaded: names that the code reads, each with the line of its first use.
        optional: names that the code may read: a lazy annotation, or a class body that also
            assigns the name. Their absence is not an error.
        stored: names that the code rebinds through ``global``, each with the line.
    """

    loaded: dict[str, int]
    optional: frozenset[str]
    stored: dict[str, int]


def nested_code(code: CodeType) -> Iterator[CodeType]:
    """Yield *code* and every code object nested in its constants, outermost first."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested_code(constant)


@functools.lru_cache(_CODES_MAX)
def global_names(code: CodeType) -> GlobalNames:
    """Return the module-level names that *code* and its nested code use."""
    loaded: dict[str, int] = {}
    optional: set[str] = set()
    stored: dict[str, int] = {}
    _collect(code, False, loaded, optional, stored)
    return GlobalNames(loaded, frozenset(optional - loaded.keys()), stored)


@functools.lru_cache(_CODES_MAX)
def rebound_cells(code: CodeType) -> dict[str, int]:
    """Return the captured variables that *code* rebinds through ``nonlocal``, with the line."""
    found: dict[str, int] = {}
    _collect_cells(code, frozenset(code.co_freevars), found)
    return found


def _collect(
    code: CodeType,
    lazy: bool,
    loaded: dict[str, int],
    optional: set[str],
    stored: dict[str, int],
) -> None:
    lazy = lazy or code.co_name in _LAZY_CODE
    used: dict[str, int] = {}
    local: set[str] = set()
    for instruction in dis.get_instructions(code):
        operation = instruction.opname
        if operation in _LOADS:
            used.setdefault(instruction.argval, _line(instruction, code))
        elif operation in _GLOBAL_STORES:
            stored.setdefault(instruction.argval, _line(instruction, code))
        elif operation in _LOCAL_STORES:
            local.add(instruction.argval)
    for name, line in used.items():
        if lazy or name in local:
            optional.add(name)
        else:
            loaded.setdefault(name, line)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            _collect(constant, lazy, loaded, optional, stored)


def _collect_cells(code: CodeType, captured: frozenset[str], found: dict[str, int]) -> None:
    if not captured:
        return
    for instruction in dis.get_instructions(code):
        if instruction.opname in _CELL_STORES and instruction.argval in captured:
            found.setdefault(instruction.argval, _line(instruction, code))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner = captured.difference(code.co_cellvars).intersection(constant.co_freevars)
            _collect_cells(constant, inner, found)


def _line(instruction: dis.Instruction, code: CodeType) -> int:
    positions = instruction.positions
    if positions is None or positions.lineno is None:
        return code.co_firstlineno
    return positions.lineno
