"""Any function, anywhere: what a behavior may name, wherever its program comes from.

Each place runs one program with all features in a process of its own; each cell of the table is
a test.
"""

import ast
import functools
import json
import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

import bocpy

BEFORE = """
    from bocpy import Cown, wait, when

    RESULTS = {}
    LIMIT = 41
    TABLE = [n * n for n in range(5)]

    def plus(n):
        def decorate(func):
            def wrapper(*cowns):
                return func(*cowns) + n
            return wrapper
        return decorate
"""

# {x} is a parameter with a default where the function cannot see the name: in a class body.
FEATURES = {
    "local": """
        x = 7
        @when(Cown(1))
        def by_local(c{x}):
            return c.value + x
        RESULTS["local"] = by_local
    """,
    "loop variable": """
        in_loop = []
        for i in range(3):
            @when(Cown(10))
            def step(c{i}):
                return c.value + i
            in_loop.append(step)
        RESULTS["loop variable"] = in_loop
    """,
    "global constant": """
        @when(Cown(1))
        def by_constant(c):
            return c.value + LIMIT
        RESULTS["global constant"] = by_constant
    """,
    "computed global": """
        @when(Cown(1))
        def by_computed(c):
            return c.value + TABLE[4]
        RESULTS["computed global"] = by_computed
    """,
    "helper defined below": """
        @when(Cown(2))
        def by_helper(c):
            return below(c.value)
        RESULTS["helper defined below"] = by_helper
    """,
    "nested behavior": """
        factor = 5
        counter = Cown(1)
        @when(counter)
        def outer(c{factor}):
            c.value += 1
            @when(c)
            def inner(c):
                c.value *= factor + LIMIT
        RESULTS["nested behavior"] = counter
    """,
    "lambda capture": """
        y = 3
        scale = lambda v{y}: v * y + LIMIT
        @when(Cown(2))
        def by_lambda(c{scale}):
            return scale(c.value)
        RESULTS["lambda capture"] = by_lambda
    """,
    "local class instance": """
        class Local:
            def __init__(self, v):
                self.v = v
            def add(self, other):
                self.v += other + LIMIT
                return self
        instance = Local(20)
        @when(Cown(1))
        def by_instance(c{instance}):
            return instance.add(c.value)
        RESULTS["local class instance"] = (by_instance, Local, instance)
    """,
    "decorated": """
        @when(Cown(1))
        @plus(100)
        @plus(1000)
        def by_decorated(c):
            return c.value + LIMIT
        RESULTS["decorated"] = by_decorated
    """,
}

AFTER = """
    def below(v):
        return v * LIMIT
"""

REPORT = """
    import json
    wait()
    value, cls, original = RESULTS["local class instance"]
    value = value.value
    RESULTS["local class instance"] = [value.v, type(value) is cls, original.v]
    def plain(v):
        return [plain(i) for i in v] if isinstance(v, list) else getattr(v, "value", v)
    print(json.dumps({key: repr(plain(value)) for key, value in RESULTS.items()}))
"""

EXPECTED = {
    "local": "8",
    "loop variable": "[10, 11, 12]",
    "global constant": "42",
    "computed global": "17",
    "helper defined below": "82",
    "nested behavior": "92",
    "lambda capture": "47",
    "local class instance": "[62, True, 20]",
    "decorated": "1142",
}


def text_of(part: str, *, explicit: bool = False) -> str:
    class Field(dict[str, str]):
        def __missing__(self, name: str) -> str:
            return f", {name}={name}" if explicit else ""

    return textwrap.dedent(part).strip("\n").format_map(Field()) + "\n"


def program(*, report: bool = True) -> str:
    """Return the program with its behaviors at module level, before the helper they use."""
    parts = [textwrap.dedent(BEFORE), *map(text_of, FEATURES.values()), textwrap.dedent(AFTER)]
    return "\n".join([*parts, textwrap.dedent(REPORT) if report else ""])


def program_in_class() -> str:
    body = "".join(text_of(part, explicit=True) for part in FEATURES.values())
    parts = [BEFORE, "class Holder:\n" + textwrap.indent(body, "    "), AFTER, REPORT]
    return "\n".join(map(textwrap.dedent, parts))


def program_in_function() -> str:
    body = "".join(map(text_of, FEATURES.values()))
    parts = [BEFORE, "def enclose():\n" + textwrap.indent(body, "    ") + "enclose()\n"]
    return "\n".join(map(textwrap.dedent, [*parts, AFTER, REPORT]))


def statements() -> list[str]:
    """Return the program as it is typed in: the helper last, used by a function before it."""
    features = dict(FEATURES)
    later = text_of(features.pop("helper defined below"))
    wrapped = "def use_later():\n" + textwrap.indent(later, "    ")
    parts = [BEFORE, *map(text_of, features.values()), wrapped, AFTER, "use_later()", REPORT]
    tree = ast.parse("\n".join(map(textwrap.dedent, parts)))
    return [
        "\n".join(line for line in ast.unparse(node).splitlines() if line.strip()) + "\n"
        for node in tree.body
    ]


def run_file(folder: Path, text: str, **files: str) -> str:
    for name, content in {"program": text, **files}.items():
        (folder / f"{name}.py").write_text(content, encoding="utf-8")
    return run([str(folder / "program.py")])


def run(arguments: list[str], given: str | None = None, **environment: str) -> str:
    """Run this Python with *arguments*; return what it prints."""
    found = os.path.dirname(os.path.dirname(bocpy.__file__))
    done = subprocess.run(
        [sys.executable, *arguments],
        input=given,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        env={**os.environ, "PYTHONPATH": found, "PYTHONIOENCODING": "utf-8", **environment},
    )
    if done.returncode != 0 or not done.stdout:
        raise AssertionError(f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def run_module_file(folder: Path) -> str:
    main = "import feature_module\nfrom feature_module import RESULTS, wait\n"
    return run_file(folder, main + textwrap.dedent(REPORT), feature_module=program(report=False))


def run_main_file(folder: Path) -> str:
    return run_file(folder, program())


def run_class_body(folder: Path) -> str:
    return run_file(folder, program_in_class())


def run_closure(folder: Path) -> str:
    return run_file(folder, program_in_function())


def run_repl(folder: Path) -> str:
    return run(["-i", "-q"], "\n".join(statements()) + "\n")


def run_c(folder: Path) -> str:
    return run(["-c", program()])


def run_stdin(folder: Path) -> str:
    return run(["-"], program())


def run_exec(folder: Path) -> str:
    text = program()
    return run_file(folder, f"exec(compile({text!r}, '<made>', 'exec'), {{'__name__': 'made'}})")


def run_notebook(folder: Path) -> str:
    """Run the program as cells of IPython."""
    cells = repr(statements())
    shell = """
        from IPython.core.interactiveshell import InteractiveShell
        shell = InteractiveShell.instance(history_manager=None)
        for cell in CELLS:
            shell.run_cell(cell, store_history=False).raise_error()
    """
    return run_file(folder, f"CELLS = {cells}\n" + textwrap.dedent(shell))


PLACES = {
    "module file": run_module_file,
    "__main__ file": run_main_file,
    "class body": run_class_body,
    "closure": run_closure,
    "REPL": run_repl,
    "-c": run_c,
    "stdin": run_stdin,
    "exec": run_exec,
    "notebook": run_notebook,
}


@functools.cache
def results_in(place: str) -> dict[str, str] | str:
    """Return what each feature gave in *place*, or why the program ended early."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            printed = PLACES[place](Path(folder))
    except AssertionError as error:
        return str(error)
    found: dict[str, str] = json.loads(printed.splitlines()[-1])
    return found


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("place", PLACES)
def test_feature_works_in_place(place: str, feature: str) -> None:
    results = results_in(place)
    assert isinstance(results, dict), results
    assert results[feature] == EXPECTED[feature]
