"""Cook an omelette, with behaviors.

Compare ``cooking_threads``: here each step names what it needs, and when it can run, and that
nobody else touches the knife meanwhile, follows from that.
"""

import argparse
import random
import time

from bocpy import Cown, start, wait, when

from ._options import not_negative, seconds


class Kitchen:
    """How long things take: up to *pause* seconds, by a chance that *seed* decides."""

    def __init__(self, pause: float, seed: int) -> None:
        self.pause = pause
        self.chance = random.Random(seed)

    def act(self, action: str) -> None:
        """Say what is done, and take the time for it."""
        print(action)
        time.sleep(self.chance.uniform(0, self.pause))


def prepare(action: str, ingredient: Cown[str], pause: float, seed: int) -> None:
    """Schedule a preparation by hand."""

    @when(ingredient)
    def prepared(ingredient: Cown[str]) -> None:
        Kitchen(pause, seed).act(f"{action} the {ingredient.value}")
        ingredient.value = f"{ingredient.value}, ready"


def cut(action: str, ingredient: Cown[str], knife: Cown[int], pause: float, seed: int) -> None:
    """Schedule a preparation that needs the knife, which counts its uses."""

    @when(ingredient, knife)
    def prepared(ingredient: Cown[str], knife: Cown[int]) -> None:
        knife.value += 1
        Kitchen(pause, seed).act(f"{action} the {ingredient.value}")
        ingredient.value = f"{ingredient.value}, ready"


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(
        prog="bocpy-cooking-boc", description="Cook an omelette with behaviors, on two workers."
    )
    parser.add_argument(
        "-s", "--seed", type=not_negative, help="seed of what is left to chance (none)"
    )
    parser.add_argument(
        "-p", "--pause", type=seconds, default=1.0, help="longest step, in seconds (1)"
    )
    options = parser.parse_args()
    pause = options.pause
    seed = random.randrange(2**32) if options.seed is None else options.seed
    start(2)
    knife, pan = Cown(0), Cown("pan")
    eggs, butter, onion, cheese = Cown("eggs"), Cown("butter"), Cown("onion"), Cown("cheese")
    prepare("beat", eggs, pause, seed)
    prepare("melt", butter, pause, seed + 1)
    cut("chop", onion, knife, pause, seed + 2)
    cut("slice", cheese, knife, pause, seed + 3)

    @when([eggs, butter, onion, cheese], pan)
    def omelette(ingredients: list[Cown[str]], pan: Cown[str]) -> None:
        unready = [each.value for each in ingredients if not each.value.endswith(", ready")]
        assert not unready, unready
        Kitchen(pause, seed + 4).act(f"all ready, cooking omelette in the {pan.value}")

    wait()


if __name__ == "__main__":
    main()
