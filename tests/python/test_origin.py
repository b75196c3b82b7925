"""What is said of a body at its decoration, and what is refused there."""

import enum
import functools
import marshal
import math
import sys
import types
from collections.abc import Callable
from typing import Any

import pytest

from bocpy import _config, _names, _origin

LIMIT = 3
TABLE = [value * value for value in range(4)]
CELL, GLOBAL, DEFAULT, KEYWORD = range(4)


class Color(enum.Enum):
    RED = 1


def helper(value: int) -> int:
    return value + len(TABLE)


def plan_of(func: Any, argument_count: int = 1) -> Any:
    return _origin.template_of(func, argument_count)[1]


def names_of(func: Any, argument_count: int = 1) -> set[tuple[int, str]]:
    return {(kind, name) for kind, _, name in plan_of(func, argument_count)}


def make_namespace(source: str, **names: Any) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "made", **names}
    exec(source, namespace)
    return namespace


def test_parameters_and_locals_are_not_captured() -> None:
    def body(a: Any, *rest: Any) -> Any:
        b = a
        import json

        class Local:
            pass

        try:
            return [x + 1 for x in rest], (lambda y: y)(b), json, Local
        except ValueError as e:
            return e
        match a:
            case [first, *others]:
                return first, others

    assert plan_of(body, 3) == ()


def test_locals_of_enclosing_functions_are_captured() -> None:
    one, two = 1, 2

    def body(c: Any) -> Any:
        def inner() -> Any:
            return two

        return one + inner()

    assert names_of(body) == {(CELL, "one"), (CELL, "two")}


def test_module_data_is_captured_and_definitions_are_not() -> None:
    def body(c: Any) -> Any:
        return LIMIT, Color.RED, math.pi, print

    assert names_of(body) == {(GLOBAL, "LIMIT")}


def test_data_that_a_helper_reads_is_captured() -> None:
    def body(c: Any) -> Any:
        return helper(c)

    assert names_of(body) == {(GLOBAL, "TABLE")}


def test_names_of_nested_behaviors_are_captured() -> None:
    k = 1

    def body(c: Any) -> Any:
        def nested(c: Any) -> Any:
            return LIMIT + k

        return nested

    assert names_of(body) == {(CELL, "k"), (GLOBAL, "LIMIT")}


def test_attribute_names_are_not_captured() -> None:
    def body(c: Any) -> Any:
        return c.LIMIT

    assert plan_of(body) == ()


def test_trailing_defaults_are_explicit_captures() -> None:
    def body(c: Any, a: int = 1, b: int = 2, *, k: int = 3) -> Any:
        return a, b, k

    assert plan_of(body) == ((DEFAULT, 0, "a"), (DEFAULT, 1, "b"), (KEYWORD, "k", "k"))
    assert plan_of(body, 2) == ((DEFAULT, 1, "b"), (KEYWORD, "k", "k"))
    assert plan_of(body, 3) == ((KEYWORD, "k", "k"),)


def test_module_functions_that_globals_rebind_stay_local_to_workers() -> None:
    namespace = make_namespace("def f(c): return cache\ncache = None\n")
    assert names_of(namespace["f"]) == {(GLOBAL, "cache")}


@pytest.mark.parametrize(
    ("source", "argument_count", "arity"),
    [
        ("def f(): pass", 0, (0, 0)),
        ("def f(a, b): pass", 2, (2, 2)),
        ("def f(a, b=1): pass", 1, (1, 1)),
        ("def f(a, b=1): pass", 2, (2, 2)),
        ("def f(*a): pass", 5, (0, -1)),
        ("def f(a, *b): pass", 1, (1, -1)),
        ("def f(a, b, /): pass", 2, (2, 2)),
        ("def f(a, **k): pass", 1, (1, 1)),
    ],
)
def test_arity_is_the_range_that_a_template_holds_for(
    source: str, argument_count: int, arity: tuple[int, int]
) -> None:
    func = make_namespace(source)["f"]
    assert _origin.template_of(func, argument_count)[2] == arity


@pytest.mark.parametrize(
    ("source", "argument_count"),
    [
        ("def f(): pass", 1),
        ("def f(a): pass", 0),
        ("def f(a, b): pass", 1),
        ("def f(a, b=1): pass", 3),
        ("def f(a, *b): pass", 0),
        ("def f(a, *, k): pass", 1),
    ],
)
def test_parameters_that_do_not_fit_are_refused(source: str, argument_count: int) -> None:
    func = make_namespace(source)["f"]
    with pytest.raises(TypeError, match="'f'"):
        _origin.template_of(func, argument_count)


@pytest.mark.parametrize(
    "source",
    [
        "async def f(c): pass",
        "def f(c): yield 1",
        "async def f(c): yield 1",
        "def f(c): return (yield from c)",
    ],
)
def test_suspendable_bodies_are_refused(source: str) -> None:
    with pytest.raises(SyntaxError, match="async"):
        _origin.template_of(make_namespace(source)["f"], 1)


@pytest.mark.parametrize("kind", [staticmethod, classmethod, property])
def test_method_decorators_are_refused_by_name(kind: Callable[..., Any]) -> None:
    with pytest.raises(SyntaxError, match=kind.__name__):
        _origin.template_of(kind(lambda c: c), 1)


@pytest.mark.parametrize("value", [None, 3, "name"])
def test_what_cannot_be_called_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        _origin.template_of(value, 0)


def test_undefined_name_is_refused_with_its_line() -> None:
    def body(c: Any) -> Any:
        return undefined_name  # type: ignore[name-defined]  # noqa: F821

    line = body.__code__.co_firstlineno + 1
    with pytest.raises(NameError, match=f"undefined_name.*body.*:{line}") as caught:
        _origin.template_of(body, 1)
    assert caught.value.name == "undefined_name"


def test_name_that_the_source_defines_later_is_accepted() -> None:
    def body(c: Any) -> Any:
        return defined_below(c)

    defined = globals().pop("defined_below")
    try:
        assert plan_of(body) == ()
    finally:
        globals()["defined_below"] = defined


def test_rebinding_through_nonlocal_is_refused() -> None:
    count = 0

    def body(c: Any) -> None:
        def inner() -> None:
            nonlocal count
            count += 1

        inner()

    with pytest.raises(SyntaxError, match="'count'.*nonlocal"):
        _origin.template_of(body, 1)
    assert count == 0


def test_nonlocal_of_the_bodys_own_variable_is_accepted() -> None:
    def body(c: Any) -> int:
        count = 0

        def inner() -> None:
            nonlocal count
            count += 1

        inner()
        return count

    assert plan_of(body) == ()


def test_rebinding_a_module_variable_is_refused() -> None:
    namespace = make_namespace("def f(c):\n    global n\n    n = 1\n", n=0)
    with pytest.raises(SyntaxError, match="'n'.*global"):
        _origin.template_of(namespace["f"], 1)


def test_decorator_above_is_refused() -> None:
    schedule = Applied(1)

    with pytest.raises(SyntaxError, match="above @when"):

        @repr
        @schedule
        def body(c: Any) -> Any:
            return c


def test_decorators_below_are_accepted() -> None:
    schedule = Applied(1)

    @schedule
    @functools.lru_cache
    @functools.wraps(helper)
    def body(*args: Any) -> Any:
        return args

    assert schedule.template[0] == ("value", None)


class Applied:
    """Stands for what ``when(...)`` returns; like the one in C it has no frame of its own."""

    def __init__(self, argument_count: int) -> None:
        self._count = argument_count
        self.template: Any = None

    def __call__(self, func: Any) -> None:
        call = functools.partial(_origin.template_of, func, self._count)
        self.template = without_frame(call)


def without_frame(call: Callable[[], Any]) -> Any:
    """Call so that two frames of this file are not seen."""
    real = sys._getframe

    def skipping(depth: int = 0) -> types.FrameType:
        return real(depth + 3)

    sys._getframe = skipping
    try:
        return call()
    finally:
        sys._getframe = real


def test_wrapper_without_wraps_is_a_function_whose_cell_is_captured() -> None:
    def decorate(inner: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any) -> Any:
            return inner(*args)

        return wrapper

    @decorate
    def body(c: Any) -> Any:
        return c

    assert names_of(body) == {(CELL, "inner")}


def test_wrapper_with_attributes_travels_whole() -> None:
    @functools.wraps(helper)
    def body(*args: Any) -> Any:
        return args

    spec, plan, arity = _origin.template_of(body, 2)
    assert spec == ("value", None)
    assert plan(body) == (body,)
    assert arity == (0, -1)


def test_wrapper_objects_and_bound_methods_travel_whole() -> None:
    class Wrapper:
        def __call__(self, c: Any) -> Any:
            return c

        def method(self, c: Any) -> Any:
            return c

    for func in (Wrapper(), Wrapper().method, functools.partial(helper, 1)):
        if isinstance(func, functools.partial):
            continue
        spec, plan, arity = _origin.template_of(func, 1)
        assert (spec, arity) == (("value", None), (1, 1))
        assert plan(func) == (func,)
        with pytest.raises(TypeError):
            _origin.template_of(func, 2)


def test_function_defined_below_in_the_enclosing_function_is_found() -> None:
    def enclose() -> Any:
        def body(c: Any) -> Any:
            return below(c)

        found = _origin.template_of(body, 1)[1](body)

        def below(x: Any) -> Any:
            return x * 2

        return found

    (below,) = enclose()
    assert below(4) == 8


def test_variable_assigned_below_is_refused_by_the_snapshot() -> None:
    def enclose() -> None:
        def body(c: Any) -> Any:
            return later

        plan = _origin.template_of(body, 1)[1]
        with pytest.raises(NameError, match="'later'"):
            plan(body)
        later = 1

    enclose()


def test_specs_of_equal_functions_are_equal_and_of_other_modules_differ() -> None:
    source = "def f(c, k=1):\n    return [c, k, 'text', (1, 2), frozenset({'a', 'b'})]"
    sample: dict[str, Any] = make_namespace(source)
    first = _origin.template_of(sample["f"], 1)[0]
    again = types.FunctionType(
        marshal.loads(marshal.dumps(sample["f"].__code__)), sample, "f", (1,)
    )
    assert _origin.template_of(again, 1)[0] == first
    assert _origin.template_of(make_namespace(source)["f"], 1)[0] != first


def test_specs_hold_builtins_only() -> None:
    spec = _origin.template_of(helper, 1)[0]
    assert marshal.loads(marshal.dumps(spec)) == spec


def test_slices_in_constants_can_be_shipped() -> None:
    def body(c: Any) -> Any:
        return c[1:2]

    code = marshal.loads(_origin.dump_code(body.__code__))
    assert types.FunctionType(code, globals())([1, 2, 3]) == [2]


def test_class_body_name_that_is_also_assigned_is_optional() -> None:
    def body(c: Any) -> Any:
        class Inner:
            len = len
            maybe = 1
            other = maybe

        return Inner

    found = _names.global_names(body.__code__)
    assert {"len", "maybe"} <= found.optional
    assert "maybe" not in found.loaded


def test_standard_library_functions_can_all_be_described() -> None:
    import argparse
    import collections
    import json.encoder
    import textwrap

    for module in (argparse, collections, json.encoder, textwrap):
        for value in vars(module).values():
            if type(value) is types.FunctionType and value.__module__ == module.__name__:
                required = value.__code__.co_argcount - len(value.__defaults__ or ())
                if not value.__code__.co_flags & 0x20:
                    _origin.template_of(value, required)


def test_names_kept_by_their_module_travel_by_name() -> None:
    class Local:
        pass

    assert _origin.travels_by_name(Color)
    assert _origin.travels_by_name(helper)
    assert _origin.travels_by_name(int)
    assert not _origin.travels_by_name(Local)
    assert not _origin.travels_by_name(lambda: None)


def test_settings_that_change_travel_with_new_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_config, "_started", {})
    monkeypatch.setattr(_config, "_latest", {})
    assert _config.later_settings() is None
    _config.worker_config()
    assert _config.later_settings() is None
    monkeypatch.setattr(sys, "argv", ["prog", "x"])
    first = _origin.template_of(helper, 1)[0][-1]
    assert set(first) == {"argv", "version"}
    assert _config.later_settings() == first
    monkeypatch.setattr(sys, "path", [*sys.path, "/nowhere"])
    second = _config.later_settings()
    assert second is not None
    assert set(second) == {"argv", "path", "version"}
    assert second["version"] > first["version"]


def defined_below(value: Any) -> Any:
    return value
