"""Cook an omelette, with threads.

Compare ``cooking_boc``: here two cooks need a lock for the knife, a condition for each ingredient
that the other one waits for, and the care to use them rightly. Only the standard library is used.
"""

import argparse
import random
import sys
import threading
import time
from dataclasses import dataclass, field

from ._options import not_negative, seconds


def say(line: str) -> None:
    """Print a line in one piece, whatever the other thread prints."""
    sys.stdout.write(f"{line}\n")


@dataclass
class Ingredient:
    """Something to prepare; its condition guards ``ready`` and is notified when that changes."""

    name: str
    ready: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def finish(self) -> None:
        """Make the ingredient ready, and wake who waits for it."""
        with self.changed:
            self.ready = True
            self.changed.notify_all()

    def wait(self) -> None:
        """Wait until the ingredient is ready."""
        with self.changed:
            self.changed.wait_for(lambda: self.ready)


class Cook:
    """Somebody who prepares two ingredients in turn, with a knife that is shared."""

    def __init__(self, name: str, knife: threading.Lock, pause: float, seed: int) -> None:
        self.name = name
        self.knife = knife
        self.pause = pause
        self.chance = random.Random(seed)

    def act(self, action: str) -> None:
        """Say what is done, and take the time for it."""
        say(f"{self.name}: {action}")
        time.sleep(self.chance.uniform(0, self.pause))

    def prepare(self, action: str, ingredient: Ingredient) -> None:
        """Prepare *ingredient* by hand."""
        self.act(f"{action} the {ingredient.name}")
        ingredient.finish()

    def cut(self, action: str, ingredient: Ingredient) -> None:
        """Prepare *ingredient* with the knife."""
        say(f"{self.name}: waiting for the knife")
        with self.knife:
            self.act(f"{action} the {ingredient.name}")
        say(f"{self.name}: knife is free")
        ingredient.finish()


def first(cook: Cook, eggs: Ingredient, onion: Ingredient, others: list[Ingredient]) -> None:
    """Work as the cook who also makes the omelette."""
    cook.prepare("beat", eggs)
    cook.cut("chop", onion)
    for ingredient in others:
        say(f"{cook.name}: waiting for the {ingredient.name}")
        ingredient.wait()
    cook.act("all ready, cooking omelette")


def second(cook: Cook, butter: Ingredient, cheese: Ingredient) -> None:
    """Work as the other cook."""
    cook.prepare("melt", butter)
    cook.cut("slice", cheese)
    say(f"{cook.name}: done")


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(
        prog="bocpy-cooking-threads", description="Cook an omelette with two threads and locks."
    )
    parser.add_argument(
        "-s", "--seed", type=not_negative, help="seed of what is left to chance (none)"
    )
    parser.add_argument(
        "-p", "--pause", type=seconds, default=1.0, help="longest step, in seconds (1)"
    )
    options = parser.parse_args()
    seed = random.randrange(2**32) if options.seed is None else options.seed
    knife = threading.Lock()
    eggs, butter = Ingredient("eggs"), Ingredient("butter")
    onion, cheese = Ingredient("onion"), Ingredient("cheese")
    cooks = [Cook(f"cook {k}", knife, options.pause, seed + k) for k in (1, 2)]
    threads = [
        threading.Thread(target=first, args=(cooks[0], eggs, onion, [butter, cheese])),
        threading.Thread(target=second, args=(cooks[1], butter, cheese)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
