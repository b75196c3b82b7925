"""Look for lunch in two places at once.

Asking for cheese and reading a menu take their time and have nothing to do with each other, so
these behaviors run side by side. Eating needs the result of both; going back to the library shares
their cowns with eating, so it comes after that. Files are read and messages logged on workers.
"""

import argparse
import logging
import random
import time
from importlib import resources

from bocpy import Cown, wait, when

from ._options import add_runtime_options, not_negative, seconds, start_runtime

#: What the guest will not eat.
UNWANTED = "spam"


def logger(name: str, level: int) -> logging.Logger:
    """Return a logger that writes to standard error, on whatever worker this runs."""
    logging.basicConfig(level=level)
    return logging.getLogger(name)


def lines_of(name: str) -> list[str]:
    """Return the lines of a data file of this package."""
    text = resources.files("bocpy.examples").joinpath(name).read_text(encoding="utf-8")
    return text.splitlines()


def ask_for_cheese(pause: float, seed: int, level: int) -> Cown[str | None]:
    """Schedule a visit to the cheese shop, which has a name for everything and nothing in stock."""

    @when()
    def cheese() -> str | None:
        log = logger("cheese_shop", level)
        chance = random.Random(seed)
        for name in lines_of("cheese.txt"):
            log.info("any %s? - no", name)
            time.sleep(chance.uniform(0, pause / 4))
        log.warning("this shop has no cheese at all")
        return None

    return cheese


def order_from_menu(pause: float, seed: int, level: int) -> Cown[str | None]:
    """Schedule a visit to the greasy spoon; the first dish without the unwanted word will do."""

    @when()
    def dish() -> str | None:
        log = logger("greasy_spoon", level)
        chance = random.Random(seed)
        dishes = lines_of("menu.txt")
        chance.shuffle(dishes)
        for name in dishes:
            time.sleep(chance.uniform(0, pause))
            if UNWANTED not in name.lower():
                log.info("%s - fine", name)
                return name
            log.info("%s - has %s in it", name, UNWANTED)
        log.warning("there is %s in everything", UNWANTED)
        return None

    return dish


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(
        prog="bocpy-sketches", description="Look for lunch in a cheese shop and a greasy spoon."
    )
    parser.add_argument(
        "-s", "--seed", type=not_negative, help="seed of what is left to chance (none)"
    )
    parser.add_argument(
        "-p", "--pause", type=seconds, default=0.2, help="longest wait for a dish, seconds (0.2)"
    )
    add_runtime_options(parser, logging.INFO)
    options = parser.parse_args()
    start_runtime(options)
    seed = random.randrange(2**32) if options.seed is None else options.seed
    cheese = ask_for_cheese(options.pause, seed, options.loglevel)
    dish = order_from_menu(options.pause, seed, options.loglevel)

    @when(cheese, dish)
    def eaten(cheese: Cown[str | None], dish: Cown[str | None]) -> None:
        food = cheese.result() or dish.result()
        print(f"Eating {food}" if food else "Nothing to eat, and still hungry")
        print("That was not worth the walk.")

    @when(cheese, dish)
    def back(cheese: Cown[str | None], dish: Cown[str | None]) -> None:
        print("Back to the library.")

    wait()


if __name__ == "__main__":
    main()
