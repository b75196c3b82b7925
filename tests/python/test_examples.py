"""The example programs, each run as a user runs it."""

import math
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest


def run(*arguments: str, rc: int = 0) -> subprocess.CompletedProcess[str]:
    """Run ``python -m bocpy.examples.ARGUMENTS`` and check its exit code."""
    name, *options = arguments
    command = [sys.executable, "-P", "-X", "utf8", "-m", f"bocpy.examples.{name}", *options]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=100)
    assert done.returncode == rc, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done


def balances(alice: int, bob: int) -> list[str]:
    return [
        f"Account(name='Alice', balance={alice}, frozen=False)",
        f"Account(name='Bob', balance={bob}, frozen=False)",
    ]


@pytest.mark.parametrize(
    ("options", "amount", "after"),
    [
        ([], 50, (50, 50)),
        (["--amount", "0"], 0, (100, 0)),
        (["-a", "99", "--workers", "1"], 99, (1, 99)),
        (["-a", "100", "--workers", "3"], 100, (0, 100)),
    ],
)
def test_bank_moves_the_money_and_prints_in_order(
    options: list[str], amount: int, after: tuple[int, int]
) -> None:
    assert run("bank", *options).stdout.splitlines() == [
        *(f"before: {account}" for account in balances(100, 0)),
        f"transfer of {amount} from Alice to Bob",
        "success",
        *(f"after: {account}" for account in balances(*after)),
    ]


def test_bank_with_too_large_an_amount_changes_nothing() -> None:
    lines = run("bank", "-a", "101").stdout.splitlines()
    assert lines[3] == "failure"
    assert lines[4:] == [f"after: {account}" for account in balances(100, 0)]


def test_bank_main_takes_the_amount_of_its_caller() -> None:
    code = "import sys, bocpy.examples.bank as b; sys.argv[1:] = ['-a', '7']; b.main(20)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=100, check=True
    )
    assert "transfer of 20 from Alice to Bob" in done.stdout


def test_bank_main_with_negative_amount_raises() -> None:
    from bocpy.examples import bank

    with pytest.raises(ValueError, match="negative"):
        bank.main(-1)


@pytest.mark.parametrize(("philosophers", "hunger"), [(5, 4), (2, 3), (7, 1), (1, 2)])
def test_philosophers_all_eat_and_forks_are_counted(philosophers: int, hunger: int) -> None:
    done = run("dining_philosophers", "-p", str(philosophers), "-g", str(hunger), "--workers", "2")
    lines = done.stdout.splitlines()
    forks = lines[-philosophers:]
    assert forks == [
        f"fork {index}: used {2 * hunger} times, hunger {hunger}" for index in range(philosophers)
    ]
    meals = lines[:-philosophers]
    for index in range(philosophers):
        own = [line for line in meals if line.startswith(f"philosopher {index} ")]
        bites = range(1, hunger + 1)
        assert own == [
            *(f"philosopher {index} takes bite {bite} of {hunger}" for bite in bites),
            f"philosopher {index} is full",
        ]
    assert len(meals) == philosophers * (hunger + 1)


def test_philosophers_by_default_are_five_with_hunger_four() -> None:
    lines = run("dining_philosophers").stdout.splitlines()
    assert lines[-5:] == [f"fork {index}: used 8 times, hunger 4" for index in range(5)]


@pytest.mark.parametrize(
    ("n", "value"), [(0, 0), (1, 1), (2, 1), (4, 3), (5, 5), (10, 55), (17, 1597)]
)
def test_fibonacci_equals_the_sequential_value(n: int, value: int) -> None:
    done = run("fibonacci", str(n), "--workers", "2")
    assert done.stdout == f"fib({n}): {value} (expected: {value})\n"


def test_fibonacci_by_default_computes_the_tenth() -> None:
    assert run("fibonacci").stdout == "fib(10): 55 (expected: 55)\n"


def test_sketches_finds_the_dish_without_spam_and_ends_in_the_library() -> None:
    done = run("sketches", "--seed", "3", "--pause", "0", "--workers", "2")
    first, regret, last = done.stdout.splitlines()
    menu = read_lines("menu.txt")
    assert first in {f"Eating {dish}" for dish in menu[:2]}
    assert regret
    assert "library" in last
    asked = re.findall(r"^INFO:cheese_shop:any (.+)\? - no$", done.stderr, re.MULTILINE)
    assert asked == read_lines("cheese.txt")
    assert re.search(r"^WARNING:cheese_shop:", done.stderr, re.MULTILINE)
    assert re.search(r"^INFO:greasy_spoon:.+ - fine$", done.stderr, re.MULTILINE)


def test_sketches_with_a_log_level_leaves_out_what_is_below() -> None:
    done = run("sketches", "--seed", "3", "--pause", "0", "--loglevel", "warning")
    assert "INFO" not in done.stderr
    assert "WARNING:cheese_shop" in done.stderr


def test_cooking_boc_ends_with_the_omelette() -> None:
    lines = run("cooking_boc", "--pause", "0.01").stdout.splitlines()
    assert sorted(lines[:-1]) == [
        "beat the eggs",
        "chop the onion",
        "melt the butter",
        "slice the cheese",
    ]
    assert lines[-1] == "all ready, cooking omelette in the pan"


def test_cooking_threads_ends_with_the_omelette_of_the_first_cook() -> None:
    lines = run("cooking_threads", "--pause", "0.01").stdout.splitlines()
    assert lines[-1] == "cook 1: all ready, cooking omelette"
    assert "cook 2: done" in lines
    for ready in ("beat the eggs", "chop the onion", "melt the butter", "slice the cheese"):
        assert sum(line.endswith(ready) for line in lines) == 1


def test_calculator_counts_every_operation() -> None:
    done = run("calculator", "-n", "3", "-a", "20", "--pause", "0", "--seed", "1")
    lines = done.stdout.splitlines()
    assert lines[:3] == ["clients: 3", "operations per client: 20", "operations: 60"]
    assert re.fullmatch(r"final value: \S+", lines[3])
    assert len(lines) == 4


def test_calculator_with_a_timeout_ends_by_itself() -> None:
    lines = run("calculator", "-n", "2", "-a", "1", "-t", "0.5").stdout.splitlines()
    assert lines[2] == "Timed out"
    assert lines[3] == "operations: 2"


@pytest.mark.parametrize("workers", [1, 3])
def test_primes_are_counted_once_for_each_occurrence(workers: int) -> None:
    import random

    chance = random.Random(7)
    numbers = [chance.randint(0, 500) for _ in range(3001)]
    expected = sum(n > 1 and all(n % d for d in range(2, n)) for n in numbers)
    done = run("primes", "-w", str(workers), "-m", "500", "-n", "3001", "--seed", "7")
    assert done.stdout == f"Number of primes: {expected}\n"


@pytest.mark.parametrize("options", [["-n", "0"], ["-m", "1", "-n", "9"]])
def test_primes_may_find_none(options: list[str]) -> None:
    assert run("primes", "-w", "2", *options).stdout == "Number of primes: 0\n"


@pytest.mark.parametrize(
    "options",
    [[], ["-n", "3", "-c", "100", "-b", "7", "--bits", "12"], ["--bits", "30", "-n", "1"]],
)
def test_prime_factor_finds_the_factors(options: list[str]) -> None:
    lines = run("prime_factor", "--seed", "3", *options).stdout.splitlines()
    assert lines[0].startswith("Testing ")
    found = re.fullmatch(r"Primes found: (\d+)", lines[1])
    assert found is not None
    assert int(found[1]) > 1
    product = re.fullmatch(r"Semiprime: (\d+) = (\d+) \* (\d+)", lines[2])
    assert product is not None
    number, left, right = map(int, product.groups())
    assert left < right
    assert left * right == number
    for factor in (left, right):
        assert all(factor % divisor for divisor in range(2, math.isqrt(factor) + 1))
    assert lines[3].startswith("Walking in ")
    assert len(lines) > 5
    for line in lines[4:-1]:
        assert re.fullmatch(rf"Lane \d+: found ({left}|{right}) after \d+ steps", line)
    assert lines[-1] in (
        f"Result: {number} = {left} * {right}",
        f"Result: {number} = {right} * {left}",
    )


@pytest.mark.parametrize("options", [["-c", "0"], ["-c", "1", "-n", "5"]])
def test_prime_factor_without_two_primes_says_so(options: list[str]) -> None:
    lines = run("prime_factor", *options).stdout.splitlines()
    assert lines[-1] == "No factor: two primes are needed"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bank", "--amount", "-5"], "at least 0"),
        (["bank", "--amount", "much"], "whole number"),
        (["bank", "--workers", "0"], "at least 1"),
        (["bank", "--loglevel", "loud"], "logging level"),
        (["bank", "--unknown"], "unrecognized arguments"),
        (["dining_philosophers", "--hunger", "0"], "at least 1"),
        (["dining_philosophers", "--philosophers", "-2"], "at least 1"),
        (["fibonacci", "31"], "at most 30"),
        (["fibonacci", "--", "-1"], "at least 0"),
        (["sketches", "--pause", "nan"], "between 0 and 3600"),
        (["calculator", "--num-clients", "0"], "at least 1"),
        (["calculator", "--pause", "nan"], "between 0 and 3600"),
        (["prime_factor", "--bits", "3"], "at least 4"),
        (["prime_factor", "--bits", "65"], "at most 64"),
        (["prime_factor", "--lanes", "0"], "at least 1"),
        (["primes", "--num-workers", "0"], "at least 1"),
        (["primes", "--max-value", "-1"], "at least 0"),
        (["cooking_boc", "--pause", "-1"], "between 0 and 3600"),
        (["cooking_threads", "--seed", "x"], "whole number"),
    ],
)
def test_bad_option_is_refused_with_a_reason(arguments: list[str], message: str) -> None:
    done = run(*arguments, rc=2)
    assert message in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("level", ["DEBUG", "info", "25"])
def test_log_level_may_be_a_name_in_any_case_or_a_number(level: str) -> None:
    assert run("fibonacci", "5", "--loglevel", level).stdout == "fib(5): 5 (expected: 5)\n"


def test_boids_of_one_seed_fly_the_same_way_with_any_number_of_workers() -> None:
    options = ["--headless", "--boids", "60", "--frames", "5", "--seed", "11"]
    outputs = [run("boids", *options, "--workers", str(workers)).stdout for workers in (1, 3)]
    assert outputs[0] == outputs[1]
    lines = dict(line.split(": ") for line in outputs[0].splitlines())
    assert (lines["boids"], lines["frames"]) == ("60", "5")
    assert 10 <= int(lines["behaviors"]) <= 5 * 61
    assert 0.0 < float(lines["mean speed"]) <= 17.0
    other = run("boids", *options[:-1], "12").stdout
    assert other.splitlines()[-1] != outputs[0].splitlines()[-1]


@pytest.mark.parametrize(("boids", "frames"), [(1, 3), (2, 0)])
def test_boids_of_few_and_frames_of_none(boids: int, frames: int) -> None:
    done = run("boids", "--headless", "-b", str(boids), "--frames", str(frames))
    assert done.stdout.splitlines()[:2] == [f"boids: {boids}", f"frames: {frames}"]
    assert "behaviors per second" in done.stderr


@pytest.mark.parametrize(
    "option", [["--boids", "0"], ["--width", "-1"], ["--scale", "0"], ["--frames", "-1"]]
)
def test_boids_rejects_options_that_make_no_sky(option: list[str]) -> None:
    assert option[0] in run("boids", "--headless", *option, rc=2).stderr


def test_boids_in_one_cell_follow_the_rules() -> None:
    from bocpy import Matrix
    from bocpy.examples import boids

    positions = Matrix(2, 2, [10.0, 10.0, 14.0, 10.0])
    velocities = Matrix(2, 2, [1.0, 0.0, 3.0, 0.0])
    steered = boids.steer(positions[0, :], velocities[0, :], positions, velocities)
    # 1 + 2 * 0.005 to the middle, 4 * 0.05 away, then 0.05 of the way to the common velocity 2.
    assert steered.shape == (1, 2)
    assert steered.x == pytest.approx(0.81 + (2 - 0.81) * 0.05)
    assert steered.y == 0.0
    fast = boids.steer(positions[0, :], Matrix(1, 2, [60.0, 80.0]), positions, velocities)
    assert fast.magnitude() == pytest.approx(15.0)
    assert boids.cells_of(Matrix(3, 2, [0, 0, 49.9, 0, 50, -1])) == {(0, 0): [0, 1], (1, -1): [2]}


def test_boids_without_pyglet_says_what_to_install() -> None:
    code = "import sys; sys.modules['pyglet'] = None; import bocpy.examples.boids as b; b.main()"
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 1
    assert "pip install bocpy[boids]" in done.stderr


# Goal: the window's part runs where there is no display.  Method: a pyglet that draws nothing and
# calls what is scheduled until the window is closed.
WINDOW = """
import sys
from time import sleep
from types import ModuleType, SimpleNamespace as Names

scheduled, handlers, state = [], {}, Names(open=True, drawn=0, shapes=[])

class Window:
    def __init__(self, width, height, caption): assert (width, height) == (400, 300)
    def push_handlers(self, **named): handlers.update(named)
    def clear(self): pass
    def close(self): state.open = False

def triangle(*corners, batch):
    state.shapes.append(Names())
    return state.shapes[-1]

def run():
    while state.open:
        scheduled[0](1 / 60)
        handlers["on_draw"]()
        state.drawn += 1
        sleep(0.001)

pyglet = ModuleType("pyglet")
pyglet.window = Names(Window=Window)
pyglet.gl = Names(glClearColor=lambda *color: None)
pyglet.graphics = Names(Batch=lambda: Names(draw=lambda: None))
pyglet.shapes = Names(Triangle=triangle)
pyglet.text = Names(Label=lambda *arguments, **named: Names())
pyglet.clock = Names(schedule_interval=lambda function, seconds: scheduled.append(function))
pyglet.app = Names(run=run)
sys.modules["pyglet"] = pyglet
sys.argv[1:] = ["-b", "7", "--width", "400", "--height", "300", "--frames", "3", "--seed", "1"]
import bocpy.examples.boids
bocpy.examples.boids.main()
assert len(state.shapes) == 7 and state.drawn >= 3
assert all(len(shape.position) == 2 and len(shape.color) == 3 for shape in state.shapes)
print("closed")
"""


def test_boids_fly_in_a_window_until_it_is_closed() -> None:
    command = [sys.executable, "-P", "-c", WINDOW]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout) == (0, "closed\n"), done.stderr


@pytest.mark.parametrize(
    "script",
    [
        "bocpy-bank",
        "bocpy-boids",
        "bocpy-calculator",
        "bocpy-cooking-boc",
        "bocpy-cooking-threads",
        "bocpy-dining-philosophers",
        "bocpy-fibonacci",
        "bocpy-index",
        "bocpy-prime-factor",
        "bocpy-primes",
        "bocpy-sketches",
    ],
)
def test_console_script_is_declared(script: str) -> None:
    from importlib.metadata import entry_points

    (entry,) = entry_points(group="console_scripts", name=script)
    assert callable(entry.load())


def test_data_files_are_shipped_with_the_package() -> None:
    menu = read_lines("menu.txt")
    assert len(read_lines("cheese.txt")) == 42
    assert len(menu) == 11
    assert ["spam" in dish.lower() for dish in menu] == [False] * 2 + [True] * 9
    assert any(not dish.isascii() for dish in menu)


def read_lines(name: str) -> list[str]:
    file = resources.files("bocpy.examples").joinpath(name)
    assert isinstance(file, Path)
    return file.read_text(encoding="utf-8").splitlines()
