"""Count the primes among random numbers, in parallel.

Workers are behaviors that take batches from one tag and send their counts to another, until a
message tells them to stop. Each worker has an interpreter of its own, so they do run at once, and
each keeps the primes that it has found for the next batch.
"""

import argparse
import random
from bisect import bisect_left
from collections.abc import Iterator

from bocpy import receive, send, start, wait, when

from ._options import not_negative, positive

# Batches per worker: enough to even out what they take, few enough to cost nothing.
BATCHES = 4


def extend(primes: list[int], limit: int) -> None:
    """Append to *primes*, which starts with 2, 3, what is missing up to *limit*."""
    candidate = primes[-1] + 2
    while primes[-1] < limit and candidate <= limit:
        for prime in primes:
            if prime * prime > candidate:
                primes.append(candidate)
                break
            if candidate % prime == 0:
                break
        candidate += 2


def count_primes(batch: list[int], primes: list[int]) -> int:
    """Count the primes in *batch*, a number once for each time it occurs; *primes* grows."""
    extend(primes, max(batch, default=0))
    found = 0
    for number in batch:
        index = bisect_left(primes, number)
        found += index < len(primes) and primes[index] == number
    return found


def work() -> int:
    """Count the primes of batches until told to stop; return how many batches came."""
    primes = [2, 3]
    batches = 0
    while True:
        match receive(["batch", "stop"]):
            case ("batch", batch):
                send("count", count_primes(batch, primes))
                batches += 1
            case _:
                return batches


def split(numbers: list[int], parts: int) -> Iterator[list[int]]:
    """Give *numbers* in at most *parts* pieces whose lengths differ by one at most."""
    for part in range(parts):
        piece = numbers[part * len(numbers) // parts : (part + 1) * len(numbers) // parts]
        if piece:
            yield piece


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(
        prog="bocpy-primes", description="Count the primes among random numbers."
    )
    parser.add_argument("-w", "--num-workers", type=positive, default=8, help="workers (8)")
    parser.add_argument(
        "-m", "--max-value", type=not_negative, default=10_000, help="largest number (10000)"
    )
    parser.add_argument(
        "-n", "--num-values", type=not_negative, default=100_000, help="how many (100000)"
    )
    parser.add_argument("--seed", type=int, default=None, help="makes the numbers repeatable")
    options = parser.parse_args()

    start(options.num_workers)
    for _ in range(options.num_workers):

        @when()
        def worker() -> int:
            return work()

    chance = random.Random(options.seed)
    numbers = [chance.randint(0, options.max_value) for _ in range(options.num_values)]
    batches = 0
    for batch in split(numbers, BATCHES * options.num_workers):
        send("batch", batch)
        batches += 1
    total = sum(receive("count")[1] for _ in range(batches))
    for _ in range(options.num_workers):
        send("stop", None)
    wait()
    print(f"Number of primes: {total}")


if __name__ == "__main__":
    main()
