"""Reducing a module, and what its source says of its names."""

import ast
import textwrap

import pytest

from bocpy import transpiler
from bocpy.transpiler import Kind


def summarize(text: str) -> transpiler.Module:
    return transpiler.summarize(textwrap.dedent(text), "sample.py")


def reduced(text: str) -> str:
    return ast.unparse(summarize(text).reduced)


@pytest.mark.parametrize(
    "statement",
    [
        "import os",
        "import os.path as p, sys",
        "from os import path as p",
        "from math import *",
        "def f(x=1):\n    return x",
        "async def f():\n    pass",
        "class A:\n    x = 1",
        "X = 1",
        "x = -1",
        "x: int = 60 * 60",
        "a = b = 'text'",
        "a, (b, c) = (1, (2, 3))",
        "table = {'a': [1, 2], 'b': {3}}",
        "square = lambda x: x * x",
        "parse = json.loads",
        "Vector = list[int] | None",
        "Point = namedtuple('Point', 'x y')",
        "T = TypeVar('T')",
        "Color = enum.Enum('Color', 'RED')",
        "Made = type('Made', (), {})",
        "type Pair = tuple[int, int]",
        "x: int",
    ],
)
def test_definitions_imports_and_literals_stay(statement: str) -> None:
    assert reduced(statement) == ast.unparse(ast.parse(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "run()",
        "x = compute()",
        "a = b = compute()",
        "X = compute()",
        "kind = type(3)",
        "items[0] = 1",
        "object.attribute = 1",
        "for i in range(3):\n    def f(): pass",
        "while go():\n    x = 1",
        "with open('f') as f:\n    x = 1",
        "if main():\n    x = 1",
        "if __name__ == '__main__':\n    main()",
        "try:\n    main()\nexcept OSError:\n    raise",
        "del x",
        "assert check()",
        "raise SystemExit",
        "from bocpy import when\n@when(c)\ndef b(c): pass",
    ],
)
def test_whatever_runs_the_program_goes(statement: str) -> None:
    left = summarize(statement).reduced.body
    assert all(isinstance(node, ast.ImportFrom) for node in left)


def test_conditional_imports_stay_with_their_condition() -> None:
    text = """
        try:
            import fast as impl
            start(impl)
        except ImportError:
            impl = None
            complain()
        if sys.version_info >= (3, 12):
            import new
        else:
            import old as new
        with contextlib.suppress(ImportError):
            import extra
        if TYPE_CHECKING:
            from typing import Any
    """
    expected = """
        try:
            import fast as impl
        except ImportError:
            impl = None
        if sys.version_info >= (3, 12):
            import new
        else:
            import old as new
        with contextlib.suppress(ImportError):
            import extra
        if TYPE_CHECKING:
            from typing import Any
    """
    assert reduced(text) == ast.unparse(ast.parse(textwrap.dedent(expected)))


def test_main_guard_keeps_its_definitions() -> None:
    text = "if __name__ == '__main__':\n    import json\n    N = 1\n    main()"
    assert reduced(text) == "if __name__ == '__main__':\n    import json\n    N = 1"


def test_computed_assignment_that_a_class_needs_stays() -> None:
    text = """
        base = make_base()
        other = make_other()
        class A(base):
            def method(self):
                return other
    """
    module = summarize(text)
    assert "base = make_base()" in ast.unparse(module.reduced)
    assert "make_other" not in ast.unparse(module.reduced)


def test_function_with_a_computed_default_goes() -> None:
    text = """
        limit = compute()
        def f(x=limit): pass
        @decorate
        def g(x=3): pass
    """
    module = summarize(text)
    assert "compute" not in ast.unparse(module.reduced)
    assert module.kept == {"g"}


def test_definition_that_needs_a_dropped_name_goes() -> None:
    text = """
        for base in bases():
            pass
        class A(base): pass
        class B(A): pass
        class C: pass
    """
    assert reduced(text) == "class C:\n    pass"


def test_name_rebound_through_global_keeps_its_start() -> None:
    module = summarize(
        """
        cache = load()
        def get():
            global cache
            cache = cache or load()
        def read():
            global unchanged
            return unchanged
        """
    )
    assert "cache = load()" in ast.unparse(module.reduced)
    assert set(module.rebound) == {"cache"}


def test_line_numbers_stay() -> None:
    module = summarize("\n\nrun()\n\ndef f():\n    raise ValueError\n")
    namespace: dict[str, object] = {}
    for step in module.steps():
        exec(step.code, namespace)
    code = namespace["f"].__code__  # type: ignore[attr-defined]
    assert (code.co_filename, code.co_firstlineno) == ("sample.py", 5)


def test_text_of_any_kind_survives() -> None:
    text = 'S = "naïve \\N{SNOWMAN} \\\\ \'quoted\' \\"double\\" \\0 🐍"\n'
    namespace: dict[str, object] = {}
    for step in transpiler.summarize(text, "s.py").steps():
        exec(step.code, namespace)
    assert namespace["S"] == "naïve ☃ \\ 'quoted' \"double\" \0 🐍"


def test_future_statements_hold_for_every_step() -> None:
    module = summarize("from __future__ import annotations\ndef f(x: missing): pass")
    namespace: dict[str, object] = {}
    for step in module.steps():
        exec(step.code, namespace)
    assert namespace["f"].__annotations__ == {"x": "missing"}  # type: ignore[attr-defined]


def test_imports_in_one_statement_become_separate_steps() -> None:
    steps = summarize("import os, sys as s").steps()
    assert [(step.names, step.source) for step in steps] == [(("os",), "os"), (("s",), "sys")]


def test_annotations_can_be_left_out() -> None:
    module = summarize("class A:\n    def f(self, x: missing) -> missing: return x")
    code = transpiler.compile_without_annotations(module.reduced, "sample.py", 0)
    assert code is not None
    namespace: dict[str, object] = {}
    exec(code, namespace)
    assert namespace["A"]().f(3) == 3  # type: ignore[operator]


def test_bindings_say_what_each_name_is() -> None:
    module = summarize(
        """
        import os
        from bocpy import when
        def f(): pass
        class A: pass
        LIMIT = 1
        alias = f
        computed = f()
        @when()
        def b(): pass
        for i in range(2):
            late = i
        """
    )
    kinds = {name: [b.kind for b in found] for name, found in module.bindings.items()}
    assert kinds == {
        "os": [Kind.IMPORT],
        "when": [Kind.IMPORT],
        "f": [Kind.FUNCTION],
        "A": [Kind.CLASS],
        "LIMIT": [Kind.CONSTANT],
        "alias": [Kind.ALIAS],
        "computed": [Kind.VARIABLE],
        "b": [Kind.BEHAVIOR],
        "i": [Kind.VARIABLE],
        "late": [Kind.ALIAS],
    }
    assert module.kept == {"os", "when", "f", "A"}


def test_star_imports_are_listed() -> None:
    assert summarize("from math import *\nfrom ..a import *").star_imports == ["math", "..a"]


@pytest.mark.parametrize(
    ("header", "decorator"),
    [
        ("from bocpy import when", "@when(c)"),
        ("from bocpy import when as w", "@w(c)"),
        ("from bocpy import *", "@when(c)"),
        ("import bocpy", "@bocpy.when(c)"),
        ("import bocpy as b", "@b.when(c)"),
        ("import bocpy\nschedule = bocpy.when", "@schedule(c)"),
    ],
)
def test_behaviors_are_found_under_any_spelling(header: str, decorator: str) -> None:
    found = transpiler.find_behaviors(f"{header}\n{decorator}\ndef body(c): pass\n")
    assert [(b.name, b.depth) for b in found] == [("body", 0)]


def test_other_decorators_are_no_behaviors() -> None:
    assert transpiler.find_behaviors("from mock import when\n@when(c)\ndef f(c): pass") == ()


def test_nested_behaviors_are_found_with_their_decorators() -> None:
    found = transpiler.find_behaviors(
        textwrap.dedent(
            """
            from bocpy import when
            class A:
                def method(self):
                    @log
                    @when(self.cown)
                    @twice(2)
                    def outer(c):
                        @when(c)
                        def inner(c): pass
            """
        )
    )
    assert [(b.name, b.line, b.depth) for b in found] == [("outer", 8, 2), ("inner", 10, 3)]
    assert (found[0].above, found[0].below) == (("log",), ("twice(2)",))


def test_source_that_is_not_python_is_refused() -> None:
    with pytest.raises(SyntaxError):
        transpiler.summarize("def", "bad.py")
