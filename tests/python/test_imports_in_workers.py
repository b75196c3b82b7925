"""Modules in workers: what cannot load there, what changes later, what the standard library has."""

import importlib.util
import inspect
import subprocess
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bocpy import Cown, wait, when

type Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def extension(build_extension: Callable[[str], Path]) -> Path:
    """Build the module that refuses sub-interpreters; return its folder."""
    return build_extension("refuses_workers")


def lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


USES_EXTENSION = """
import refuses_workers
from refuses_workers import answer as get_answer
import json

def typed(value: "int", module: refuses_workers.answer = None):
    return json.dumps(value)

class Holder:
    def use(self):
        return get_answer()
"""

PROGRAM = """
from bocpy import Cown, wait, when
{definitions}

print(refuses_workers.answer(), get_answer())

@when(Cown(1))
def fine(c):
    return json.dumps(c.value)

@when(Cown(1))
def by_module(c):
    return refuses_workers.answer()

@when(Cown(1))
def by_name(c):
    return Holder().use()

wait()
print(fine.value)
for result in (by_module, by_name):
    error = result.value
    text = str(error)
    print(isinstance(error, ImportError), "refuses_workers" in text, "subinterpreters" in text,
          "PinnedCown" in text)
"""


def test_extension_that_refuses_workers_fails_only_where_it_is_used(
    extension: Path, program: Program
) -> None:
    done = program(PROGRAM.format(definitions=USES_EXTENSION))
    assert lines(done) == ["42 42", "1", *["True True True True"] * 2]


def test_extension_that_only_bodies_import_is_refused_and_harms_nothing(
    extension: Path, program: Program
) -> None:
    done = program(
        """
        from bocpy import Cown, start, wait, when

        for _ in range(2):
            results = []
            for _ in range(4):

                @when(Cown(1))
                def body(c):
                    try:
                        import refuses_workers
                    except ImportError as error:
                        return str(error)

                results.append(body)
            wait()
            print(all("subinterpreters" in result.value for result in results))
        """
    )
    assert lines(done) == ["True", "True"]
    assert done.stderr == ""


def test_module_that_imports_such_an_extension_works_elsewhere(
    extension: Path, program: Program
) -> None:
    (extension / "middle.py").write_text(
        USES_EXTENSION
        + """
from bocpy import Cown, when

@when(Cown(2))
def scheduled(c):
    return typed(c.value)

@when(Cown(2))
def failing(c):
    return Holder().use()
"""
    )
    done = program(
        """
        import middle
        from bocpy import wait
        wait()
        print(middle.scheduled.value, isinstance(middle.failing.value, ImportError))
        """
    )
    assert lines(done) == ["2 True"]


def test_numpy_at_the_top_of_a_program(program: Program) -> None:
    pytest.importorskip("numpy")
    done = program(
        """
        import numpy as np
        from bocpy import Cown, wait, when

        @when(Cown([1, 2]))
        def plain(c):
            return sum(c.value)

        wait()
        print(plain.value, int(np.sum([1, 2])))
        """
    )
    assert lines(done) == ["3 3"]


def test_settings_follow_main_at_each_schedule(program: Program) -> None:
    done = program(
        """
        import logging, sys, warnings
        from bocpy import Cown, wait, when

        order = Cown(0)  # a worker that has newer settings keeps them

        def probe():
            @when(order)
            def body(o):
                import logging, warnings
                return logging.getLogger().level, sys.path[0], sys.argv[1:], warnings.filters[0][0]
            return body

        sys.argv.append("extra")
        results = [probe()]
        logging.getLogger().setLevel(logging.ERROR)
        results.append(probe())
        sys.path.insert(0, "/elsewhere")
        results.append(probe())
        sys.argv.append("later")
        results.append(probe())
        warnings.simplefilter("error")
        results.append(probe())
        wait()
        for result in results:
            level, path, argv, action = result.value
            print(level, path == "/elsewhere", argv, action == "error")
        """
    )
    assert lines(done) == [
        "30 False ['extra'] False",
        "40 False ['extra'] False",
        "40 True ['extra'] False",
        "40 True ['extra', 'later'] False",
        "40 True ['extra', 'later'] True",
    ]


def test_text_of_every_kind_reaches_workers(program: Program) -> None:
    done = program(
        r"""
        from bocpy import Cown, wait, when

        CONSTANT = "naïve ☃ \\ 'single' \"double\" \0 🐍"

        def helper():
            return CONSTANT + "größe"

        @when(Cown("ключ"))
        def body(c):
            überschrift = helper()
            return überschrift + c.value

        wait()
        print(body.value == helper() + "ключ")
        """
    )
    assert lines(done) == ["True"]


LIBRARY = """
    ast base64 bisect calendar colorsys copy csv datetime difflib email.header email.quoprimime
    email.utils encodings encodings.idna encodings.punycode enum fnmatch fractions functools
    genericpath heapq html http.cookiejar inspect ipaddress json keyword locale ntpath opcode
    optparse pickletools posixpath pprint quopri re reprlib shlex statistics string stringprep
    textwrap token tokenize types typing urllib.parse xml.sax.saxutils
"""
CHANGES_SOMETHING = (
    "main",
    "print",
    "pp",
    "set",
    "reset",
    "add",
    "dis",
    "open",
    "register",
    "reveal",
    "week",
)


def calls() -> Iterator[tuple[Callable[..., Any], tuple[Any, ...]]]:
    """Yield functions of the standard library with arguments on which they return plain data."""
    found = filter(importlib.util.find_spec, LIBRARY.split())
    modules = [importlib.import_module(name) for name in found]
    samples: list[Any] = [
        "a text, with 'words' & more", "/usr/lib/../x.py", b"some bytes", 70000, 0.25, [3, 1, 2],
        ["b", "a"], "x",
    ]  # fmt: skip
    for module in modules:
        for name, func in sorted(vars(module).items()):
            if type(func) is not types.FunctionType or func.__module__ != module.__name__:
                continue
            if name.startswith(("_", *CHANGES_SOMETHING)):
                continue
            required = func.__code__.co_argcount - len(func.__defaults__ or ())
            flags = func.__code__.co_flags
            if not 1 <= required <= 2 or flags & inspect.CO_GENERATOR or func.__closure__:
                continue
            for sample in samples:
                yield func, (sample,) * required


def attempt(func: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return "returned", func(*arguments)
    except Exception as error:
        return "raised", (type(error).__name__, str(error))


def plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(plain, value))
    return value is None or type(value) in (str, bytes, int, float, bool)


def by_name(func: Callable[..., Any]) -> Callable[..., Any]:
    def body(*cowns: Any) -> Any:
        return func(*[cown.value for cown in cowns])

    return body


def by_value(func: Callable[..., Any]) -> Callable[..., Any]:
    copy = types.FunctionType(
        func.__code__, func.__globals__, "copy", func.__defaults__, func.__closure__
    )
    copy.__kwdefaults__ = func.__kwdefaults__
    copy.__qualname__ = "by_value.<locals>.copy"
    return by_name(copy)


@pytest.mark.parametrize("wrapped", [by_name, by_value])
def test_functions_of_the_standard_library_give_equal_results(
    wrapped: Callable[[Callable[..., Any]], Callable[..., Any]],
) -> None:
    """Goal: library code finds its names in workers, whether a name or a copy gets it there."""
    expected, results = [], []
    for func, arguments in calls():
        kind, value = attempt(func, arguments)
        if kind == "returned" and plain(value) and "0x" not in repr(value):
            expected.append((f"{func.__module__}.{func.__name__}", arguments, value))
            results.append(when(*map(Cown, arguments))(wrapped(func)))
    wait()
    wrong = [
        (*sample, result.value)
        for sample, result in zip(expected, results, strict=True)
        if repr(sample[-1]) != repr(result.value)
    ]
    assert len({name for name, _, _ in expected}) >= 200
    assert wrong == []


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="safe from CPython 3.14 on")
def test_main_makes_the_first_types_of_ctypes(program: Program) -> None:
    """Else two workers fill one table of CPython 3.13 at the same time, and crash."""
    done = program(
        """
        import sys
        from bocpy import start, when

        start(worker_count=2)
        before = "ctypes" in sys.modules

        @when()
        def body():
            import ctypes
            return ctypes.sizeof(ctypes.c_int)

        print(body.result() > 0, before, "ctypes" in sys.modules)
        """
    )
    assert lines(done) == ["True False True"]
