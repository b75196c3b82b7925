"""The operations of Matrix that are timed, and the same with NumPy: one process, one library.

``python matrix_rows.py bocpy|numpy [--warmup MS]`` prints one JSON object: nanoseconds per call
for each row that the library has.  Standard library only, so that it runs beside any bocpy.
"""

import argparse
import gc
import json
import math
import operator
import re
import statistics
import sys
from collections.abc import Callable, Iterator
from time import perf_counter_ns

BATCH_NS_MIN = 1_000_000
BATCH_MAX = 1 << 24
BATCHES = 11

type Row = tuple[str, Callable[[], object]]


def numbers(count: int, seed: int) -> list[float]:
    """The same numbers between -1 and 1 in every library and every process."""
    state = seed * 2 + 1
    values = []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        values.append((state >> 11) / (1 << 52) - 1.0)
    return values


def binary_rows(make: Callable[..., object]) -> Iterator[Row]:
    a, b = make(1000, 100, 1), make(1000, 100, 2)
    row, column = make(1, 100, 3), make(1000, 1, 4)
    names = {"add": "add", "subtract": "sub", "multiply": "mul", "divide": "truediv"}
    for name, function in names.items():
        op = getattr(operator, function)
        yield f"{name} scalar 1000x100", lambda: op(a, 1.5)
        yield f"{name} same shape 1000x100", lambda: op(a, b)
        yield f"{name} row 1000x100", lambda: op(a, row)
        yield f"{name} column 1000x100", lambda: op(a, column)
    yield "add in place 1000x100", lambda: operator.iadd(a, b)


def product_rows(make: Callable[..., object]) -> Iterator[Row]:
    shapes = [
        (16, 16, 16), (128, 128, 128), (256, 256, 256), (1000, 4, 1000), (4, 1000, 4),
        (500, 64, 500),
    ]  # fmt: skip
    for m, k, n in shapes:
        a, b = make(m, k, m + k), make(k, n, k + n)
        yield f"matmul {m}x{k} @ {k}x{n}", lambda: a @ b


def shared_rows(make: Callable[..., object]) -> Iterator[Row]:
    """Rows that are written the same way with either library."""
    a = make(1000, 100, 5)
    yield "len 1000x100", lambda: len(a)
    yield "negate operator 1000x100", lambda: -a
    yield "abs operator 1000x100", lambda: abs(a)
    for name in ("sum", "mean", "min", "max", "argmin", "argmax"):
        method = getattr(a, name)
        yield f"{name} 1000x100", method
        yield f"{name} axis 0 1000x100", lambda: method(0)
        yield f"{name} axis 1 1000x100", lambda: method(1)
    rows, columns = list(range(0, 1000, 10)), list(range(0, 100, 2))
    narrow = make(1000, 3, 6)
    yield "take 100 rows of 1000x100", lambda: a.take(rows, 0)
    yield "take 50 columns of 1000x100", lambda: a.take(columns, 1)
    yield "take 100 rows of 1000x3", lambda: narrow.take(rows, 0)
    yield "copy 1000x100", a.copy
    block, wide = make(100, 100, 7), make(1000, 50, 8)
    yield "gather rows 1000x100", lambda: a[rows]
    yield "scatter rows scalar 1000x100", lambda: operator.setitem(a, rows, 2.5)
    yield "scatter rows matrix 1000x100", lambda: operator.setitem(a, rows, block)
    every = slice(None)
    yield "scatter columns matrix 1000x100", lambda: operator.setitem(a, (every, columns), wide)
    yield "read block 1000x100", lambda: a[100:900:2, 10:90]
    yield "read element 1000x100", lambda: a[500, 50]
    yield "write element 1000x100", lambda: operator.setitem(a, (500, 50), 2.5)


def matrix_rows(make: Callable[..., object]) -> Iterator[Row]:
    """The rest, with Matrix."""
    from bocpy import Matrix

    a, b = make(1000, 100, 9), make(1000, 100, 10)
    for name in ("rows", "columns", "T"):
        yield f"{name} 1000x100", lambda get=operator.attrgetter(name): get(a)
    for name in ("ceil", "floor", "round", "abs", "negate", "sqrt"):
        yield f"{name} 1000x100", getattr(a, name)
    yield "transpose 1000x100", a.transpose
    yield "transpose in place 1000x100", lambda: a.transpose(in_place=True)
    a = make(1000, 100, 9)
    yield "clip 1000x100", lambda: a.clip(-0.5, 0.5)
    yield "allclose 1000x100", lambda: Matrix.allclose(a, a)
    values = numbers(100_000, 11)
    yield "from list 1000x100", lambda: Matrix(1000, 100, values)
    yield "fill 1000x100", lambda: Matrix(1000, 100, 1.5)
    yield "zeros 1000x100", lambda: Matrix.zeros((1000, 100))
    yield "ones 1000x100", lambda: Matrix.ones((1000, 100))
    yield "uniform 1000x100", lambda: Matrix.uniform(0.0, 1.0, (1000, 100))
    yield "normal 1000x100", lambda: Matrix.normal(0.0, 1.0, (1000, 100))
    pieces = [make(100, 100, i) for i in range(10)]
    yield "concat 10 pieces axis 0", lambda: Matrix.concat(pieces, 0)
    yield "concat 10 pieces axis 1", lambda: Matrix.concat(pieces, 1)
    yield "less 1000x100", lambda: a.less(b)
    mask = a.less(b)
    yield "where 1000x100", lambda: Matrix.where(mask, a, b)


def vector_rows(make: Callable[..., object]) -> Iterator[Row]:
    a, b = make(1000, 3, 12), make(1000, 3, 13)
    row, column, long = make(1, 3, 14), make(1000, 1, 15), make(1, 1000, 16)
    for name, matrix in (("1x3", row), ("1x1000", long), ("1000x3", a)):
        yield f"length {name}", lambda matrix=matrix: matrix.length
        yield f"magnitude {name}", matrix.magnitude
        yield f"magnitude squared {name}", matrix.magnitude_squared
    for axis in (None, 0, 1):
        yield f"magnitude axis {axis} 1000x3", lambda: a.magnitude(axis)
        yield f"vecdot axis {axis} 1000x3", lambda: a.vecdot(b, axis)
        yield f"(a*b).sum axis {axis} 1000x3", lambda: (a * b).sum(axis)
        yield f"normalize axis {axis} 1000x3", lambda: a.normalize(axis)
    yield "vecdot row 1000x3", lambda: a.vecdot(row, 1)
    yield "vecdot column 1000x3", lambda: a.vecdot(column, 0)
    yield "normalize in place 1000x3", lambda: a.normalize(1, in_place=True)
    yield "negate in place 1000x3", lambda: a.negate(in_place=True)
    yield "cross 1x3", lambda: row.cross(row)
    yield "cross 1000x3", lambda: a.cross(b)
    yield "cross row 1000x3", lambda: a.cross(row)
    yield "cross 3x1000", lambda turned=a.T: turned.cross(turned)
    pairs, pair = make(1000, 2, 17), make(1, 2, 18)
    yield "cross 1000x2", lambda: pairs.cross(pairs)
    yield "cross pair 1000x2", lambda: pairs.cross(pair)
    many = make(10000, 2, 19)
    yield "perpendicular 10000x2", many.perpendicular
    yield "angle 10000x2", many.angle


def fused_rows(make: Callable[..., object]) -> Iterator[Row]:
    for rows, columns in ((1000, 3), (256, 256)):
        a, b, c = (make(rows, columns, seed) for seed in (20, 21, 22))
        yield f"fma {rows}x{columns}", lambda: a.fma(b, c)
        yield f"a*b+c {rows}x{columns}", lambda: a * b + c
        yield f"fma scalars {rows}x{columns}", lambda: a.fma(0.5, 0.25)
        yield f"fma in place {rows}x{columns}", lambda: a.fma(0.5, c, in_place=True)
        yield f"scaled_add {rows}x{columns}", lambda: a.scaled_add(0.5, b)


def numpy_rows(make: Callable[..., object]) -> Iterator[Row]:
    """What NumPy has for the rest, under the same names."""
    import numpy

    a, b = make(1000, 100, 9), make(1000, 100, 10)
    yield "T 1000x100", lambda: a.T.copy()
    yield "transpose 1000x100", lambda: a.T.copy()
    names = {"round": numpy.rint, "negate": numpy.negative}
    for name in ("ceil", "floor", "round", "abs", "negate", "sqrt"):
        function = names.get(name) or getattr(numpy, name)
        yield f"{name} 1000x100", lambda function=function: function(a)
    yield "clip 1000x100", lambda: a.clip(-0.5, 0.5)
    yield "allclose 1000x100", lambda: numpy.allclose(a, a)
    values = numbers(100_000, 11)
    yield "from list 1000x100", lambda: numpy.array(values).reshape(1000, 100)
    yield "fill 1000x100", lambda: numpy.full((1000, 100), 1.5)
    yield "zeros 1000x100", lambda: numpy.zeros((1000, 100))
    yield "ones 1000x100", lambda: numpy.ones((1000, 100))
    random = numpy.random.default_rng(1)
    yield "uniform 1000x100", lambda: random.uniform(0.0, 1.0, (1000, 100))
    yield "normal 1000x100", lambda: random.normal(0.0, 1.0, (1000, 100))
    pieces = [make(100, 100, i) for i in range(10)]
    yield "concat 10 pieces axis 0", lambda: numpy.concatenate(pieces, 0)
    yield "concat 10 pieces axis 1", lambda: numpy.concatenate(pieces, 1)
    yield "less 1000x100", lambda: a < b
    mask = a < b
    yield "where 1000x100", lambda: numpy.where(mask, a, b)
    c, d = make(1000, 3, 12), make(1000, 3, 13)
    for axis in (None, 0, 1):
        yield f"magnitude axis {axis} 1000x3", lambda: numpy.linalg.norm(c, axis=axis)
        yield f"(a*b).sum axis {axis} 1000x3", lambda: (c * d).sum(axis)
    yield "cross 1000x3", lambda: numpy.cross(c, d)
    many = make(10000, 2, 19)
    yield "angle 10000x2", lambda: numpy.arctan2(many[:, 1], many[:, 0])
    for rows, columns in ((1000, 3), (256, 256)):
        x, y, z = (make(rows, columns, seed) for seed in (20, 21, 22))
        yield f"a*b+c {rows}x{columns}", lambda: x * y + z


def crossing_times(warmup_ns: int) -> Iterator[tuple[str, float]]:
    """A matrix goes to a behavior and back to main, whatever its size; ours only."""
    from bocpy import Cown, Matrix, start, wait, when

    start(1)
    for name, columns in (("1 KiB", 128), ("64 MiB", 8 << 20)):
        cown = Cown(Matrix.zeros((1, columns)))

        def there_and_back(cown: "Cown[Matrix]" = cown) -> None:
            @when(cown)
            def touch(c: "Cown[Matrix]") -> None:
                c.value.x += 1.0

            touch.result()
            with cown:
                cown.value.x += 1.0

        there_and_back()
        yield f"crossing {name}", time_of(there_and_back, warmup_ns)
    wait()


def time_of(call: Callable[[], object], warmup_ns: int) -> float:
    """Nanoseconds per call: the median of several batches."""
    batch = 1
    while True:
        began = perf_counter_ns()
        for _ in range(batch):
            call()
        if perf_counter_ns() - began >= BATCH_NS_MIN or batch >= BATCH_MAX:
            break
        batch *= 2
    gc.collect()
    gc.disable()
    try:
        end = perf_counter_ns() + warmup_ns
        while perf_counter_ns() < end:
            call()
        times = []
        for _ in range(BATCHES):
            began = perf_counter_ns()
            for _ in range(batch):
                call()
            times.append((perf_counter_ns() - began) / batch)
    finally:
        gc.enable()
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("library", choices=("bocpy", "numpy"))
    parser.add_argument("--warmup", type=int, default=200, help="milliseconds before each row")
    parser.add_argument("--only", type=re.compile, default=".", help="rows whose name matches")
    options = parser.parse_args()
    if options.library == "numpy":
        import numpy

        def make(rows: int, columns: int, seed: int) -> object:
            return numpy.array(numbers(rows * columns, seed)).reshape(rows, columns)

        sections = [binary_rows, product_rows, shared_rows, numpy_rows]
    else:
        import bocpy

        def make(rows: int, columns: int, seed: int) -> object:
            return bocpy.Matrix(rows, columns, numbers(rows * columns, seed))

        sections = [
            binary_rows, product_rows, shared_rows, matrix_rows, vector_rows, fused_rows,
        ]  # fmt: skip
    rows = {}
    for section in sections:
        for name, call in section(make):
            if not re.search(options.only, name):
                continue
            try:
                call()
            except (AttributeError, TypeError, NotImplementedError) as error:
                print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
                continue
            rows[name] = time_of(call, options.warmup * 1_000_000)
            assert math.isfinite(rows[name])
    if (
        options.library == "bocpy"
        and hasattr(bocpy.Cown, "result")
        and re.search(options.only, "crossing")
    ):
        rows.update(crossing_times(options.warmup * 1_000_000))
    json.dump({"rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
