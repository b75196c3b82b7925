"""The example programs, each run as a user runs it."""

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


@pytest.mark.parametrize(
    "script",
    [
        "bocpy-bank",
        "bocpy-calculator",
        "bocpy-cooking-boc",
        "bocpy-cooking-threads",
        "bocpy-dining-philosophers",
        "bocpy-fibonacci",
        "bocpy-index",
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
