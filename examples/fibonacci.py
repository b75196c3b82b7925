"""Compute a Fibonacci number with a graph of behaviors.

What ``when`` returns is a cown, which another behavior can claim: the sum of two numbers is a
behavior over the results of two others. Nobody waits for anything until the graph is complete.
"""

import argparse
from functools import cache

from bocpy import Cown, wait, when

from ._options import add_runtime_options, not_negative, start_runtime

#: Up to this number a behavior does not split its work.
DIRECT_MAX = 4

#: The graph has nearly as many behaviors as the result is large: about 400,000 for this number.
NUMBER_MAX = 30


@cache
def sequential(n: int) -> int:
    """Return Fibonacci number *n*, each smaller one computed once."""
    return n if n < 2 else sequential(n - 1) + sequential(n - 2)


def direct(n: int) -> int:
    """Return Fibonacci number *n* without remembering anything."""
    return n if n < 2 else direct(n - 1) + direct(n - 2)


def fibonacci(n: int) -> Cown[int]:
    """Schedule the computation of Fibonacci number *n*."""
    if n <= DIRECT_MAX:

        @when()
        def number() -> int:
            return direct(n)

        return number

    @when(fibonacci(n - 1), fibonacci(n - 2))
    def total(one: Cown[int], other: Cown[int]) -> int:
        return one.result() + other.result()

    return total


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(
        prog="bocpy-fibonacci", description="Compute a Fibonacci number with a graph of behaviors."
    )
    parser.add_argument(
        "n", nargs="?", type=not_negative, default=10, help=f"which one, up to {NUMBER_MAX} (10)"
    )
    add_runtime_options(parser)
    options = parser.parse_args()
    n = options.n
    if n > NUMBER_MAX:
        parser.error(f"n must be at most {NUMBER_MAX}: the graph for {n} would be too large")
    start_runtime(options)
    result = fibonacci(n)
    wait()
    print(f"fib({n}): {result.result()} (expected: {sequential(n)})")


if __name__ == "__main__":
    main()
