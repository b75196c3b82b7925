"""What the first start imports, in main and in its workers, and what comes later."""

import json
import subprocess
import sys
from collections.abc import Callable

import bocpy

type Program = Callable[..., subprocess.CompletedProcess[str]]


def output(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    return done.stdout


def test_start_needs_no_compiler_and_no_introspection(program: Program) -> None:
    text = output(
        program(
            """
            import sys
            from bocpy import start, wait

            start(2)
            slow = ["ast", "dis", "importlib.metadata", "inspect", "logging", "tokenize", "typing"]
            print([name for name in slow if name in sys.modules])
            wait()
            """
        )
    )
    assert text == "[]\n"


def test_a_worker_imports_little_before_its_first_behavior(program: Program) -> None:
    text = output(
        program(
            """
            import sys
            from bocpy import when

            def look():
                import sys
                print(sorted(name for name in sys.modules if name.partition(".")[0] == "bocpy"))
                slow = ["ast", "dis", "enum", "inspect", "logging", "pickle", "re", "typing"]
                print([name for name in slow if name in sys.modules])

            when()(look).result()
            """
        )
    )
    ours, slow = text.splitlines()
    assert "'bocpy._runtime'" not in ours and "'bocpy._matrix'" not in ours
    assert "'bocpy._modules'" not in ours
    assert slow == "[]"


def test_a_worker_has_the_public_names_of_main(program: Program) -> None:
    text = output(
        program(
            """
            import json
            import bocpy

            def homes():
                import bocpy
                names = [*bocpy.__all__, "messages"]
                return {name: getattr(getattr(bocpy, name), "__module__", "") for name in names}

            from bocpy import when
            there = when()(homes).result()
            assert there == homes(), (there, homes())

            @when()
            def rest():
                names = {}
                exec("from bocpy import *", names)
                assert names["REMOVED"] is bocpy.REMOVED and names["when"] is bocpy.when
                assert bocpy.__version__ == names["__version__"]
                try:
                    bocpy.nothing
                except AttributeError as error:
                    return str(error)

            print(json.dumps([sorted(there), rest.result()]))
            """
        )
    )
    names, missing = json.loads(text)
    assert set(names) == {*bocpy.__all__, "messages"}
    assert missing == "module 'bocpy' has no attribute 'nothing'"


def test_main_is_asked_for_its_source_by_a_worker_that_needs_it_first(program: Program) -> None:
    text = output(
        program(
            """
            from bocpy import _config, start, wait, when

            ANSWER = 42
            tell, asked = _config.tell_main, []

            def tell_only_if_asked(*names):
                if names:
                    asked.append(names)
                    tell()

            _config.tell_main = tell_only_if_asked
            start(2)

            @when()
            def first():
                return ANSWER

            print(first.result(), len(asked), _config._owes_main)
            wait()
            """
        )
    )
    assert text == "42 1 False\n"


def test_restarts_bring_the_source_of_main_with_them(program: Program) -> None:
    text = output(
        program(
            """
            from bocpy import start, wait, when

            ANSWER = 42

            def answer():
                return ANSWER

            for fresh in (False, False, True, True):
                start(2, fresh=fresh)
                wait()
            print(when()(answer).result())
            for fresh in (False, True):
                wait()
                start(2, fresh=fresh)
                print(when()(answer).result())
            """
        )
    )
    assert text == "42\n42\n42\n"


def test_a_body_without_a_file_is_quoted_in_a_traceback() -> None:
    source = """
from bocpy import when

@when()
def fails():
    return 1 // 0  # quoted

try:
    fails.result()
except ZeroDivisionError as error:
    print(error.__cause__)
"""
    command = [sys.executable, "-c", source]
    assert "return 1 // 0  # quoted" in output(
        subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    )
