"""Matrix agrees with NumPy, over whatever inputs Hypothesis makes."""

import math
import operator

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bocpy import Matrix

given_many = settings(max_examples=60, deadline=None, derandomize=True)

floats = st.floats() | st.sampled_from([0.0, -0.0, 0.5, -1.5, 2.5, math.inf, -math.inf, math.nan])
moderate = st.floats(-1e6, 1e6)
sides = st.integers(1, 9) | st.sampled_from([1, 1, 16, 17])


@st.composite
def arrays(draw, elements=floats, shape=None):
    rows, columns = shape or (draw(sides), draw(sides))
    count = rows * columns
    values = draw(st.lists(elements, min_size=min(count, 12), max_size=min(count, 12)))
    return numpy.resize(numpy.array(values, dtype=float), (rows, columns))


@st.composite
def pairs(draw, elements=floats):
    """Two arrays that broadcast."""
    rows, columns = draw(sides), draw(sides)
    left = draw(st.sampled_from([(rows, columns), (1, columns), (rows, 1), (1, 1)]))
    right = draw(st.sampled_from([(rows, columns), (1, columns), (rows, 1), (1, 1)]))
    return draw(arrays(elements, left)), draw(arrays(elements, right))


def matrix_of(array):
    return Matrix(*array.shape, array.ravel().tolist())


def check(matrix, array):
    """The same shape and the same numbers; zeros by sign, NaN as NaN."""
    actual = numpy.array(list(matrix.values())).reshape(matrix.shape)
    expected = numpy.asarray(array, dtype=float)
    numpy.testing.assert_array_equal(actual, expected, strict=True)
    known = ~numpy.isnan(expected)
    assert (numpy.signbit(actual) == numpy.signbit(expected))[known].all()


@pytest.fixture(autouse=True)
def quiet_numpy():
    with numpy.errstate(all="ignore"):
        yield


UNARY = {
    "negate": numpy.negative, "abs": numpy.abs, "ceil": numpy.ceil, "floor": numpy.floor,
    "round": numpy.rint, "sqrt": numpy.sqrt,
}  # fmt: skip
BINARY = {
    "add": numpy.add, "subtract": numpy.subtract, "multiply": numpy.multiply,
    "divide": numpy.divide, "less": numpy.less, "less_equal": numpy.less_equal,
    "greater": numpy.greater, "greater_equal": numpy.greater_equal, "equal": numpy.equal,
    "not_equal": numpy.not_equal,
}  # fmt: skip


@pytest.mark.parametrize("name", UNARY)
@given_many
@given(array=arrays())
def test_unary(name, array):
    with numpy.errstate(all="ignore"):
        check(getattr(matrix_of(array), name)(), UNARY[name](array))


@given_many
@given(array=arrays(moderate))
def test_sine_and_cosine(array):
    for name in ("sin", "cos"):
        result = getattr(matrix_of(array), name)()
        numpy.testing.assert_allclose(numpy.asarray(result), getattr(numpy, name)(array), 1e-14)


@pytest.mark.parametrize("name", BINARY)
@given_many
@given(both=pairs())
def test_binary(name, both):
    with numpy.errstate(all="ignore"):
        check(getattr(matrix_of(both[0]), name)(matrix_of(both[1])), BINARY[name](*both))


@given_many
@given(array=arrays(), low=floats, high=floats)
def test_clip_and_where(array, low, high):
    matrix = matrix_of(array)
    if not (math.isnan(low) or math.isnan(high)) and low <= high:
        expected = numpy.where(array < low, low, numpy.where(array > high, high, array))
        check(matrix.clip(low, high), expected)
    mask = matrix.less(0.5)
    check(Matrix.where(mask, matrix, low), numpy.where(array < 0.5, array, low))


@given_many
@given(array=arrays())
def test_extremes(array):
    matrix = matrix_of(array)
    for name in ("min", "max"):
        function = getattr(numpy, name)
        numpy.testing.assert_equal(getattr(matrix, name)(), float(function(array)))
        for axis in (0, 1):
            expected = function(array, axis=axis, keepdims=True)
            numpy.testing.assert_array_equal(numpy.asarray(getattr(matrix, name)(axis)), expected)


@given_many
@given(array=arrays(moderate))
def test_sums_and_places(array):
    matrix = matrix_of(array)
    tolerance = {"rtol": 1e-12, "atol": 1e-6}
    for name in ("sum", "mean"):
        function = getattr(numpy, name)
        numpy.testing.assert_allclose(getattr(matrix, name)(), function(array), **tolerance)
        for axis in (0, 1):
            actual = numpy.asarray(getattr(matrix, name)(axis))
            expected = function(array, axis=axis, keepdims=True)
            numpy.testing.assert_allclose(actual, expected, **tolerance)
    numpy.testing.assert_allclose(matrix.magnitude(), numpy.linalg.norm(array), **tolerance)
    for name in ("argmin", "argmax"):
        assert getattr(matrix, name)() == getattr(numpy, name)(array)
        for axis in (0, 1):
            assert getattr(matrix, name)(axis) == getattr(numpy, name)(array, axis).tolist()


@given_many
@given(data=st.data(), rows=sides, inner=sides, columns=sides)
def test_products(data, rows, inner, columns):
    a = data.draw(arrays(moderate, (rows, inner)))
    b = data.draw(arrays(moderate, (inner, columns)))
    product = matrix_of(a) @ matrix_of(b)
    numpy.testing.assert_allclose(numpy.asarray(product), a @ b, rtol=1e-9, atol=1e-2)
    exact = numpy.zeros((rows, columns))
    for k in range(inner):
        exact = exact + numpy.outer(a[:, k], b[k])
    check(product, exact)


@given_many
@given(array=arrays(), data=st.data())
def test_slices_and_lists(array, data):
    matrix, (rows, columns) = matrix_of(array), array.shape
    key = data.draw(st.slices(rows)), data.draw(st.slices(columns))
    if array[key].size:
        check(matrix[key], array[key])
        changed = array.copy()
        changed[key] = 7.0
        matrix[key] = 7.0
        check(matrix, changed)
    else:
        with pytest.raises(IndexError):
            matrix[key]
    matrix = matrix_of(array)
    places = data.draw(st.lists(st.integers(-rows, rows - 1), min_size=1, max_size=70))
    check(matrix[places], array[places])
    places = data.draw(st.lists(st.integers(-columns, columns - 1), min_size=1, max_size=70))
    check(matrix[:, places], array[:, places])
    check(matrix.take(places, axis=1), numpy.take(array, places, axis=1))
    changed = array.copy()
    with numpy.errstate(all="ignore"):
        numpy.add.at(changed, (slice(None), places), 0.5)
    check(matrix.put(places, 0.5, axis=1, accumulate=True), changed)


@given_many
@given(array=arrays(), repeats=st.integers(1, 4))
def test_shapes(array, repeats):
    matrix = matrix_of(array)
    check(matrix.T, array.T)
    check(matrix.transpose(in_place=True), array.T)
    matrix = matrix_of(array)
    for axis in (0, 1):
        check(matrix.repeat_interleave(repeats, axis), numpy.repeat(array, repeats, axis))
        pieces = [matrix] * repeats
        check(Matrix.concat(pieces, axis), numpy.concatenate([array] * repeats, axis))
    check(matrix.repeat_interleave(repeats), numpy.repeat(array, repeats)[None, :])


@given_many
@given(both=pairs(floats), equal_nan=st.booleans())
def test_closeness_of_one_shape(both, equal_nan):
    a = both[0]
    b = numpy.where(both[1][0, 0] > 0, a, a + 1e-9)
    with numpy.errstate(all="ignore"):
        expected = numpy.allclose(a, b, equal_nan=True)
    assert Matrix.allclose(matrix_of(a), matrix_of(b), equal_nan=True) == expected


@given_many
@given(array=arrays())
def test_memory_is_shared_both_ways(array):
    matrix = matrix_of(array)
    view = numpy.asarray(matrix)
    check(matrix, view)
    view[-1, -1] = 123.0
    assert matrix[-1, -1] == 123.0
    other = Matrix.from_buffer(array)
    other[0, 0] = 321.0
    assert array[0, 0] == 321.0
    for function in (operator.add, operator.mul):
        with numpy.errstate(all="ignore"):
            check(function(other, array), function(array, array))
