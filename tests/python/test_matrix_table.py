"""Matrix against a table: one row for each method and property, written with plain lists.

Each row says in one line what an attribute does to a list of rows; it is run with every input:
1x1, 1xN, Nx1, NxM, plain numbers, NaN and infinities. Rows of two operands run with every
operand that spreads, the matrix itself included.
"""

import math
import operator
from collections.abc import Callable

import pytest

from bocpy import Matrix

NAN, INF = math.nan, math.inf

# Plain values are eighths, so that every order of adding them gives the same sum.
INPUTS = {
    "1x1": [[2.5]],
    "1x1 nan": [[NAN]],
    "1x2": [[3.0, -4.0]],
    "2x1": [[0.0], [-1.5]],
    "1x5": [[1.0, -2.5, 0.125, 7.0, -2.5]],
    "5x1 odd": [[INF], [1.0], [NAN], [-INF], [1.0]],
    "3x1": [[1.0], [2.0], [2.0]],
    "2x2": [[1.5, -0.5], [2.5, 4.0]],
    "3x3": [[0.0, 1.0, -0.0], [2.0, -3.5, 0.25], [9.0, 8.0, 7.0]],
    "4x3": [[0.5, 1.5, 2.5], [-0.5, -1.5, -2.5], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]],
    "2x7 odd": [
        [1.0, NAN, INF, 2.0, -INF, 0.0, -3.5],
        [NAN, 1.0, -1.0, 2.0, 5.0, -0.0, INF],
    ],
    "9x2": [[float(i % 4) / 8, -float(i)] for i in range(9)],
    "3x17": [[float((i * j) % 7) - 2.5 for j in range(17)] for i in range(3)],
}
PLAIN = [name for name in INPUTS if "odd" not in name and "nan" not in name]

type Grid = list[list[float]]


def matrix_of(grid: Grid) -> Matrix:
    return Matrix(len(grid), len(grid[0]), [x for row in grid for x in row])


def grid_of(matrix: Matrix) -> Grid:
    values = list(matrix.values())
    assert len(values) == matrix.rows * matrix.columns
    return [values[i : i + matrix.columns] for i in range(0, len(values), matrix.columns)]


def same(actual: object, expected: object) -> bool:
    """Equal, or both NaN; matrices by shape and elements, grids stand for matrices."""
    if isinstance(actual, Matrix):
        actual = grid_of(actual)
    if isinstance(expected, Matrix):
        expected = grid_of(expected)
    if isinstance(expected, list | tuple):
        return (
            isinstance(actual, list | tuple)
            and len(actual) == len(expected)
            and all(map(same, actual, expected))
        )
    if isinstance(expected, float) and isinstance(actual, float):
        return actual == expected or (actual != actual and expected != expected)
    return type(actual) is type(expected) and actual == expected


def turned(grid: Grid) -> Grid:
    return [list(column) for column in zip(*grid, strict=True)]


def each(function: Callable[[float], float]) -> Callable[[Grid], Grid]:
    return lambda grid: [[function(x) for x in row] for row in grid]


def whole(function: Callable[[float], int]) -> Callable[[float], float]:
    return lambda x: float(function(x)) if math.isfinite(x) else x


def flat(grid: Grid) -> list[float]:
    return [x for row in grid for x in row]


# ---- one operand, a matrix of its shape ----

UNARY = {
    "negate": each(operator.neg),
    "abs": each(abs),
    "ceil": each(whole(math.ceil)),
    "floor": each(whole(math.floor)),
    "round": each(whole(round)),
    "sqrt": each(lambda x: math.sqrt(x) if x >= 0 else NAN),
    "sign": each(lambda x: float((x > 0) - (x < 0))),
    "cos": each(lambda x: math.cos(x) if math.isfinite(x) else NAN),
    "sin": each(lambda x: math.sin(x) if math.isfinite(x) else NAN),
}


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_unary(name: str, grid: Grid) -> None:
    matrix, expected = matrix_of(grid), UNARY[name](grid)
    assert same(getattr(matrix, name)(), expected)
    assert same(matrix, grid)
    out = Matrix.zeros(matrix.shape)
    assert getattr(matrix, name)(out=out) is out
    assert same(out, expected)
    with pytest.raises(ValueError, match="out and in_place are mutually exclusive"):
        getattr(matrix, name)(out=out, in_place=True)
    assert getattr(matrix, name)(in_place=True) is matrix
    assert same(matrix, expected)
    matrix = matrix_of(grid)
    assert getattr(matrix, name)(out=matrix) is matrix
    assert same(matrix, expected)


# ---- no operand, anything ----


def total(values: list[float]) -> float:
    result = 0.0
    for value in values:
        result += value
    return result


def extreme(values: list[float], best: Callable[[list[float]], float]) -> float:
    return NAN if not values or any(x != x for x in values) else best(values)


def place(values: list[float], better: Callable[[float, float], bool]) -> int:
    found = 0
    for index, value in enumerate(values):
        if better(value, values[found]):
            found = index
    return found if values else -1


def mean(values: list[float]) -> float:
    return total(values) / len(values) if values else NAN


REDUCE = {
    "sum": total,
    "mean": mean,
    "magnitude": lambda values: math.sqrt(total([x * x for x in values])),
    "magnitude_squared": lambda values: total([x * x for x in values]),
    "min": lambda values: extreme(values, min),
    "max": lambda values: extreme(values, max),
}
PLACES = {
    "argmin": lambda values: place(values, operator.lt),
    "argmax": lambda values: place(values, operator.gt),
}


@pytest.mark.parametrize("name", REDUCE)
@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_reduction(name: str, grid: Grid) -> None:
    matrix, of = matrix_of(grid), REDUCE[name]
    method = getattr(matrix, name)
    assert same(method(), of(flat(grid)))
    assert same(method(None), of(flat(grid)))
    for axis in (0, -2):
        assert same(method(axis), [[of(column) for column in turned(grid)]])
    for axis in (1, -1):
        assert same(method(axis=axis), [[of(row)] for row in grid])
    assert same(matrix, grid)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_place(name: str, grid: Grid) -> None:
    matrix, of = matrix_of(grid), PLACES[name]
    method = getattr(matrix, name)
    down, along = [of(column) for column in turned(grid)], [of(row) for row in grid]
    assert same(method(), of(flat(grid)))
    assert same(method(0), down)
    assert same(method(1), along)
    assert same(method(0, as_matrix=True), [[float(i) for i in down]])
    assert same(method(1, as_matrix=True), [[float(i)] for i in along])


@pytest.mark.parametrize("name", [*REDUCE, *PLACES])
@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_reduction_under_a_mask(name: str, grid: Grid) -> None:
    matrix = matrix_of(grid)
    masks = {
        "some": [[float((i + j) % 2) for j in range(len(grid[0]))] for i in range(len(grid))],
        "none": [[0.0] * len(grid[0]) for _ in grid],
        "all, by NaN": [[NAN] * len(grid[0]) for _ in grid],
    }
    for mask in masks.values():
        chosen = [
            [x for x, m in zip(row, marks, strict=True) if m]
            for row, marks in zip(grid, mask, strict=True)
        ]
        result = getattr(matrix, name)(1, where=matrix_of(mask))
        if name in REDUCE:
            assert same(result, [[REDUCE[name](row)] for row in chosen])
            assert same(getattr(matrix, name)(where=matrix_of(mask)), REDUCE[name](flat(chosen)))
        else:
            rows = [[i for i, m in enumerate(marks) if m] for marks in mask]
            places = [PLACES[name](row) for row in chosen]
            expected = [row[i] if i >= 0 else -1 for row, i in zip(rows, places, strict=True)]
            assert same(result, expected)


# ---- two operands ----

BINARY = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": lambda x, y: x / y if y else x * math.copysign(INF, y) if x else NAN,
}
MASKS = {
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
}
OPERATORS = {
    "add": (operator.add, operator.iadd),
    "subtract": (operator.sub, operator.isub),
    "multiply": (operator.mul, operator.imul),
    "divide": (operator.truediv, operator.itruediv),
}


def spread(function: Callable[[float, float], float], a: Grid, b: Grid) -> Grid:
    """Apply *function* to what stands at the same place once both are repeated."""
    rows, columns = max(len(a), len(b)), max(len(a[0]), len(b[0]))
    return [
        [
            float(function(a[i % len(a)][j % len(a[0])], b[i % len(b)][j % len(b[0])]))
            for j in range(columns)
        ]
        for i in range(rows)
    ]


def partners(grid: Grid) -> list[Grid]:
    """A number, a row, a column, the same shape, and an outer partner where there is one."""
    same_shape = [[x * 0.5 + 1.0 for x in reversed(row)] for row in grid]
    found = [[[0.5]], [same_shape[0]], [[row[0]] for row in same_shape], same_shape]
    if len(grid) == 1:
        found.append([[1.0], [-2.0], [0.0]])
    if len(grid[0]) == 1:
        found.append([[1.0, NAN, 0.0, 4.0]])
    return found


@pytest.mark.parametrize("name", BINARY | MASKS)
@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_binary(name: str, grid: Grid) -> None:
    function = (BINARY | MASKS)[name]
    for partner in partners(grid):
        a, b = matrix_of(grid), matrix_of(partner)
        expected, mirrored = spread(function, grid, partner), spread(function, partner, grid)
        assert same(getattr(a, name)(b), expected)
        assert same(getattr(b, name)(a), mirrored)
        if len(partner) == 1:
            assert same(getattr(a, name)(partner[0]), expected)
        assert same(getattr(a, name)(a), spread(function, grid, grid))
        assert same((a, b), (grid, partner))
    matrix = matrix_of(grid)
    assert same(getattr(matrix, name)(2), spread(function, grid, [[2.0]]))


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_operator_out_and_in_place(name: str, grid: Grid) -> None:
    function, (plain, in_place) = BINARY[name], OPERATORS[name]
    for partner in partners(grid):
        a, b = matrix_of(grid), matrix_of(partner)
        expected, mirrored = spread(function, grid, partner), spread(function, partner, grid)
        assert same(plain(a, b), expected)
        assert same(plain(b, a), mirrored)
        if len(partner) == 1:
            assert same(plain(a, partner[0]), expected)
            assert same(plain(partner[0], a), mirrored)
        out = Matrix.zeros((len(expected), len(expected[0])))
        assert getattr(a, name)(b, out=out) is out
        assert same(out, expected)
        if out.shape == b.shape:
            assert getattr(a, name)(b, out=b) is b
            assert same(b, expected)
            b = matrix_of(partner)
        if out.shape == a.shape:
            before = a
            a = in_place(a, b)
            assert a is before
            assert same((a, b), (expected, partner))
        else:
            with pytest.raises(ValueError):
                in_place(a, b)
            assert same((a, b), (grid, partner))
    matrix = matrix_of(grid)
    assert same(in_place(matrix, matrix), spread(function, grid, grid))


# ---- three operands ----


@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_fma_scaled_add_and_where(grid: Grid) -> None:
    matrix = matrix_of(grid)
    for partner in partners(grid)[:4]:
        b = matrix_of(partner)
        product = spread(operator.mul, grid, partner)
        # Eighths are exact: one rounding and two are the same.
        assert same(matrix.fma(b, 0.5), spread(operator.add, product, [[0.5]]))
        assert same(matrix.fma(b, matrix), spread(operator.add, product, grid))
        scaled = spread(operator.mul, partner, grid)
        assert same(matrix.scaled_add(b, matrix), spread(operator.add, grid, scaled))
        target = matrix_of(grid)
        assert target.fma(b, target, in_place=True) is target
        assert same(target, spread(operator.add, product, grid))
        target = matrix_of(grid)
        assert target.scaled_add(b, target, in_place=True) is target
        assert same(target, spread(operator.add, grid, scaled))
    mask = [[float((i + j) % 2) for j in range(len(grid[0]))] for i in range(len(grid))]
    chosen = [
        [x if m else -1.0 for x, m in zip(row, marks, strict=True)]
        for row, marks in zip(grid, mask, strict=True)
    ]
    assert same(Matrix.where(matrix_of(mask), matrix, -1), chosen)
    assert same(Matrix.where(matrix, matrix, matrix), grid)


@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_clip(grid: Grid) -> None:
    def clipped(low: float, high: float) -> Grid:
        return each(lambda x: low if x < low else high if x > high else x)(grid)

    matrix = matrix_of(grid)
    assert same(matrix.clip(-0.5, 1), clipped(-0.5, 1.0))
    assert same(matrix.clip(0), clipped(0.0, INF))
    assert same(matrix.clip(max=0), clipped(-INF, 0.0))
    assert same(matrix.clip(NAN, 1), clipped(-INF, 1.0))
    assert matrix.clip(-0.5, 1, in_place=True) is matrix
    assert same(matrix, clipped(-0.5, 1.0))


# ---- products and vectors ----


def product(a: Grid, b: Grid) -> Grid:
    return [
        [total([x * y for x, y in zip(row, column, strict=True)]) for column in turned(b)]
        for row in a
    ]


@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_matmul(grid: Grid) -> None:
    matrix = matrix_of(grid)
    assert same(matrix @ matrix.T, product(grid, turned(grid)))
    assert same(matrix.T @ matrix, product(turned(grid), grid))
    row = [1.0, -2.0, 0.5] * 6
    assert same(
        [row[0 : len(grid)]] and row[: len(grid)] @ matrix, product([row[: len(grid)]], grid)
    )
    if len(grid) == len(grid[0]):
        assert same(matrix @ matrix, product(grid, grid))
        before = matrix
        matrix @= matrix
        assert matrix is not before
    else:
        with pytest.raises(ValueError):
            matrix @ matrix


@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_vecdot(grid: Grid) -> None:
    matrix = matrix_of(grid)
    others = [grid, [grid[0]], [[row[0]] for row in grid]]
    for other in others:
        if not (len(other) == len(grid) or len(other[0]) == len(grid[0])):
            continue
        b, products = matrix_of(other), spread(operator.mul, grid, other)
        assert same(matrix.vecdot(b), total(flat(products)))
        assert same(b.vecdot(matrix, 0), [[total(column) for column in turned(products)]])
        assert same(matrix.vecdot(b, axis=1), [[total(row)] for row in products])


@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_normalize(grid: Grid) -> None:
    def unit(values: list[float]) -> list[float]:
        size = math.sqrt(total([x * x for x in values]))
        return [x / size if size else x for x in values]

    every = unit(flat(grid))
    columns = len(grid[0])
    expected = {
        None: [every[i : i + columns] for i in range(0, len(every), columns)],
        0: turned([unit(column) for column in turned(grid)]),
        1: [unit(row) for row in grid],
    }
    for axis, result in expected.items():
        matrix = matrix_of(grid)
        assert same(matrix.normalize(axis), result)
        assert same(matrix, grid)
        assert matrix.normalize(axis, in_place=True) is matrix
        assert same(matrix, result)


@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_perpendicular_and_angle(grid: Grid) -> None:
    matrix = matrix_of(grid)
    rows, columns = len(grid), len(grid[0])
    if columns != 2 and rows != 2:
        for method in (matrix.perpendicular, matrix.angle):
            with pytest.raises(ValueError, match="requires a 2D vector or Nx2 or 2xN matrix"):
                method()
        return
    pairs = grid if columns == 2 else turned(grid)
    perpendicular = [[-y, x] for x, y in pairs]
    angles = [math.atan2(y, x) for x, y in pairs]
    assert same(matrix.perpendicular(), perpendicular if columns == 2 else turned(perpendicular))
    if len(pairs) == 1:
        assert same(matrix.angle(), angles[0])
    else:
        assert same(matrix.angle(), [[a] for a in angles] if columns == 2 else [angles])
    assert matrix.perpendicular(in_place=True) is matrix
    assert same(matrix, perpendicular if columns == 2 else turned(perpendicular))


def cross(a: list[float], b: list[float]) -> list[float]:
    if len(a) == 2:
        return [a[0] * b[1] - a[1] * b[0]]
    return [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]


@pytest.mark.parametrize("shape", [(1, 2), (2, 1), (1, 3), (3, 1), (2, 2), (3, 3), (3, 2), (2, 3),
                                   (5, 2), (2, 5), (5, 3), (3, 5)])  # fmt: skip
def test_cross(shape: tuple[int, int]) -> None:
    rows, columns = shape
    grid = [[float(i * i + 3 * j - 2) for j in range(columns)] for i in range(rows)]
    other = [[float(i - j * j) for j in range(columns)] for i in range(rows)]
    a, b = matrix_of(grid), matrix_of(other)
    if 1 in shape:
        result = cross(flat(grid), flat(other))
        expected = result[0] if len(result) == 1 else [result] if rows == 1 else turned([result])
        assert same(a.cross(b), expected)
        assert same(a.cross(b.T), expected)
        return
    by_rows = columns == 2 or (columns == 3 and rows != 2)
    vectors = zip(*((grid, other) if by_rows else (turned(grid), turned(other))), strict=True)
    results = [cross(p, q) for p, q in vectors]
    assert same(a.cross(b), results if by_rows else turned(results))
    assert same(a.cross(a), [[0.0] * len(row) for row in grid_of(a.cross(b))])


# ---- selecting ----


@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_take_put_and_lists_as_keys(grid: Grid) -> None:
    matrix = matrix_of(grid)
    rows, columns = [-1, 0, -1], [0, -1]
    some_columns = [[row[i] for i in columns] for row in grid]
    assert same(matrix.take(rows), [grid[i] for i in rows])
    assert same(matrix.take(columns, axis=1), some_columns)
    assert same(matrix[rows], matrix.take(rows))
    assert same(matrix[:, columns], some_columns)
    assert matrix.put([0], 5.0) is matrix
    assert same(matrix, [[5.0] * len(grid[0]), *grid[1:]])
    matrix.put([0, 0], 1.5, axis=1, accumulate=True)
    changed = [[row[0] + 1.5 + 1.5, *row[1:]] for row in ([5.0] * len(grid[0]), *grid[1:])]
    assert same(matrix, changed)
    reordered = matrix_of(grid)
    backwards = list(range(len(grid)))[::-1]
    reordered[backwards] = reordered
    assert same(reordered, grid[::-1])
    for wrong in ([], [len(grid)], [-len(grid) - 1]):
        with pytest.raises(IndexError):
            matrix.take(wrong)
        with pytest.raises(IndexError):
            matrix.put(wrong, 1.0)
    assert same(matrix, changed)


@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_along_an_axis(grid: Grid) -> None:
    matrix = matrix_of(grid)
    down = [(i * 5) % len(grid) for i in range(len(grid[0]))]
    along = [(i * 3) % len(grid[0]) for i in range(len(grid))]
    assert same(matrix.take_along_axis(down), [[grid[r][c] for c, r in enumerate(down)]])
    assert same(matrix.take_along_axis(along, 1), [[grid[r][c]] for r, c in enumerate(along)])
    expected = [list(row) for row in grid]
    for r, c in enumerate(along):
        expected[r][c] += 0.5
    assert matrix.put_along_axis(along, 0.5, 1, accumulate=True) is matrix
    assert same(matrix, expected)
    for c, r in enumerate(down):
        expected[r][c] = 9.0
    matrix.put_along_axis(down, 9)
    assert same(matrix, expected)


@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_repeat_interleave(grid: Grid) -> None:
    matrix = matrix_of(grid)
    for n in (1, 3):
        assert same(matrix.repeat_interleave(n), [[x for x in flat(grid) for _ in range(n)]])
        assert same(matrix.repeat_interleave(n, 0), [row for row in grid for _ in range(n)])
        wide = [[x for x in row for _ in range(n)] for row in grid]
        assert same(matrix.repeat_interleave(n, axis=1), wide)


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_topk(grid: Grid, largest: bool) -> None:
    def best(values: list[float], k: int) -> list[int]:
        sign = -1 if largest else 1
        order = sorted(
            range(len(values)),
            key=lambda i: (
                values[i] != values[i],
                sign * values[i] if values[i] == values[i] else 0.0,
            ),
        )
        return order[:k]  # fmt: skip

    matrix, everything = matrix_of(grid), flat(grid)
    for k in {1, len(everything)}:
        values, places = matrix.topk(k, None, largest, as_matrix=True)
        chosen = best(everything, k)
        assert same(values, [[everything[i] for i in chosen]])
        assert same(places, [[float(i) for i in chosen]])
    for k in {1, len(grid[0])}:
        values, places = matrix.topk(k, 1, largest)
        rows = [best(row, k) for row in grid]
        assert same(places, rows)
        assert same(values, [[row[i] for i in r] for row, r in zip(grid, rows, strict=True)])
    for k in {1, len(grid)}:
        values, places = matrix.topk(k, 0, largest)
        columns = [best(column, k) for column in turned(grid)]
        assert same(places, columns)
        chosen = [[c[i] for i in r] for c, r in zip(turned(grid), columns, strict=True)]
        assert same(values, turned(chosen))


# ---- reading, writing, comparing ----


@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_properties(grid: Grid) -> None:
    matrix = matrix_of(grid)
    rows, columns = len(grid), len(grid[0])
    assert same((matrix.rows, matrix.columns), (rows, columns))
    assert same(matrix.shape, (rows, columns))
    assert same((matrix.size, len(matrix)), (rows * columns, rows))
    assert same(matrix.length, REDUCE["magnitude"](flat(grid)))
    assert matrix.acquired is True
    assert same(matrix.T, turned(grid))
    for name in ("rows", "columns", "shape", "size", "length", "T", "acquired"):
        with pytest.raises(AttributeError):
            setattr(matrix, name, 1)
    for index, name in enumerate("xyzw"):
        if index < rows * columns:
            assert same(getattr(matrix, name), flat(grid)[index])
            setattr(matrix, name, index)
            assert same(list(matrix.values())[index], float(index))
        else:
            with pytest.raises(IndexError):
                getattr(matrix, name)
            with pytest.raises(IndexError):
                setattr(matrix, name, 1.0)


@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_copies_transposes_iterates_and_prints(grid: Grid) -> None:
    matrix = matrix_of(grid)
    copy = matrix.copy()
    assert same(copy, grid)
    copy.x = 77.0
    assert same(matrix, grid)
    assert same(matrix.transpose(), turned(grid))
    assert matrix.transpose(in_place=True) is matrix
    assert same(matrix, turned(grid))
    matrix.transpose(in_place=True)
    rows = [row[0] if len(row) == 1 else [row] for row in grid]
    assert same(list(matrix), rows)
    assert same(list(reversed(matrix)), rows[::-1])
    names = {"Matrix": Matrix, "nan": NAN, "inf": INF}
    assert same(eval(repr(matrix), names), grid)
    assert str(matrix).count("[") == len(grid) + 1
    assert f"{matrix}" == str(matrix)
    assert same((-matrix, abs(matrix)), (UNARY["negate"](grid), UNARY["abs"](grid)))


@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_comparisons(grid: Grid) -> None:
    matrix, other = matrix_of(grid), matrix_of(grid)
    assert matrix == other
    assert not matrix != other
    assert matrix <= other and matrix >= other and not matrix < other and not matrix > other
    assert matrix in [other]
    if not any(x != x for x in flat(grid)):
        assert Matrix.allclose(matrix, other)
    assert Matrix.allclose(matrix, other, equal_nan=True)
    finite = [i for i, x in enumerate(flat(grid)) if math.isfinite(x)]
    if finite:
        position = divmod(finite[-1], len(grid[0]))
        other[position] = other[position] + 1.0
        assert matrix != other and matrix < other and other > matrix and other >= matrix
        assert not Matrix.allclose(matrix, other, equal_nan=True)
    assert (matrix == "text", matrix != None) == (False, True)  # noqa: E711
    with pytest.raises(TypeError):
        hash(matrix)


@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_every_slice(grid: Grid) -> None:
    matrix = matrix_of(grid)
    slices = [slice(None), slice(1, None), slice(None, None, -1), slice(0, 99, 2), slice(-1, None),
              slice(2, 1), slice(None, -1)]  # fmt: skip
    for rows in slices:
        for columns in slices:
            expected = [row[columns] for row in grid[rows]]
            if expected and expected[0]:
                assert same(matrix[rows, columns], expected)
                target = matrix_of(grid)
                target[rows, columns] = 4
                assert same(target[rows, columns], [[4.0] * len(expected[0])] * len(expected))
                target[rows, columns] = matrix[rows, columns]
                assert same(target, grid)
            else:
                with pytest.raises(IndexError):
                    matrix[rows, columns]


# ---- making ----


def test_factories() -> None:
    assert same(Matrix.zeros((2, 3)), [[0.0] * 3] * 2)
    assert same(Matrix.ones((1, 2)), [[1.0, 1.0]])
    assert same(Matrix.full((2, 1), INF), [[INF], [INF]])
    assert same(Matrix.vector([1, 2]), [[1.0, 2.0]])
    assert same(Matrix.vector((1, 2), True), [[1.0], [2.0]])


@pytest.mark.parametrize("grid", INPUTS.values(), ids=INPUTS)
def test_concat(grid: Grid) -> None:
    matrix = matrix_of(grid)
    assert same(Matrix.concat([matrix, matrix]), grid + grid)
    assert same(Matrix.concat((matrix, matrix), 1), [row + row for row in grid])
    assert same(Matrix.concat([matrix, grid[0]], axis=-2), [*grid, grid[0]])
    assert Matrix.concat([matrix]) is not matrix


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (5, 6)])
def test_random(shape: tuple[int, int]) -> None:
    Matrix.seed(3)
    first = Matrix.uniform(size=shape), Matrix.normal(size=shape), Matrix.uniform()
    Matrix.seed(3)
    second = Matrix.uniform(size=shape), Matrix.normal(size=shape), Matrix.uniform()
    assert same(first, second)
    assert (first[0].shape, first[1].shape, type(first[2])) == (shape, shape, float)
    assert all(0.0 <= x < 1.0 for x in first[0].values())
    assert same(Matrix.normal(4.0, 0.0, shape), [[4.0] * shape[1]] * shape[0])


# ---- the table is complete ----

ELSEWHERE = {
    "from_buffer", "from_dlpack",  # test_matrix_buffers.py
}  # fmt: skip


def test_no_public_attribute_is_without_a_row() -> None:
    with open(__file__, encoding="utf-8") as file:
        source = file.read()
    rows = {*UNARY, *REDUCE, *PLACES, *BINARY, *MASKS, *ELSEWHERE}
    public = {name for name in dir(Matrix) if not name.startswith("_")}
    missing = {name for name in public - rows if f".{name}" not in source and name not in "xyzw"}
    assert not missing
