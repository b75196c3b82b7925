"""Find primes, multiply two of them, and find them again in the product.

Each lane is a cown and a loop of behaviors on it, a check and a piece of work in turn. The lanes
do not wait for each other: what they share is on the noticeboard. While they look for primes that
is the list of those found so far; later it is the factor, and each lane stops when it sees one.
"""

import argparse
import random
from dataclasses import dataclass, field
from functools import partial
from math import gcd
from typing import Any

from bocpy import (
    Cown,
    notice_read,
    notice_seed,
    notice_update,
    notice_write,
    noticeboard,
    quiesce,
    wait,
    when,
)

from ._options import add_runtime_options, at_least, not_negative, positive, start_runtime

FIRST_PRIMES = [2, 3, 5, 7, 11, 13, 17, 19]

# Enough for all numbers below 2**81 (Sorenson and Webster, 2015).
WITNESSES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41]


@dataclass
class Search:
    """A lane that looks for primes."""

    left: int
    batch: int
    bits: int
    chance: random.Random
    found: set[int] = field(default_factory=set)

    def work(self, sieve: list[int]) -> set[int]:
        """Test a batch of random odd numbers; return the primes that are not in *sieve*."""
        count = min(self.batch, self.left)
        self.left -= count
        primes = set()
        for _ in range(count):
            number = self.chance.getrandbits(self.bits) | 1 | 1 << (self.bits - 1)
            if is_prime(number, sieve):
                primes.add(number)
        self.found |= primes
        return primes.difference(sieve)


@dataclass
class Walk:
    """A lane that looks for a factor: Pollard's rho method with constants of its own."""

    number: int
    batch: int
    chance: random.Random
    slow: int = 2
    fast: int = 2
    constant: int = 1
    steps: int = 0

    def restart(self) -> None:
        """Begin a new walk."""
        self.constant = self.chance.randrange(1, self.number - 2)
        self.slow = self.fast = self.chance.randrange(2, self.number)

    def next(self, place: int) -> int:
        """Return where the walk goes from *place*."""
        return (place * place + self.constant) % self.number

    def work(self) -> int | None:
        """Make some steps; return a factor if they lead to one."""
        for _ in range(self.batch):
            self.steps += 1
            self.slow = self.next(self.slow)
            self.fast = self.next(self.next(self.fast))
            factor = gcd(abs(self.slow - self.fast), self.number)
            if factor == self.number:
                self.restart()  # the walk is a circle that shows nothing
            elif factor > 1:
                return factor
        return None


def is_prime(number: int, sieve: list[int]) -> bool:
    """Tell whether *number*, odd and greater than 1, is prime; *sieve* has some primes, sorted."""
    for prime in sieve:
        if prime * prime > number:
            break  # which proves nothing: there are gaps in the sieve
        if number % prime == 0:
            return number == prime
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for witness in WITNESSES:
        power = pow(witness, odd, number)
        if witness == number or power in (1, number - 1):
            continue
        if all((power := power * power % number) != number - 1 for _ in range(twos - 1)):
            return False
    return True


def merge(more: set[int], sieve: list[int]) -> list[int]:
    """Return *sieve* with *more*, sorted."""
    return sorted(more.union(sieve))


def check_search(lane: Cown[Search]) -> None:
    """Schedule the next check of a lane that looks for primes."""

    @when(lane)
    def check(lane: Cown[Search]) -> None:
        if lane.value.left > 0:
            work_on_search(lane)


def work_on_search(lane: Cown[Search]) -> None:
    """Schedule the next batch, and a check after it."""

    @when(lane)
    def work(lane: Cown[Search]) -> None:
        more = lane.value.work(notice_read("sieve"))
        if more:
            notice_update("sieve", partial(merge, more), [])
        check_search(lane)


def check_walk(lane: Cown[Walk], name: int) -> None:
    """Schedule the next check of a lane that looks for a factor."""

    @when(lane)
    def check(lane: Cown[Walk]) -> None:
        if "factor" not in noticeboard():
            work_on_walk(lane, name)


def work_on_walk(lane: Cown[Walk], name: int) -> None:
    """Schedule the next steps, and a check after them."""

    @when(lane)
    def work(lane: Cown[Walk]) -> None:
        factor = lane.value.work()
        if factor is None:
            check_walk(lane, name)
            return
        notice_write("factor", factor)
        print(f"Lane {name}: found {factor} after {lane.value.steps} steps")


def shares(total: int, parts: int) -> list[int]:
    """Split *total* into *parts* that differ by one at most."""
    return [(part + 1) * total // parts - part * total // parts for part in range(parts)]


def find_primes(options: argparse.Namespace, chance: random.Random) -> list[int]:
    """Return the primes among random numbers, each once, sorted."""
    notice_seed("sieve", FIRST_PRIMES)
    lanes = [
        Cown(Search(count, options.batch, options.bits, random.Random(chance.random())))
        for count in shares(options.candidates, options.lanes)
    ]
    for lane in lanes:
        check_search(lane)
    quiesce()
    found: set[int] = set()
    for lane in lanes:
        found |= lane.result().found
    return sorted(found)


def find_factor(number: int, options: argparse.Namespace, chance: random.Random) -> Any:
    """Return a factor of *number*, or None; stops the runtime."""
    for name in range(options.lanes):
        walk = Walk(number, options.batch, random.Random(chance.random()))
        walk.restart()
        check_walk(Cown(walk), name)
    return wait(noticeboard=True).get("factor")


def bit_count(text: str) -> int:
    """Convert the option for the size of the primes."""
    number = at_least(4, text)
    if number > 64:
        raise argparse.ArgumentTypeError(f"must be at most 64, not {number}")
    return number


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(
        prog="bocpy-prime-factor", description="Multiply two random primes and factor the product."
    )
    parser.add_argument("-n", "--lanes", type=positive, default=4, help="lanes (4)")
    parser.add_argument(
        "-c", "--candidates", type=not_negative, default=2000, help="numbers to test (2000)"
    )
    parser.add_argument(
        "-b", "--batch", type=positive, default=100, help="numbers or steps at once (100)"
    )
    parser.add_argument(
        "--bits", type=bit_count, default=16, help="size of the numbers, 4 to 64 (16)"
    )
    parser.add_argument("--seed", type=int, default=None, help="makes the numbers repeatable")
    add_runtime_options(parser)
    options = parser.parse_args()
    start_runtime(options)
    chance = random.Random(options.seed)

    print(f"Testing {options.candidates} numbers of {options.bits} bits in {options.lanes} lanes")
    primes = find_primes(options, chance)
    print(f"Primes found: {len(primes)}")
    if len(primes) < 2:
        print("No factor: two primes are needed")
        wait()
        return
    left, right = sorted(chance.sample(primes, 2))
    print(f"Semiprime: {left * right} = {left} * {right}")
    # Workers have a buffer of their own: what was said so far comes before what the lanes say.
    print(f"Walking in {options.lanes} lanes, {options.batch} steps at once", flush=True)
    factor = find_factor(left * right, options, chance)
    print(f"Result: {left * right} = {factor} * {left * right // factor}")


if __name__ == "__main__":
    main()
