"""Writes the programs that a contender runs, and the twins of those that capture by themselves.

The programs of bocpy write captures as defaults of behaviors, which versions from 0.11 on want.
Older ones capture free names: their twin is the same without those defaults.  Ours does both, and
runs what the newest runs.
"""

import ast
import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "examples"
SHARED = (HERE / "shape_tools.py", HERE / "demo_work.py", EXAMPLES / "_source_index.py")


def is_behavior(node: ast.AST) -> bool:
    """Whether *node* is a function that ``@when`` schedules."""
    return isinstance(node, ast.FunctionDef) and any(
        isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "when"
        for decorator in node.decorator_list
    )


def without_captures(source: str) -> str:
    """*source* with no ``name=name`` among the parameters of its behaviors.

    Raises:
        ValueError: if a behavior has a default of another kind, which no free name could replace.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if not is_behavior(node):
            continue
        assert isinstance(node, ast.FunctionDef)
        arguments = node.args
        captures = arguments.args[len(arguments.args) - len(arguments.defaults) :]
        for argument, default in zip(captures, arguments.defaults, strict=True):
            if not (isinstance(default, ast.Name) and default.id == argument.arg):
                raise ValueError(f"{node.name}: {argument.arg} captures something else")
        del arguments.args[len(arguments.args) - len(arguments.defaults) :]
        arguments.defaults = []
    return ast.unparse(tree) + "\n"


def write(folder: Path) -> None:
    """Write the programs: *folder*/explicit and *folder*/implicit for bocpy, *folder*/peers."""
    for name in ("explicit", "implicit", "peers"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
        for path in (*SHARED, HERE / "lifecycle.py"):
            shutil.copy(path, folder / name)
    for path in HERE.glob("peer_*.py"):
        shutil.copy(path, folder / "peers")
    end = (HERE / "program_end.py").read_text(encoding="utf-8")
    for path in HERE.glob("shapes_*.py"):
        source = path.read_text(encoding="utf-8") + "\n\n" + end
        (folder / "explicit" / path.name).write_text(source, encoding="utf-8")
        implicit = without_captures(source)
        (folder / "implicit" / path.name).write_text(implicit, encoding="utf-8")
