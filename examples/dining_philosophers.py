"""Let philosophers eat with too few forks.

Each of them sits between two forks and needs both to take a bite. A bite is a behavior over two
cowns, which are claimed together, so nobody ever holds one fork while waiting for the other, and
there is no order of forks to agree on. A bite schedules the next one.
"""

import argparse
from typing import NamedTuple

from bocpy import Cown, wait, when

from ._options import add_runtime_options, positive, start_runtime


class Philosopher(NamedTuple):
    """Somebody hungry, between two forks; each fork counts how often it was used."""

    seat: int
    left: Cown[int]
    right: Cown[int]


def eat(philosopher: Philosopher, bite: int, hunger: int) -> None:
    """Schedule *bite* and, when it is taken, the next one, up to *hunger* of them."""

    @when(philosopher.left, philosopher.right)
    def bitten(left: Cown[int], right: Cown[int]) -> None:
        left.value += 1
        right.value += 1
        print(f"philosopher {philosopher.seat} takes bite {bite} of {hunger}")
        if bite < hunger:
            eat(philosopher, bite + 1, hunger)
        else:
            leave(philosopher)


def leave(philosopher: Philosopher) -> None:
    """Schedule the end of a meal; it needs no forks."""

    @when()
    def full() -> None:
        print(f"philosopher {philosopher.seat} is full")


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(
        prog="bocpy-dining-philosophers",
        description="Let philosophers, who share a fork with each neighbour, eat without deadlock.",
    )
    parser.add_argument(
        "-g", "--hunger", type=positive, default=4, help="bites that each one takes (4)"
    )
    parser.add_argument(
        "-p", "--philosophers", type=positive, default=5, help="number of philosophers (5)"
    )
    add_runtime_options(parser)
    options = parser.parse_args()
    start_runtime(options)
    count = options.philosophers
    forks = [Cown(0) for _ in range(count)]
    for seat in range(count):
        eat(Philosopher(seat, forks[seat], forks[(seat + 1) % count]), 1, options.hunger)
    wait()
    for index, fork in enumerate(forks):
        with fork as uses:
            print(f"fork {index}: used {uses} times, hunger {options.hunger}")


if __name__ == "__main__":
    main()
