"""Reduce the source of a module to what behaviors may name.

A worker cannot import ``__main__``: it would run the program again. It executes a reduced copy
instead, made from the syntax tree: imports (conditional ones and ``from x import *`` too),
functions, classes, literal constants, aliases and types stay, each at its own line; whatever runs
the program goes. The summary also says, for any module with source, what each of its names is.
"""

import ast
import copy
import enum
from collections.abc import Iterable, Iterator
from functools import cached_property
from types import CodeType
from typing import NamedTuple

from bocpy import _syntax

__all__ = [
    "Behavior",
    "Binding",
    "Kind",
    "Module",
    "Step",
    "compile_steps",
    "compile_without_annotations",
    "find_behaviors",
    "summarize",
]

# Calls that define a type; an assignment of one is as good as a class statement.
_DEFINERS = frozenset(
    {
        "Enum",
        "Flag",
        "IntEnum",
        "IntFlag",
        "NamedTuple",
        "NewType",
        "ParamSpec",
        "StrEnum",
        "TypeAliasType",
        "TypeVar",
        "TypeVarTuple",
        "TypedDict",
        "make_dataclass",
        "namedtuple",
        "new_class",
    }
)


class Kind(enum.Enum):
    """What a statement binds a module-level name to."""

    IMPORT = "import"
    FUNCTION = "function"
    CLASS = "class"
    BEHAVIOR = "behavior"
    CONSTANT = "constant"
    ALIAS = "alias"
    VARIABLE = "variable"


class Binding(NamedTuple):
    """One statement that binds a module-level name.

    Attributes:
        kind: what the name is bound to.
        line: where the statement starts, decorators included.
        last_line: where its header ends: the line of ``def`` or ``class``.
        kept: whether the reduced module has the statement.
    """

    kind: Kind
    line: int
    last_line: int
    kept: bool


class Behavior(NamedTuple):
    """A function decorated with ``when``, under any spelling that the source imports.

    Attributes:
        name: the function's name.
        line: the line of ``def``.
        depth: how many functions and classes enclose it; 0 at module level.
        above: decorators above ``when``, as source text.
        below: decorators below ``when``, as source text.
    """

    name: str
    line: int
    depth: int
    above: tuple[str, ...]
    below: tuple[str, ...]


class Step(NamedTuple):
    """One top-level statement of a module, compiled on its own so that it can fail on its own.

    Attributes:
        code: what to execute in the module's namespace.
        number: the statement's index in the tree.
        line: where the statement starts.
        names: what it binds; placeholders take these names if it fails. ``*`` is left out.
        source: the module a plain import statement names, else ``None``.
    """

    code: CodeType
    number: int
    line: int
    names: tuple[str, ...]
    source: str | None


class Module:
    """The names of a module, found in its source.

    Attributes:
        filename: the file that code compiled from this source names.
        source: the text.
        tree: the whole syntax tree.
        reduced: the tree of the reduced module; its nodes are those of `tree`.
        bindings: every statement that binds each module-level name.
        rebound: names that a function of the module assigns through ``global``, with the line.
        star_imports: modules that ``from x import *`` reads, as written, with leading dots.
    """

    def __init__(self, source: str, filename: str) -> None:
        """Parse *source*.

        Raises:
            SyntaxError: if it is not Python.
        """
        self.filename = filename
        self.source = source
        self.tree = ast.parse(source, filename)
        self.rebound = dict(_rebound(self.tree))
        self._when = _WhenNames(self.tree)
        reduction = _Reduction(self.tree, self._when, self.rebound)
        self.reduced = reduction.tree
        self.bindings: dict[str, list[Binding]] = {}
        self.star_imports: list[str] = []
        for leaf in _syntax.leaves(self.tree.body):
            self._record(leaf, id(leaf) in reduction.kept)

    @cached_property
    def kept(self) -> frozenset[str]:
        """Names whose every binding is a definition or import that the reduced module has."""
        defined = {Kind.IMPORT, Kind.FUNCTION, Kind.CLASS}
        return frozenset(
            name
            for name, bindings in self.bindings.items()
            if name not in self.rebound and all(b.kept and b.kind in defined for b in bindings)
        )

    @cached_property
    def behaviors(self) -> tuple[Behavior, ...]:
        """Functions decorated with ``when``, in source order."""
        return tuple(_behaviors(self.tree, self._when, 0))

    def decorators_above(self, line: int, column: int) -> list[ast.expr]:
        """Return the decorators above the one that starts at *line* and *column*."""
        return self._decorators.get((line, column), [])

    @cached_property
    def _decorators(self) -> dict[tuple[int, int], list[ast.expr]]:
        found = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                listed = node.decorator_list
                for number, decorator in enumerate(listed):
                    found[decorator.lineno, decorator.col_offset] = listed[:number]
        return found

    def definitions(self, name: str) -> list[CodeType]:
        """Compile the functions and classes that bind *name* at module level."""
        definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        found = [
            leaf
            for leaf in _syntax.leaves(self.tree.body)
            if name in _syntax.bound_names(leaf)
            and (isinstance(leaf, definitions) or _kind(leaf, self._when) is Kind.FUNCTION)
        ]
        return [compile(ast.Module([leaf], []), self.filename, "exec") for leaf in found]

    def steps(self) -> list[Step]:
        """Compile the reduced module statement by statement."""
        return compile_steps(self.reduced, self.filename)

    @cached_property
    def shipped(self) -> list[tuple[bytes, int, int, tuple[str, ...], str | None]]:
        """The same with code as bytes, for other interpreters; each start ships it again."""
        import marshal

        return [
            (marshal.dumps(step.code), step.number, step.line, step.names, step.source)
            for step in self.steps()
        ]

    def _record(self, leaf: ast.stmt, kept: bool) -> None:
        kind = _kind(leaf, self._when)
        for name in _syntax.bound_names(leaf):
            binding = Binding(kind, _syntax.first_line(leaf), leaf.lineno, kept)
            self.bindings.setdefault(name, []).append(binding)
        if isinstance(leaf, ast.ImportFrom) and leaf.names[0].name == "*":
            self.star_imports.append("." * leaf.level + (leaf.module or ""))


def summarize(source: str, filename: str) -> Module:
    """Parse *source* and say what its module-level names are.

    Raises:
        SyntaxError: if *source* is not Python.
    """
    return Module(source, filename)


def find_behaviors(source: str, filename: str = "<source>") -> tuple[Behavior, ...]:
    """Return the behaviors in *source*, nested ones included, in source order.

    Recognizes ``when`` by what the source imports: aliases, ``bocpy.when``, star imports and plain
    re-assignments.

    Raises:
        SyntaxError: if *source* is not Python.
    """
    return summarize(source, filename).behaviors


def compile_steps(tree: ast.Module, filename: str) -> list[Step]:
    """Compile each top-level statement of *tree*; ``from __future__`` statements hold for all."""
    flags = _syntax.future_flags(tree)
    steps = []
    for number, statement in enumerate(tree.body):
        if _syntax.is_text(statement) or _syntax.is_future(statement):
            continue
        for part in _syntax.parts(statement):
            code = compile(ast.Module([part], []), filename, "exec", flags, dont_inherit=True)
            bound = (name for leaf in _syntax.leaves([part]) for name in _syntax.bound_names(leaf))
            names = tuple(dict.fromkeys(bound))
            steps.append(
                Step(code, number, _syntax.first_line(part), names, _syntax.import_source(part))
            )
    return steps


def compile_without_annotations(tree: ast.Module, filename: str, number: int) -> CodeType | None:
    """Compile one top-level definition of *tree* without the annotations of its functions.

    `None` if the statement is no definition. A fallback for annotations that name what is not
    there, such as an import that failed.
    """
    definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    if not isinstance(tree.body[number], definitions):
        return None
    statement = _syntax.WithoutAnnotations().visit(copy.deepcopy(tree.body[number]))
    block = ast.Module([statement], [])
    code: CodeType = compile(block, filename, "exec", _syntax.future_flags(tree), dont_inherit=True)
    return code


class _WhenNames:
    """The spellings under which a source reaches `bocpy.when`."""

    def __init__(self, tree: ast.Module) -> None:
        self.names: set[str] = set()
        self.modules: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name == "bocpy" or alias.name.startswith("bocpy."):
                        self.modules.add(alias.asname or "bocpy")
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bocpy"):
                for alias in node.names:
                    if alias.name in ("when", "*"):
                        self.names.add(alias.asname or "when")
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and self._is_when(node.value):
                self.names.update(t.id for t in node.targets if isinstance(t, ast.Name))

    def decorates(self, decorator: ast.expr) -> bool:
        """Say whether *decorator* is a call of ``when``."""
        return isinstance(decorator, ast.Call) and self._is_when(decorator.func)

    def _is_when(self, node: ast.expr) -> bool:
        match node:
            case ast.Name(id=name):
                return name in self.names
            case ast.Attribute(value=ast.Name(id=module), attr="when"):
                return module in self.modules
        return False


class _Reduction:
    """Decides which statements of a module stay."""

    def __init__(self, tree: ast.Module, when: _WhenNames, rebound: Iterable[str]) -> None:
        self._when = when
        self._reachable = {id(leaf) for leaf in _syntax.leaves(tree.body, reachable_only=True)}
        self._by_name: dict[str, list[ast.stmt]] = {}
        self.kept: set[int] = set()
        for leaf in _syntax.leaves(tree.body):
            for name in _syntax.bound_names(leaf):
                self._by_name.setdefault(name, []).append(leaf)
            if id(leaf) in self._reachable and self._stays(leaf):
                self.kept.add(id(leaf))
        self._keep_needed(tree, rebound)
        self._drop_incomplete(tree)
        self.tree = ast.Module(_syntax.keep_only(tree.body, self.kept), [])

    def _stays(self, leaf: ast.stmt) -> bool:
        kind = _kind(leaf, self._when)
        if isinstance(leaf, ast.AugAssign):
            return _syntax.is_literal(leaf.value) and isinstance(leaf.target, ast.Name)
        return kind not in (Kind.BEHAVIOR, Kind.VARIABLE) or (
            isinstance(leaf, ast.AnnAssign) and leaf.value is None
        )

    def _keep_needed(self, tree: ast.Module, rebound: Iterable[str]) -> None:
        """Keep computed assignments that definitions need, and what ``global`` starts from.

        A plain function does not count: with its defaults it can travel by value, so that they are
        not computed again.
        """
        wanted = list(rebound)
        for leaf in _syntax.leaves(tree.body):
            if id(leaf) in self.kept and not _is_plain_function(leaf):
                wanted.extend(_syntax.definition_names(leaf))
        seen: set[str] = set()
        while wanted:
            name = wanted.pop()
            if name in seen:
                continue
            seen.add(name)
            for leaf in self._by_name.get(name, ()):
                assigns = isinstance(leaf, ast.Assign | ast.AnnAssign | ast.AugAssign)
                if assigns and id(leaf) in self._reachable:
                    self.kept.add(id(leaf))
                    wanted.extend(_syntax.definition_names(leaf))

    def _drop_incomplete(self, tree: ast.Module) -> None:
        """Drop definitions that need a name the reduced module would not have."""
        leaves = [leaf for leaf in _syntax.leaves(tree.body) if id(leaf) in self.kept]
        again = True
        while again:
            again = False
            for leaf in leaves:
                if id(leaf) in self.kept and any(
                    map(self._is_lost, _syntax.definition_names(leaf))
                ):
                    self.kept.discard(id(leaf))
                    again = True

    def _is_lost(self, name: str) -> bool:
        leaves = self._by_name.get(name)
        return leaves is not None and not any(id(leaf) in self.kept for leaf in leaves)


def _kind(leaf: ast.stmt, when: _WhenNames) -> Kind:
    match leaf:
        case ast.Import() | ast.ImportFrom():
            return Kind.IMPORT
        case (
            ast.FunctionDef(decorator_list=decorators)
            | ast.AsyncFunctionDef(decorator_list=decorators)
        ):
            return Kind.BEHAVIOR if any(map(when.decorates, decorators)) else Kind.FUNCTION
        case ast.ClassDef():
            return Kind.CLASS
        case ast.TypeAlias():
            return Kind.ALIAS
        case ast.Assign(targets=targets, value=value):
            simple = all(_syntax.is_simple_target(target) for target in targets)
            return _value_kind(value) if simple else Kind.VARIABLE
        case ast.AnnAssign(target=ast.Name(), value=ast.expr() as value):
            return _value_kind(value)
    return Kind.VARIABLE


def _is_plain_function(leaf: ast.stmt) -> bool:
    return isinstance(leaf, ast.FunctionDef) and not leaf.decorator_list


def _value_kind(value: ast.expr) -> Kind:
    if _syntax.is_literal(value):
        return Kind.CONSTANT
    if isinstance(value, ast.Lambda):
        return Kind.FUNCTION
    if isinstance(value, ast.Call):
        name = _syntax.last_name(value.func)
        defines = len(value.args) == 3 if name == "type" else name in _DEFINERS
        return Kind.CLASS if defines else Kind.VARIABLE
    return Kind.ALIAS if _syntax.is_reference(value) else Kind.VARIABLE


def _rebound(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            declared = {
                name
                for inner in ast.walk(node)
                if isinstance(inner, ast.Global)
                for name in inner.names
            }
            if declared:
                yield from _stores(node, declared)


def _stores(scope: ast.AST, declared: set[str]) -> Iterator[tuple[str, int]]:
    for node in ast.walk(scope):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                bound = [name]
            case ast.stmt():
                bound = list(_syntax.bound_names(node)) if node is not scope else []
            case _:
                continue
        yield from ((name, node.lineno) for name in bound if name in declared)


def _behaviors(node: ast.AST, when: _WhenNames, depth: int) -> Iterator[Behavior]:
    for child in ast.iter_child_nodes(node):
        scope = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            texts = [ast.unparse(decorator) for decorator in child.decorator_list]
            for number, decorator in enumerate(child.decorator_list):
                if when.decorates(decorator):
                    above, below = tuple(texts[:number]), tuple(texts[number + 1 :])
                    yield Behavior(child.name, child.lineno, depth, above, below)
                    break
        yield from _behaviors(child, when, depth + scope)
