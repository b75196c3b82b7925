"""Captures and code of behaviors of this very module, which pytest has rewritten and loaded."""

import functools
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bocpy import Cown, wait, when

LIMIT = 10
SETTINGS = {"deep": [1, 2]}
MISSING = object()
cache: dict[int, int] | None = None


class Default:
    def __repr__(self) -> str:
        return "default"


DEFAULT = Default()


def choose(value: Any = MISSING, other: Any = DEFAULT) -> tuple[bool, bool]:
    return value is MISSING, other is DEFAULT


class Shape:
    scale = 2

    def __init__(self, size: int) -> None:
        self.size = size

    def area(self) -> int:
        return self.size * self.scale * LIMIT

    def value_of(self, c: Any) -> Any:
        return c.value

    def schedule(self, cown: Any) -> Any:
        @when(cown)
        def body(c: Any) -> int:
            return self.area() + c.value

        return body


class Square(Shape):
    def area(self) -> int:
        def inner() -> int:
            return super(Square, self).area()

        return inner() + super().area()


def fill_cache(key: int) -> int:
    global cache
    if cache is None:
        cache = {}
    cache[key] = key * LIMIT
    return len(cache)


@pytest.fixture(autouse=True)
def stopped_runtime() -> Iterator[None]:
    yield
    wait()


def outcome(result: Any) -> Any:
    wait()
    if result.exception:
        raise result.value
    return result.value


def test_asserts_that_pytest_rewrote_work() -> None:
    @when(Cown(1))
    def passes(c: Any) -> str:
        assert c.value == 1, "no"
        return "passed"

    @when(Cown([1, 2]))
    def fails(c: Any) -> None:
        assert c.value == [1, 3]

    assert outcome(passes) == "passed"
    assert isinstance(fails.value, AssertionError)


def test_loop_comprehension_match_and_exception_variables_are_captured() -> None:
    results = []
    for number in range(3):

        @when(Cown(100))
        def in_loop(c: Any) -> int:
            return c.value + number

        results.append(in_loop)

    def scheduled(value: int) -> Any:
        @when(Cown(value))
        def body(c: Any) -> int:
            return c.value * value

        return body

    results += [scheduled(value) for value in (3, 4)]
    match {"key": 7}:
        case {"key": matched}:

            @when(Cown(1))
            def in_match(c: Any) -> int:
                return matched

            results.append(in_match)
    try:
        raise KeyError("gone")
    except KeyError as error:  # noqa: F841

        @when(Cown(1))
        def in_except(c: Any) -> str:
            return repr(error)  # noqa: F821

    wait()
    assert [result.value for result in results] == [100, 101, 102, 9, 16, 7]
    assert in_except.value == "KeyError('gone')"


def test_captures_are_copies_made_at_decoration() -> None:
    values = [1]

    @when(Cown(0))
    def body(c: Any) -> list[int]:
        values.append(3)
        return values

    values.append(2)
    assert outcome(body) == [1, 3]
    assert values == [1, 2]


def test_module_data_is_read_at_decoration(monkeypatch: pytest.MonkeyPatch) -> None:
    results = []
    for limit in (1, 2):
        monkeypatch.setitem(globals(), "LIMIT", limit)

        @when(Cown(0))
        def body(c: Any) -> tuple[int, int]:
            return LIMIT, Shape(1).area()

        results.append(body)
    wait()
    assert [result.value for result in results] == [(1, 2), (2, 4)]


def test_methods_schedule_and_self_is_captured() -> None:
    assert outcome(Square(3).schedule(Cown(1))) == 121


def test_functions_that_call_themselves_are_captured() -> None:
    def factorial(n: int) -> int:
        return n * factorial(n - 1) if n else 1

    @when(Cown(5))
    def body(c: Any) -> int:
        return factorial(c.value)

    assert outcome(body) == 120


def test_captured_function_comes_home_as_itself() -> None:
    def local() -> int:
        return LIMIT

    @when(Cown(0))
    def body(c: Any) -> tuple[Any, int]:
        return local, local()

    function, value = outcome(body)
    assert value == LIMIT
    assert function is local


def test_captured_class_is_one_class_and_stays_untouched() -> None:
    class Local:
        def method(self) -> str:
            return "original"

    before = dict(vars(Local))

    @when(Cown(Local()))
    def body(c: Any) -> tuple[bool, Any, str]:
        return type(c.value) is Local, Local(), c.value.method()

    same, made, text = outcome(body)
    assert (same, type(made), text) == (True, Local, "original")
    assert dict(vars(Local)) == before


def test_cowns_and_parameters_are_captured_as_cowns() -> None:
    one, other = Cown(1), Cown(2)

    @when(one)
    def body(c: Any) -> Any:
        @when(other)
        def nested(o: Any) -> tuple[bool, bool]:
            @when(c)
            def innermost(c: Any) -> None:
                c.value += 10

            return isinstance(c, Cown), isinstance(other, Cown)

        return nested

    nested = outcome(body)
    assert nested.value == (True, True)
    assert one.value == 11


def test_capture_that_cannot_be_shipped_is_named_at_decoration() -> None:
    guard = threading.Lock()

    with pytest.raises(TypeError) as caught:

        @when(Cown(1))
        def body(c: Any) -> Any:
            return guard

    assert "guard" in "".join(traceback.format_exception(caught.value))


def test_imported_modules_of_enclosing_functions_are_captured() -> None:
    import json
    import os.path as path

    @when(Cown([1]))
    def body(c: Any) -> str:
        return json.dumps(c.value) + path.join("a", "b")

    assert outcome(body) == "[1]a" + path.sep + "b"


def test_loop_over_modules_captures_each() -> None:
    import json
    import pickle

    results = []
    for module in (json, pickle):

        @when(Cown(1))
        def body(c: Any) -> str:
            return module.__name__

        results.append(body)
    wait()
    assert [result.value for result in results] == ["json", "pickle"]


def test_state_that_globals_rebind_belongs_to_each_worker() -> None:
    fill_cache(1)
    fill_cache(2)

    @when(Cown(3))
    def body(c: Any) -> int:
        return fill_cache(c.value)

    assert outcome(body) == 1
    assert cache is not None
    assert set(cache) == {1, 2}


def test_mutable_module_data_is_a_copy() -> None:
    @when(Cown(0))
    def body(c: Any) -> Any:
        SETTINGS["deep"].append(3)
        return SETTINGS

    assert outcome(body) == {"deep": [1, 2, 3]}
    assert SETTINGS == {"deep": [1, 2]}


def test_sentinels_of_a_module_keep_their_identity() -> None:
    @when(Cown(0))
    def body(c: Any) -> tuple[bool, bool]:
        return choose()

    assert outcome(body) == (True, True)


def test_wrappers_of_every_kind_run_on_the_worker() -> None:
    def with_wraps(factor: int) -> Callable[..., Any]:
        def decorate(func: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(func)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                return func(*args, **kwargs) * factor

            return wrapper

        return decorate

    class Adding:
        def __init__(self, func: Callable[..., Any]) -> None:
            self.func = func

        def __call__(self, *args: Any) -> Any:
            return self.func(*args) + LIMIT

    @when(Cown(1))
    @Adding
    @with_wraps(5)
    def stacked(c: Any) -> int:
        return c.value + LIMIT

    @when(Cown(1))
    @with_wraps(2)
    @Adding
    def other_way(c: Any) -> int:
        return c.value

    partial = when(Cown(3))(functools.partial(lambda k, c: c.value**k, 2))
    bound = when(Cown(4))(Shape(2).value_of)
    wait()
    assert (stacked.value, other_way.value) == (65, 22)
    assert (partial.value, bound.value) == (9, 4)


def test_same_wrapper_code_around_different_bodies() -> None:
    def decorate(func: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any) -> Any:
            return func(*args)

        return wrapper

    @when(Cown(1))
    @decorate
    def one(c: Any) -> str:
        return "one"

    @when(Cown(1))
    @decorate
    def two(c: Any) -> str:
        return "two"

    wait()
    assert (one.value, two.value) == ("one", "two")


def test_traceback_names_the_line_of_this_file() -> None:
    @when(Cown(0))
    def body(c: Any) -> float:
        return 1 / c.value  # the line that fails

    wait()
    text = "".join(traceback.format_exception(body.value))
    assert "# the line that fails" in text
    assert __file__ in text
    assert isinstance(body.value, ZeroDivisionError)


def test_subprocesses_and_threads_work_in_bodies() -> None:
    @when(Cown(2))
    def body(c: Any) -> tuple[str, list[int]]:
        import subprocess

        value, seen = c.value, []
        thread = threading.Thread(target=lambda: seen.append(value))
        thread.start()
        thread.join()
        done = subprocess.run(
            [sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True, check=True
        )
        return done.stdout.strip(), seen

    assert outcome(body) == ("42", [2])


def test_deeply_nested_behaviors_share_captures() -> None:
    total = Cown(0)

    def descend(depth: int, step: int) -> None:
        @when(total)
        def body(t: Any) -> None:
            t.value += step
            if depth > 1:
                descend(depth - 1, step * 2)

    descend(5, 1)
    wait()
    assert total.value == 31


def test_large_mutable_capture_warns_once_and_names_it() -> None:
    table = list(range(100_000))
    text = "x" * 100_000

    def schedule() -> None:
        @when(Cown(0))
        def body(c: Any) -> int:
            return len(table) + len(text)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(110):
            schedule()
    messages = [str(warning.message) for warning in caught]
    assert len(messages) == 1
    assert "'table'" in messages[0]
    assert "cown" in messages[0]


def test_immutable_capture_follows_the_variable() -> None:
    results = []
    for letter in "ab" * 3:
        value = letter * 1000
        for _ in range(2):

            @when(Cown(0))
            def body(c: Any) -> str:
                return value

            results.append((body, value))
    wait()
    assert all(result.value == expected for result, expected in results)
