"""The receiving half of code shipping, in sub-interpreters of its own."""

import functools
import importlib.util
import marshal
import os
import sys
import textwrap
import types
from pathlib import Path
from typing import Any

import pytest

from bocpy import _config, _modules, _origin, _placeholders, _worker, transpiler

if sys.version_info >= (3, 13):
    import _interpreters as interpreters
else:
    import _xxsubinterpreters as interpreters

PACKAGE_PATH = [entry for entry in sys.path if entry]


def describe_main(source: str | None, file: str | None = "/nowhere/main.py") -> dict[str, Any]:
    """Return the configuration of a program whose main module has *source*."""
    config = _config.worker_config()
    described: dict[str, Any] = {"file": file, "package": None, "doc": None, "source": None}
    if source is not None and file is not None:
        source = textwrap.dedent(source)
        steps = [
            (marshal.dumps(step.code), step.number, step.line, step.names, step.source)
            for step in transpiler.summarize(source, file).steps()
        ]
        described.update(source=source, filename=file, steps=steps)
    return {**config, "path": PACKAGE_PATH, "main": described}


def run_in_worker(config: dict[str, Any], text: str, **given: Any) -> None:
    """Boot a new interpreter with *config* and run *text* there, as a function, with names."""
    body = textwrap.indent(textwrap.dedent(text), "    ")
    given["config"] = config
    arguments = "\n".join(
        f"    {name} = marshal.loads({marshal.dumps(value)!r})" for name, value in given.items()
    )
    program = (
        "def run():\n"
        "    import marshal, sys\n"
        f"    sys.path[:] = {PACKAGE_PATH!r}\n"
        "    from bocpy import _worker\n"
        f"{arguments}\n"
        "    _worker.boot(config)\n"
        "    materialize = _worker.materialize\n"
        f"{body}\n"
        "run()\n"
    )
    interpreter = interpreters.create()
    try:
        failure = interpreters.run_string(interpreter, program)
        if failure is not None:
            raise AssertionError(getattr(failure, "errdisplay", failure))
    finally:
        interpreters.destroy(interpreter)


def spec_of(func: Any, argument_count: int = 1) -> Any:
    return _origin.template_of(func, argument_count)[0]


def spec_in_main(source: str, name: str, argument_count: int = 1) -> Any:
    """Return the spec of a function as if *source* were the program being run."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(textwrap.dedent(source), "/nowhere/main.py", "exec"), namespace)
    spec = spec_of(namespace[name], argument_count)
    return (spec[0], _modules.MAIN, *spec[2:])


def test_main_is_reduced_and_keeps_its_names() -> None:
    source = """
        '''about'''
        import math
        LIMIT = 3
        computed = undefined_function()
        class A: pass
        def f(x): return x + LIMIT
        raise SystemExit
    """
    run_in_worker(
        describe_main(source),
        """
        main = sys.modules["__main__"]
        assert sys.modules["__bocmain__"] is main
        assert main.f(2) == 5
        assert main.A.__module__ == "__main__"
        assert main.__name__ == "__main__" and main.__file__ == "/nowhere/main.py"
        assert not hasattr(main, "computed")
        import linecache
        assert linecache.getline("/nowhere/main.py", 7) == "def f(x): return x + LIMIT\\n"
        """,
    )


def test_functions_get_cells_globals_and_arguments() -> None:
    def enclose(k: int) -> Any:
        def body(c: int, i: int = 2, *, z: int = 3) -> Any:
            return c, i, k, z, TABLE

        return body

    run_in_worker(
        describe_main(None, None),
        """
        func, install = materialize(spec)
        kinds = [kind for kind, _, _ in install]
        assert kinds == [0, 2, 3, 1], kinds
        (_, cell, _), (_, _, position), (_, _, keyword), (_, namespace, name) = install
        assert (position, keyword, name) == (0, "z", "TABLE")
        assert namespace is func.__globals__
        cell.cell_contents = 10
        namespace[name] = [1]
        assert func(1, 2, z=3) == (1, 2, 10, 3, [1])
        assert func.__qualname__.endswith("enclose.<locals>.body")
        """,
        spec=spec_of(enclose(1)),
    )


def test_bodies_live_in_the_namespace_of_main() -> None:
    source = """
        import string
        def helper(): return string.digits
        def body(c): return helper(), __name__, __file__
    """
    run_in_worker(
        describe_main(source),
        """
        func, install = materialize(spec)
        assert install == ()
        assert func(1) == ("0123456789", "__main__", "/nowhere/main.py")
        assert func.__globals__ is vars(sys.modules["__main__"])
        """,
        spec=(*spec_in_main(source, "body")[:5], (), (), (), None, None),
    )


def test_failing_imports_become_placeholders() -> None:
    source = """
        import no_such_module
        import no_such_package.inner as inner
        from no_such_module import thing as renamed
        import os, also_missing
        def uses(): return no_such_module.x
        def annotated(x: no_such_module.Type) -> int: return x
        class Derived(renamed): pass
        def fine(): return os.sep
    """
    run_in_worker(
        describe_main(source),
        """
        main = sys.modules["__main__"]
        assert main.fine()
        assert main.annotated(3) == 3
        def refuses(use, *words):
            try:
                use()
            except ImportError as error:
                assert all(word in str(error) for word in words), error
            else:
                raise AssertionError("nothing was raised")
        remedy = "PinnedCown"
        refuses(main.uses, "no_such_module", "ModuleNotFoundError", remedy)
        refuses(lambda: main.inner.x, "no_such_package.inner", remedy)
        refuses(lambda: main.renamed(), "'renamed' of module 'no_such_module'", remedy)
        refuses(lambda: main.also_missing.x, "also_missing", remedy)
        refuses(lambda: main.Derived(), "Derived", "no_such_module")
        """,
    )


def test_module_whose_own_import_fails_is_used_with_a_placeholder(tmp_path: Path) -> None:
    (tmp_path / "needs_more.py").write_text(
        "import no_such_module\n"
        "import json\n"
        "calls = []\n"
        "calls.append(1)\n"
        "table = no_such_module.make()\n"
        "def f(x): return json.dumps([x, len(calls)])\n"
        "def g(): return no_such_module.x\n"
    )
    config = describe_main(None, None)
    config["path"] = [str(tmp_path), *PACKAGE_PATH]
    run_in_worker(
        config,
        """
        import needs_more
        assert needs_more.f(1) == "[1, 1]"
        try:
            needs_more.g()
        except ImportError as error:
            assert "no_such_module" in str(error)
        else:
            raise AssertionError("nothing was raised")
        """,
    )


def test_optional_imports_still_fail_inside_try(tmp_path: Path) -> None:
    (tmp_path / "optional.py").write_text(
        "try:\n    import no_such_module\nexcept ImportError:\n    no_such_module = None\n"
    )
    config = describe_main(None, None)
    config["path"] = [str(tmp_path), *PACKAGE_PATH]
    run_in_worker(config, "import optional; assert optional.no_such_module is None")


def test_importing_is_flagged_while_modules_execute(tmp_path: Path) -> None:
    (tmp_path / "watcher.py").write_text(
        "from _thread import get_ident\n"
        "from bocpy import _worker\n"
        "seen = get_ident() in _worker.importing\n"
    )
    config = describe_main("import watcher\nseen = watcher.seen\n")
    config["path"] = [str(tmp_path), *PACKAGE_PATH]
    run_in_worker(
        config,
        """
        assert not _worker.importing
        import watcher
        assert watcher.seen and sys.modules["__main__"].seen
        assert not _worker.importing
        """,
    )


def test_module_that_its_name_does_not_find_is_loaded_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "hidden.py"
    file.write_text("BASE = 5\ndef add(x): return x + BASE\ndef body(c): return add(c)\n")
    found = importlib.util.spec_from_file_location("package_of_tests.hidden", file)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[module.__name__] = module
    try:
        found.loader.exec_module(module)
        spec = spec_of(module.body)
    finally:
        del sys.modules[module.__name__]
    assert spec[1] == ("module", "package_of_tests.hidden", str(file))
    run_in_worker(
        describe_main(None, None),
        "func, install = materialize(spec); assert func(1) == 6",
        spec=spec,
    )


def test_module_that_is_not_there_names_itself() -> None:
    def body(c: Any) -> Any:
        return c

    spec = spec_of(body)
    run_in_worker(
        describe_main(None, None),
        """
        try:
            materialize(spec)
        except RuntimeError as error:
            assert "no_such_module" in str(error)
            assert isinstance(error.__cause__, ImportError)
        else:
            raise AssertionError("nothing was raised")
        """,
        spec=(spec[0], ("module", "no_such_module", None), *spec[2:]),
    )


def test_equal_bodies_of_two_namespaces_stay_apart() -> None:
    specs = []
    for value in (1, 2):
        namespace: dict[str, Any] = {"N": value}
        exec("def body(c): return N + c", namespace)
        specs.append(spec_of(namespace["body"]))
    run_in_worker(
        describe_main(None, None),
        """
        made = [materialize(spec) for spec in specs]
        for value, (func, ((_, namespace, name),)) in enumerate(made):
            namespace[name] = value
        assert [func(10) for func, _ in made] == [10, 11]
        """,
        specs=specs,
    )


def test_missing_variable_is_explained() -> None:
    source = """
        def read(): return globals_of()["late"]
        late = compute()
        def body(c): return late
    """
    run_in_worker(
        describe_main(source),
        """
        func, install = materialize(spec)
        try:
            func(1)
        except NameError as error:
            _worker.explain(error)
            text = str(error)
            assert "'late'" in text and "line 3" in text and "capture" in text, text
        else:
            raise AssertionError("nothing was raised")
        """,
        spec=(
            *spec_in_main("late = 1\ndef body(c): return late", "body")[:5],
            (),
            (),
            (),
            None,
            None,
        ),
    )


def test_settings_follow_main() -> None:
    config = describe_main(None, None)
    config.update(
        argv=["prog", "-x"],
        warnings=[("error", "beware", ("builtins", "UserWarning"), "", 0)],
        logging=(10, None),
    )
    run_in_worker(
        config,
        """
        import logging, warnings
        assert sys.argv == ["prog", "-x"]
        assert logging.getLogger().level == 10
        try:
            warnings.warn("beware of it")
        except UserWarning:
            pass
        else:
            raise AssertionError("the filter was not set")
        version = config["version"]
        newer = {"version": version + 2, "path": ["/new", *sys.path], "logging": (40, None)}
        _worker.configure(newer)
        _worker.configure({"version": version + 1, "path": []})
        assert sys.path[0] == "/new" and logging.getLogger().level == 40
        """,
    )


def test_boot_renews_a_worker_that_has_served(tmp_path: Path) -> None:
    (tmp_path / "counted.py").write_text("state = []\n")
    config = describe_main("state = []\n")
    config["path"] = [str(tmp_path), *PACKAGE_PATH]
    run_in_worker(
        config,
        """
        import counted, json
        counted.state.append(1)
        sys.modules["__main__"].state.append(1)
        _worker.boot(config)
        import counted as again
        assert again is not counted and again.state == []
        assert sys.modules["__main__"].state == []
        assert sys.modules["json"] is json
        """,
    )


def test_importable_modules_of_this_interpreter_are_its_own() -> None:
    _, place, *_ = spec_of(functools.reduce.__class__ and textwrap.dedent)
    assert place == ("module", "textwrap", textwrap.__file__)


def test_placeholder_raises_at_any_use() -> None:
    placeholder = _placeholders.for_import("gone", "gone", ImportError("why"))
    uses = [
        lambda: placeholder.attribute,
        lambda: placeholder(),
        lambda: placeholder + 1,
        lambda: 1 - placeholder,
        lambda: placeholder[0],
        lambda: list(placeholder),
        lambda: bool(placeholder),
        lambda: isinstance(1, placeholder),
        lambda: setattr(placeholder, "x", 1),
        lambda: type("Derived", types.resolve_bases((placeholder,)), {}),
    ]
    for use in uses:
        with pytest.raises(ImportError, match="'gone'.*ImportError: why"):
            use()
    assert "gone" in repr(placeholder)


def test_function_refers_to_itself_after_reduction() -> None:
    def factorial(n: int) -> int:
        return n * factorial(n - 1) if n else 1

    maker, arguments, state, _, _, setter = _origin.reduce_function(factorial)
    copy = maker(*arguments)
    setter(copy, ({0: copy}, *state[1:]))
    assert copy is not factorial
    assert copy(5) == 120
    assert copy.__qualname__ == factorial.__qualname__


def test_module_by_name_imports_or_stands_in() -> None:
    assert _worker.module_by_name("os.path") is os.path
    assert isinstance(_worker.module_by_name("no_such_module"), _placeholders.Placeholder)


TABLE = [1, 2]
