"""What the reference gets wrong about code: W18 to W25 of the specification must not occur."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import bocpy


def run(folder: Path, text: str, **modules: str) -> list[str]:
    """Run *text* as a program in *folder* beside *modules*; return the lines it prints."""
    for name, content in {"program": text, **modules}.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(content), encoding="utf-8")
    found = os.path.dirname(os.path.dirname(bocpy.__file__))
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        env={**os.environ, "PYTHONPATH": found, "PYTHONIOENCODING": "utf-8"},
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout.splitlines()


def test_w18_assignments_run_once_and_may_schedule(tmp_path: Path) -> None:
    lines = run(
        tmp_path,
        """
        from bocpy import Cown, start, wait, when

        def evaluated(value):
            with open("log", "a") as log:
                print(value, file=log)
            return value

        def job():
            @when(Cown(1))
            def work(c):
                return c.value + TABLE
            return work

        TABLE = evaluated(5)
        RES = job()
        wait()
        print(RES.value, open("log").read().split())
        """,
    )
    assert lines == ["6 ['5']"]


def test_w18_defaults_of_functions_are_evaluated_once(tmp_path: Path) -> None:
    lines = run(
        tmp_path,
        """
        from bocpy import Cown, wait, when

        def evaluated(value):
            with open("log", "a") as log:
                print(value, file=log)
            return value

        STEP = evaluated(5)

        def helper(value, step=STEP):
            return value + step

        @when(Cown(1))
        def work(c):
            return helper(c.value), [helper(v) for v in (1, 2)]

        wait()
        print(work.value, open("log").read().split())
        """,
    )
    assert lines == ["(6, [6, 7]) ['5']"]


def test_w18_module_that_runs_a_program_can_define_behaviors(tmp_path: Path) -> None:
    lines = run(
        tmp_path,
        "import module",
        module="""
        from bocpy import Cown, wait, when
        LIMIT = 3
        counter = Cown(1)

        def helper(value):
            return value + LIMIT

        @when(counter)
        def work(c):
            c.value = helper(c.value)

        wait()
        print(counter.value, work.value)
        counter.value += 1

        @when(counter)
        def again(c):
            c.value = helper(c.value)

        wait()
        print(counter.value)
        """,
    )
    assert lines == ["4 None", "8"]


def test_w19_behaviors_are_not_told_apart_by_line(tmp_path: Path) -> None:
    module = """
        from bocpy import Cown, when
        NAME = {name!r}
        results = []
        if NAME:
            for i in range(2):
                @when(Cown(i))
                def work(c):
                    return NAME, i, c.value
                results.append(work)
        """
    lines = run(
        tmp_path,
        """
        from bocpy import wait
        import one, two
        wait()
        print([r.value for r in one.results + two.results])
        """,
        one=module.format(name="one"),
        two=module.format(name="two"),
    )
    assert lines == ["[('one', 0, 0), ('one', 1, 1), ('two', 0, 0), ('two', 1, 1)]"]


def test_w20_names_are_found_in_the_code_not_in_the_syntax(tmp_path: Path) -> None:
    lines = run(
        tmp_path,
        """
        from bocpy import Cown, wait, when

        def enclose(hidden):
            @when(Cown([3, 4]))
            def work(c, *, option=10):
                import json
                class Inner:
                    size = 1
                    def get(self):
                        return self.size + hidden
                def nested():
                    return hidden * 2
                try:
                    raise ValueError("text")
                except ValueError as error:
                    message = str(error)
                match c.value:
                    case [first, *rest]:
                        matched = first, rest
                squares = [x * x for x in c.value]
                return (
                    (lambda a, b=1: a + b)(1), nested(), Inner().get(), message, matched, squares,
                    json.dumps([option]), {k: v for k, v in zip("ab", squares)},
                )
            return work

        work = enclose(7)
        wait()
        print(work.value)
        """,
    )
    expected = (2, 14, 8, "text", (3, [4]), [9, 16], "[10]", {"a": 9, "b": 16})
    assert lines == [repr(expected)]


def test_w21_star_and_conditional_imports_reach_workers(tmp_path: Path) -> None:
    lines = run(
        tmp_path,
        """
        from bocpy import *
        from math import *
        try:
            import no_such_module as fast
        except ImportError:
            import json as fast
        if hasattr(sqrt, "__call__"):
            import string

        @when(Cown(16))
        def work(c):
            @when(c)
            def nested(c):
                return fast.dumps([sqrt(c.value), string.digits])
            return nested

        wait()
        print(work.value.value)
        """,
    )
    assert lines == ['[4.0, "0123456789"]']


def test_w22_scoping_is_lexical(tmp_path: Path) -> None:
    lines = run(
        tmp_path,
        """
        from bocpy import Cown, wait, when

        def schedule():
            @when(Cown(1))
            def work(c):
                return unrelated
            return work

        def caller():
            unrelated = 5
            return schedule()

        try:
            caller()
        except NameError as error:
            print("unrelated" in str(error), "work" in str(error), error.name)
        """,
    )
    assert lines == ["True True unrelated"]


def test_w23_a_class_of_main_is_one_class_everywhere(tmp_path: Path) -> None:
    lines = run(
        tmp_path,
        """
        import dataclasses, enum, sys
        from bocpy import Cown, wait, when

        class Color(enum.Enum):
            RED = 1
            BLUE = 2

        class Final:
            def __init_subclass__(cls):
                raise TypeError("final")

        class Registering(type):
            registry = []
            def __init__(cls, name, bases, members):
                super().__init__(name, bases, members)
                Registering.registry.append(name)

        class Plugin(metaclass=Registering):
            pass

        @dataclasses.dataclass
        class Point:
            x: int
            def moved(self):
                return Point(self.x + 1)

        class Trouble(Exception):
            pass

        point = Cown(Point(1))

        @when(point)
        def work(p):
            assert type(p.value) is Point
            match p.value:
                case Point(x=x):
                    p.value = p.value.moved()
            main = sys.modules["__main__"]
            assert main.Point is Point and Point.__module__ == "__main__"
            return Color.RED, Final(), Registering.registry, Point(5), Color

        @when(point)
        def fail(p):
            raise Trouble("no", p.value)

        @when(work, fail)
        def check(w, f):
            color, final, registry, made, cls = w.value
            trouble = f.value
            return [color is Color.RED, type(final) is Final, registry, type(made) is Point,
                    cls is Color, type(trouble) is Trouble, trouble.args == ("no", Point(2))]

        before = dict(vars(Point))
        wait()
        color, final, registry, made, cls = work.value
        print(color is Color.RED, type(final) is Final, registry, type(made) is Point, cls is Color)
        print(check.value)
        print(type(point.value) is Point, point.value, type(fail.value) is Trouble)
        print(dict(vars(Point)) == before)
        """,
    )
    assert lines == [
        "True True ['Plugin'] True True",
        "[True, True, ['Plugin'], True, True, True, True]",
        "True Point(x=2) True",
        "True",
    ]


def test_w24_decorators_captures_names_and_star_arguments(tmp_path: Path) -> None:
    lines = run(
        tmp_path,
        """
        import functools
        import imported
        from bocpy import Cown, start, wait, when

        def plus_one(func):
            @functools.wraps(func)
            def wrapper(*cowns):
                return func(*cowns) + 1
            return wrapper

        class Times:
            def __init__(self, factor):
                self.factor = factor
            def __call__(self, func):
                self.func = func
                return self.run
            def run(self, *cowns):
                return self.func(*cowns) * self.factor

        @when(Cown(10))
        @Times(2)
        @plus_one
        def decorated(c):
            return c.value

        def enclose(k):
            @when(Cown(1), Cown(2))
            def captured(*cowns, k=k):
                return [c.value for c in cowns], k
            return captured

        captured = enclose(3)
        wait()
        print(decorated.value, captured.value)
        print(imported.scheduled.value, open("ran").read().split())
        """,
        imported="""
        from bocpy import Cown, when

        def where():
            return __name__

        @when(Cown(1))
        def scheduled(c):
            with open("ran", "a") as log:
                print("once", file=log)
            return where()
        """,
    )
    assert lines == ["22 ([1, 2], 3)", "imported ['once']"]


def test_w24_names_of_a_script_are_as_in_main(tmp_path: Path) -> None:
    lines = run(
        tmp_path,
        """
        from bocpy import wait, when

        @when()
        def names():
            return __name__, __file__, __package__

        wait()
        print(names.value == (__name__, __file__, __package__))
        """,
    )
    assert lines == ["True"]


@pytest.mark.parametrize("early", [True, False])
def test_w25_changes_of_sys_path_reach_workers(tmp_path: Path, early: bool) -> None:
    folder = tmp_path / "extra"
    folder.mkdir()
    (folder / "found_late.py").write_text("def answer():\n    return 42\n")
    lines = run(
        tmp_path,
        f"""
        import sys
        from bocpy import Cown, start, wait, when

        if {early}:
            sys.path.insert(0, {str(folder)!r})

        @when(Cown(1))
        def first(c):
            c.value += 1

        if not {early}:
            sys.path.insert(0, {str(folder)!r})

        @when(Cown(1))
        def work(c):
            import found_late
            return found_late.answer() + c.value

        wait()
        print(work.value)
        """,
    )
    assert lines == ["43"]
