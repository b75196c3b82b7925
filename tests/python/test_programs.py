"""Random programs of behaviors agree with a sequential model.

Every behavior appends its name to a log in each cown it owns. The logs give the order that was
chosen on every cown; the same program is then run one behavior after the other in that order, and
must give the same values and exceptions everywhere. A log that skips a behavior, runs one twice,
breaks the order of scheduling, or contradicts another cown's log leaves the model stuck.

``BOCPY_PROGRAMS`` sets the number of programs.
"""

import copy
import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bocpy import Cown, hold, quiesce, start, wait, when

PROGRAMS = int(os.environ.get("BOCPY_PROGRAMS", "25"))

type Name = tuple[int, ...]
type Pick = int | list[int]


class Refused(Exception):
    """Raised by behaviors on purpose."""


ERRORS: tuple[type[Exception], ...] = (Refused, ValueError, KeyError, ZeroDivisionError)


# -- what a behavior does, in a worker or in the model --------------------------------------


def digest(value: object) -> int:
    """Return a small number that depends on all of *value*."""
    number = 7
    for character in repr(value):
        number = (number * 31 + ord(character)) % 9973
    return number


def touch(cown: Any, number: int) -> None:
    """Change the value in place where its type allows."""
    content = cown.value["content"]
    if isinstance(content, list):
        content.append(number)
    elif isinstance(content, dict):
        content[number] = len(content)
    else:
        cown.value["content"] = content + number


def run(spec: dict[str, Any], arguments: list[Any], spawn: Callable[..., Any]) -> dict[str, Any]:
    """Do what *spec* says to the cowns in *arguments*; *spawn* schedules a nested behavior."""
    cowns = [
        cown
        for argument in arguments
        for cown in (argument if isinstance(argument, list) else [argument])
    ]
    seen: list[Any] = []
    for cown in cowns:
        if any(cown == other for other in seen):
            continue
        seen.append(cown)
        if cown.exception:
            error = cown.value
            cown.exception = False
            cown.value = {"content": [type(error).__name__, *error.args], "log": [], "inner": None}
        cown.value["log"].append(spec["name"])
    inner = None
    for action, *operands in spec["actions"]:
        if action == "raise":
            kind, number = operands
            raise ERRORS[kind](number, spec["name"])
        if action == "nest":
            picks, nested = operands
            inner = spawn(nested, [choose(cowns, pick) for pick in picks])
        elif not cowns:
            continue
        elif action == "touch":
            touch(cowns[operands[0] % len(cowns)], operands[1])
        elif action == "set":
            cowns[operands[0] % len(cowns)].value["content"] = copy.deepcopy(operands[1])
        else:
            one, two = (cowns[operand % len(cowns)] for operand in operands)
            first, second = one.value["content"], two.value["content"]
            if action == "swap":
                one.value["content"], two.value["content"] = second, first
            else:
                one.value["content"] = digest((first, second))
    content = [spec["name"], digest([cown.value["content"] for cown in cowns])]
    return {"content": content, "log": [], "inner": inner if spec["gives_inner"] else None}


def choose(cowns: list[Any], pick: Pick) -> Any:
    """Return the cown, or the group of cowns, that a nested behavior gets."""
    if isinstance(pick, list):
        return [cowns[i % len(cowns)] for i in pick] if cowns else []
    return cowns[pick % len(cowns)] if cowns else []


def schedule(spec: dict[str, Any], arguments: list[Any]) -> Any:
    """Schedule *spec* on *arguments*; in main and in workers."""

    @when(*arguments)
    def behavior(*received):
        return run(spec, list(received), schedule)

    return behavior


# -- the sequential model ---------------------------------------------------------------------


class Place:
    """A cown of the model."""

    def __init__(self, value: object = None) -> None:
        self.value = value
        self.exception = False
        self.is_produced = value is not None


class Task:
    """A behavior of the model that has been scheduled."""

    def __init__(self, spec: dict[str, Any], arguments: list[Any]) -> None:
        self.spec = spec
        self.arguments = arguments
        self.result = Place()
        self.places: list[Place] = []
        for argument in arguments:
            for place in argument if isinstance(argument, list) else [argument]:
                if place not in self.places:
                    self.places.append(place)


class Model:
    """Runs a program in the order that the logs of the real cowns show."""

    def __init__(self) -> None:
        self.waiting: list[Task] = []
        self.spawned: dict[Name, Task] = {}
        self.queues: dict[Place, list[Name]] = {}

    def spawn(self, spec: dict[str, Any], arguments: list[Any]) -> Place:
        task = Task(spec, arguments)
        self.waiting.append(task)
        self.spawned[spec["name"]] = task
        return task.result

    def is_next(self, task: Task) -> bool:
        name = task.spec["name"]
        return all(
            place.is_produced and self.queues.get(place, [])[:1] == [name] for place in task.places
        )

    def step(self, task: Task) -> None:
        self.waiting.remove(task)
        for place in task.places:
            self.queues[place].pop(0)
        try:
            task.result.value = run(task.spec, task.arguments, self.spawn)
        except ERRORS as error:
            task.result.value = error
            task.result.exception = True
        task.result.is_produced = True
        for place in task.places:  # values leave a behavior each on its own
            place.value = copy.deepcopy(place.value, {id(task.result): task.result, **keep(self)})

    def run(self, watch: Callable[["Model"], None]) -> None:
        """Run everything; *watch* adds the logs of results as soon as they are known."""
        while self.waiting:
            watch(self)
            ready = [task for task in self.waiting if self.is_next(task)]
            assert ready, f"no order explains {[task.spec['name'] for task in self.waiting]}"
            self.step(ready[0])
        assert not any(self.queues.values()), f"ran without being scheduled: {self.queues}"


def keep(model: Model) -> dict[int, object]:
    """Return a memo for deepcopy in which results stand for themselves."""
    return {id(task.result): task.result for task in model.spawned.values()}


# -- programs ---------------------------------------------------------------------------------

contents = st.one_of(
    st.integers(-9, 9),
    st.lists(st.integers(0, 9), max_size=3),
    st.dictionaries(st.integers(0, 9), st.integers(0, 9), max_size=3),
)
index = st.integers(0, 5)
picks = st.lists(index | st.lists(index, max_size=3), max_size=3)


def behaviors(depth: int) -> st.SearchStrategy[dict[str, Any]]:
    """Generate what one behavior does, with *depth* levels of nested behaviors below it."""
    actions = [
        st.tuples(st.just("touch"), index, st.integers(0, 9)),
        st.tuples(st.just("set"), index, contents),
        st.tuples(st.just("swap"), index, index),
        st.tuples(st.just("mix"), index, index),
    ]
    if depth:
        nested = st.deferred(lambda: behaviors(depth - 1))
        actions += 2 * [st.tuples(st.just("nest"), picks, nested)]
    rare = st.tuples(st.just("raise"), st.integers(0, len(ERRORS) - 1), index)
    body = st.lists(st.one_of(actions), max_size=4)
    ending = st.lists(rare, max_size=1) if depth < 2 else st.just([])
    return st.builds(
        lambda actions, end, gives: {"actions": [*actions, *end], "gives_inner": gives},
        body,
        st.one_of(st.just([]), ending, st.lists(rare, max_size=1)),
        st.booleans(),
    )


programs = st.fixed_dictionaries(
    {
        "cowns": st.lists(contents, min_size=1, max_size=4),
        "steps": st.lists(st.tuples(picks, behaviors(2)), min_size=1, max_size=8),
        "is_held": st.booleans(),
    }
)


def named(spec: dict[str, Any], name: Name) -> dict[str, Any]:
    """Return *spec* with a name for it and for all behaviors below it."""
    actions = [
        (action, operands[0], named(operands[1], (*name, i))) if action == "nest" else
        (action, *operands)
        for i, (action, *operands) in enumerate(spec["actions"])
    ]  # fmt: skip
    return {"name": name, "actions": actions, "gives_inner": spec["gives_inner"]}


def issue(program: dict[str, Any], cowns: list[Any], spawn: Callable[..., Any]) -> list[Any]:
    """Schedule every step; later steps may use the results of earlier ones."""
    results: list[Any] = []
    for number, (chosen, spec) in enumerate(program["steps"]):
        arguments = [choose([*cowns, *results], pick) for pick in chosen]
        results.append(spawn(named(spec, (number,)), arguments))
    return results


# -- the test ---------------------------------------------------------------------------------


def look(cown: Any) -> tuple[bool, Any]:
    """Return the exception flag and the value."""
    with cown as value:
        return cown.exception, value


def check_order(log: list[Name], is_held: bool) -> None:
    """Check what is promised about one cown whatever the timing."""
    steps = [name for name in log if len(name) == 1]
    assert steps == sorted(steps), log
    assert len(set(log)) == len(log), log
    for at, name in enumerate(log):
        parent = name[:-1]
        assert parent not in log[at:], log  # a nested behavior comes after its parent
        siblings = [other for other in log if other[:-1] == parent and len(other) > 1]
        assert siblings == sorted(siblings), log
    if is_held:  # every step was queued before any ran
        assert [len(name) == 1 for name in log] == sorted(
            (len(name) == 1 for name in log), reverse=True
        ), log


@pytest.fixture(scope="module", autouse=True)
def _runtime() -> Iterator[None]:
    wait()
    start(2)
    logging.getLogger("bocpy").setLevel(logging.CRITICAL)  # nobody looks at some exceptions
    yield
    logging.getLogger("bocpy").setLevel(logging.NOTSET)
    wait()


@settings(
    max_examples=PROGRAMS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(programs)
def test_program_agrees_with_sequential_model(program: dict[str, Any]) -> None:
    initial = [{"content": content, "log": [], "inner": None} for content in program["cowns"]]
    cowns = [Cown(value) for value in initial]
    if program["is_held"]:
        with hold(*cowns):
            results = issue(program, cowns, schedule)
    else:
        results = issue(program, cowns, schedule)
    quiesce()

    model = Model()
    places = [Place(copy.deepcopy(value)) for value in initial]
    pairs = list(zip(cowns, places, strict=True))
    for cown, place in pairs:
        log = look(cown)[1]["log"]
        check_order(log, program["is_held"])
        model.queues[place] = list(log)
    expected = issue(program, places, model.spawn)
    compared = list(zip(results, expected, strict=True))

    def watch(model: Model) -> None:
        for cown, place in compared:
            if place not in model.queues:
                flag, value = look(cown)
                log = [] if flag else value["log"]
                check_order(log, False)
                model.queues[place] = list(log)

    model.run(watch)
    for cown, place in [*pairs, *compared]:
        compare(cown, place)


def compare(cown: Any, place: Place) -> None:
    """Check the final state of a cown against the model's, nested results included."""
    flag, value = look(cown)
    assert flag == place.exception
    if flag:
        assert (type(value), value.args) == (type(place.value), place.value.args)
        return
    assert value["content"] == place.value["content"]
    assert type(value["content"]) is type(place.value["content"])
    assert value["log"] == place.value["log"]
    assert (value["inner"] is None) == (place.value["inner"] is None)
    if value["inner"] is not None:
        compare(value["inner"], place.value["inner"])
