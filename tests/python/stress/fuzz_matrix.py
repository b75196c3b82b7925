"""Call Matrix with random arguments, right and wrong, until the time is up.

``python fuzz_matrix.py [--seconds N | --rounds N] [--seed S] [--first F]``: round F of seed S is
always the same. Whatever is wrong with an argument must be one of the documented exceptions; a
crash, a SystemError or a shape that lies ends the run, and the last line names the round. `make
fuzz` runs it with the extension modules built for the address sanitizer.
"""

import argparse
import faulthandler
import math
import pickle
import random
import sys
from time import monotonic

from bocpy import Matrix

ALLOWED = (TypeError, ValueError, IndexError, OverflowError, BufferError, MemoryError, KeyError,
           RuntimeError, AttributeError, AssertionError, NotImplementedError)  # fmt: skip
HUGE = [2**62, 2**63 - 1, 2**63, 10**100]  # too large to be tried, whatever multiplies them

type Anything = object


def integer(rng: random.Random) -> int:
    if rng.random() < 0.04:
        return rng.choice(HUGE) * rng.choice((1, -1))
    return rng.randint(-6, 9)


def number(rng: random.Random) -> float | int:
    return rng.choice([
        rng.uniform(-10, 10), float(rng.randint(-3, 3)), rng.randint(-3, 3), math.nan, math.inf,
        -math.inf, -0.0, 5e-324, 1e308, True,
    ])  # fmt: skip


def piece(rng: random.Random) -> Anything:
    """A part of a key."""
    kind = rng.random()
    if kind < 0.35:
        return integer(rng)
    if kind < 0.7:
        ends = [rng.choice([None, integer(rng)]) for _ in range(3)]
        return slice(*ends)
    if kind < 0.95:
        return [integer(rng) if rng.random() < 0.1 else rng.randint(0, 2)
                for _ in range(rng.randint(0, 70 if kind < 0.75 else 4))]  # fmt: skip
    return rng.choice([None, 1.5, "x", ..., (0, 1), object()])


def key(rng: random.Random) -> Anything:
    if rng.random() < 0.5:
        return piece(rng)
    return tuple(piece(rng) for _ in range(rng.choice([2, 2, 2, 2, 1, 3, 0])))


def matrix(rng: random.Random) -> Matrix:
    rows = rng.choice([1, 1, 2, 3, 3, 5, 17])
    columns = rng.choice([1, 1, 2, 3, 3, 8, 33])
    return Matrix(rows, columns, [number(rng) for _ in range(rows * columns)])


def anything(rng: random.Random, pool: list[Matrix]) -> Anything:
    """An operand, a list of indices, an axis, a flag - or nothing of the kind."""
    kind = rng.random()
    if kind < 0.45:
        return rng.choice(pool)
    if kind < 0.6:
        return number(rng)
    if kind < 0.7:
        return integer(rng)
    if kind < 0.85:
        return [rng.randint(-3, 3) for _ in range(rng.randint(0, 9))]
    return rng.choice([
        None, None, (), "text", b"12345678", memoryview(b"abc"), object(), {}, {1, 2}, 1j,
        range(3), (2, 3), [[1, 2], [3, 4]], iter([1.0, 2.0]), Matrix, memoryview(rng.choice(pool)),
        bytearray(64),
    ])  # fmt: skip


NAMES = [name for name in dir(Matrix) if not name.startswith("_") and name != "from_dlpack"] + [
    "__add__", "__sub__", "__mul__", "__truediv__", "__matmul__", "__iadd__", "__isub__",
    "__imul__", "__itruediv__", "__radd__", "__rmatmul__", "__eq__", "__lt__", "__ge__", "__neg__",
    "__abs__", "__contains__", "__iter__", "__repr__", "__str__", "__sizeof__", "__copy__",
    "__reduce_ex__", "__init__", "__format__", "__dlpack__", "__array_priority__",
]  # fmt: skip
KEYWORDS = ["axis", "out", "in_place", "where", "as_matrix", "accumulate", "largest", "size", "min",
            "max", "values", "k", "value", "as_column", "rtol", "equal_nan", "copy"]  # fmt: skip


def call(rng: random.Random, pool: list[Matrix]) -> Anything:
    kind = rng.random()
    target = rng.choice(pool)
    if kind < 0.2:
        return target[key(rng)]
    if kind < 0.4:
        target[key(rng)] = anything(rng, pool)
        return None
    if kind < 0.43:
        del target[key(rng)]
        return None
    if kind < 0.53:
        return Matrix(*(rng.choice([integer(rng), rng.randint(1, 4), anything(rng, pool)])
                        for _ in range(rng.randint(0, 3))))  # fmt: skip
    if kind < 0.55:
        return pickle.loads(pickle.dumps(target, rng.randint(0, 5)))
    if kind < 0.57:
        return Matrix.__new__(Matrix)
    attribute = getattr(target, rng.choice(NAMES))
    if not callable(attribute):
        return attribute
    arguments = [anything(rng, pool) for _ in range(rng.choice([0, 0, 1, 1, 1, 2, 2, 3]))]
    named = {name: anything(rng, pool) for name in rng.sample(KEYWORDS, rng.choice([0, 0, 1, 2]))}
    return attribute(*arguments, **named)


def check(found: Matrix) -> None:
    """What a matrix says of itself goes together."""
    assert found.rows >= 1 and found.columns >= 1
    assert found.size == found.rows * found.columns == len(list(found.values()))


def one_round(seed: int, number_of: int) -> None:
    rng = random.Random(f"{seed} {number_of}")
    pool = [matrix(rng) for _ in range(4)]
    for _ in range(60):
        try:
            result = call(rng, pool)
        except ALLOWED:
            continue
        if isinstance(result, Matrix) and result.acquired and hasattr(result, "rows"):
            check(result)
            if result.size < 5000:
                pool[rng.randrange(len(pool))] = result
    for each in pool:
        check(each)


def main() -> None:
    faulthandler.enable()
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    end = monotonic() + options.seconds
    done = 0
    while done < options.rounds if options.rounds is not None else monotonic() < end:
        number_of = options.first + done
        try:
            one_round(options.seed, number_of)
        except BaseException:
            print(f"failed: --seed {options.seed} --first {number_of} --rounds 1", file=sys.stderr)
            raise
        done += 1
    print(f"{done} rounds of seed {options.seed}, nothing found")


if __name__ == "__main__":
    main()
