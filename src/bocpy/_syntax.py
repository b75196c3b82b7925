"""Questions about single statements of a module: what they bind, what they need, what they run."""

import __future__

import ast
from collections.abc import Iterator
from typing import TypeGuard

# Calls that may decide whether a module-level `if` or `with` is entered.
_HARMLESS_CALLS = frozenset(
    {
        "catch_warnings",
        "callable",
        "bool",
        "endswith",
        "find_spec",
        "get",
        "getattr",
        "getenv",
        "hasattr",
        "isinstance",
        "issubclass",
        "len",
        "lower",
        "machine",
        "startswith",
        "suppress",
        "system",
    }
)


def bound_names(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a simple statement or a definition binds in its own scope."""
    match statement:
        case ast.Import(names=names):
            for alias in names:
                yield alias.asname or alias.name.partition(".")[0]
        case ast.ImportFrom(names=names):
            for alias in names:
                if alias.name != "*":
                    yield alias.asname or alias.name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            for target in targets:
                yield from _target_names(target)
        case ast.AnnAssign(target=target, value=value):
            if value is not None:
                yield from _target_names(target)
        case ast.AugAssign(target=target) | ast.For(target=target):
            yield from _target_names(target)
        case ast.With(items=items):
            for item in items:
                if item.optional_vars is not None:
                    yield from _target_names(item.optional_vars)
        case ast.TypeAlias(name=target):
            yield from _target_names(target)


class WithoutAnnotations(ast.NodeTransformer):
    """Removes the annotations of functions."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)


def leaves(body: list[ast.stmt], *, reachable_only: bool = False) -> Iterator[ast.stmt]:
    """Yield the statements of a module that bind its names, blocks taken apart."""
    for statement in body:
        blocks = _blocks(statement)
        if blocks is None:
            yield statement
            continue
        if not reachable_only:
            yield statement
        if _is_entered(statement) or not reachable_only:
            for block in blocks:
                yield from leaves(block, reachable_only=reachable_only)


def _blocks(statement: ast.stmt) -> list[list[ast.stmt]] | None:
    match statement:
        case ast.If(body=body, orelse=orelse):
            return [body, orelse]
        case ast.Try() | ast.TryStar():
            handlers = [handler.body for handler in statement.handlers]
            return [statement.body, *handlers, statement.orelse, statement.finalbody]
        case ast.With(body=body):
            return [body]
        case ast.For(body=body, orelse=orelse) | ast.While(body=body, orelse=orelse):
            return [body, orelse]
        case ast.Match(cases=cases):
            return [case.body for case in cases]
    return None


def _is_entered(block: ast.stmt) -> bool:
    """Say whether the reduced module may evaluate the header of *block*."""
    match block:
        case ast.If(test=test):
            return _is_harmless(test)
        case ast.With(items=items):
            return all(_is_harmless(item.context_expr) for item in items)
        case ast.Try() | ast.TryStar():
            return True
    return False


def keep_only(body: list[ast.stmt], kept: set[int]) -> list[ast.stmt]:
    """Return *body* without the statements that go; blocks that become empty go too."""
    result: list[ast.stmt] = []
    for statement in body:
        blocks = _blocks(statement)
        if blocks is None:
            if id(statement) in kept or is_text(statement):
                result.append(statement)
            continue
        if not _is_entered(statement):
            continue
        smaller = [keep_only(block, kept) for block in blocks]
        if any(smaller):
            result.append(_rebuilt(statement, smaller))
    return result


def _rebuilt(statement: ast.stmt, blocks: list[list[ast.stmt]]) -> ast.stmt:
    new: ast.stmt
    match statement:
        case ast.If(test=test):
            new = ast.If(test, _or_pass(blocks[0], statement), blocks[1])
        case ast.With(items=items):
            new = ast.With(items, _or_pass(blocks[0], statement))
        case ast.Try() | ast.TryStar():
            handlers = [
                ast.copy_location(
                    ast.ExceptHandler(old.type, old.name, _or_pass(block, statement)), old
                )
                for old, block in zip(statement.handlers, blocks[1:-2], strict=True)
            ]
            new = type(statement)(_or_pass(blocks[0], statement), handlers, blocks[-2], blocks[-1])
        case _:
            raise AssertionError(f"not a block: {type(statement).__name__}")
    return ast.copy_location(new, statement)


def _or_pass(block: list[ast.stmt], place: ast.stmt) -> list[ast.stmt]:
    return block or [ast.copy_location(ast.Pass(), place)]


def is_simple_target(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return all(map(is_simple_target, target.elts))
    return isinstance(target, ast.Name)


def is_literal(node: ast.expr) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.UnaryOp(operand=operand):
            return is_literal(operand)
        case ast.BinOp(left=left, right=right):
            return is_literal(left) and is_literal(right)
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            return all(map(is_literal, elements))
        case ast.Dict(keys=keys, values=values):
            return all(key is not None and is_literal(key) for key in keys) and all(
                map(is_literal, values)
            )
        case ast.JoinedStr(values=values):
            return all(isinstance(value, ast.Constant) for value in values)
    return False


def is_reference(node: ast.expr) -> bool:
    match node:
        case ast.Name() | ast.Constant():
            return True
        case ast.Attribute(value=value):
            return is_reference(value)
        case ast.Subscript(value=value, slice=index):
            return is_reference(value) and is_reference(index)
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return all(map(is_reference, elements))
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return is_reference(left) and is_reference(right)
    return False


def _is_harmless(node: ast.expr) -> bool:
    """Say whether evaluating *node* cannot run a part of the program."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and last_name(part.func) not in _HARMLESS_CALLS:
            return False
        if isinstance(part, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom):
            return False
    return True


def definition_names(leaf: ast.stmt) -> Iterator[str]:
    """Yield the names that executing *leaf* itself loads; not what its functions load later."""
    match leaf:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            arguments = leaf.args
            for part in (*leaf.decorator_list, *arguments.defaults, *arguments.kw_defaults):
                if part is not None:
                    yield from _loaded_names(part)
        case ast.ClassDef():
            for part in (*leaf.decorator_list, *leaf.bases):
                yield from _loaded_names(part)
            for keyword in leaf.keywords:
                yield from _loaded_names(keyword.value)
            local = {name for inner in leaves(leaf.body) for name in bound_names(inner)}
            for inner in leaf.body:
                yield from (name for name in definition_names(inner) if name not in local)
                if isinstance(inner, ast.AnnAssign):
                    yield from _loaded_names(inner.annotation)
        case ast.Import() | ast.ImportFrom() | ast.TypeAlias():
            return
        case ast.AnnAssign(value=value):
            if value is not None:
                yield from _loaded_names(value)
        case ast.Assign(value=value) | ast.AugAssign(value=value):
            yield from _loaded_names(value)
        case _:
            yield from _loaded_names(leaf)


def _loaded_names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Load()):
            yield name
        case ast.Lambda(args=arguments):
            for default in (*arguments.defaults, *arguments.kw_defaults):
                if default is not None:
                    yield from _loaded_names(default)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield from definition_names(node)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _loaded_names(child)


def _target_names(target: ast.expr) -> Iterator[str]:
    match target:
        case ast.Name(id=name):
            yield name
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            for element in elements:
                yield from _target_names(element)
        case ast.Starred(value=value):
            yield from _target_names(value)


def first_line(statement: ast.stmt) -> int:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return min([statement.lineno, *(d.lineno for d in statement.decorator_list)])
    return statement.lineno


def import_source(statement: ast.stmt) -> str | None:
    match statement:
        case ast.Import(names=[ast.alias(name=name), *_]):
            return name
        case ast.ImportFrom(level=level, module=module):
            return "." * level + (module or "")
    return None


def last_name(node: ast.expr) -> str | None:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None


def parts(statement: ast.stmt) -> list[ast.stmt]:
    """Take ``import a, b`` apart, so that each can fail alone."""
    if not isinstance(statement, ast.Import):
        return [statement]
    return [ast.copy_location(ast.Import([alias]), statement) for alias in statement.names]


def future_flags(tree: ast.Module) -> int:
    flags = 0
    for statement in tree.body:
        if is_future(statement):
            for alias in statement.names:
                flags |= getattr(__future__, alias.name).compiler_flag
    return flags


def is_future(statement: ast.stmt) -> TypeGuard[ast.ImportFrom]:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
