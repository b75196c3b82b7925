"""m[...] read and written: every kind of key, against lists of lists."""

import pytest

from bocpy import Matrix

HUGE = 10**100
SHAPES = [(1, 1), (1, 5), (5, 1), (3, 4), (4, 3), (7, 7)]


def make(shape):
    rows, columns = shape
    return Matrix(rows, columns, range(rows * columns))


def lists(matrix):
    values = list(matrix.values())
    return [values[i : i + matrix.columns] for i in range(0, len(values), matrix.columns)]


def keys(length):
    """Every int and many slices of a dimension."""
    yield from range(-length, length)
    bounds = [None, 0, 1, -1, length + 3, -length - 3]
    for start in bounds:
        for stop in bounds:
            for step in (None, 2, -1, -3):
                yield slice(start, stop, step)


def picked(key, length):
    return [key % length] if isinstance(key, int) else list(range(length))[key]


# ---- reading ----


@pytest.mark.parametrize("shape", SHAPES)
def test_one_key_selects_rows(shape):
    matrix, expected = make(shape), lists(make(shape))
    for key in keys(shape[0]):
        rows = [expected[row] for row in picked(key, shape[0])]
        if not rows:
            with pytest.raises(IndexError):
                matrix[key]
        elif isinstance(key, int) and shape[1] == 1:
            assert matrix[key] == rows[0][0]
            assert type(matrix[key]) is float
        else:
            assert lists(matrix[key]) == rows


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (3, 1), (3, 4)])
def test_two_keys_select_a_block(shape):
    matrix, expected = make(shape), lists(make(shape))
    for first in keys(shape[0]):
        for second in keys(shape[1]):
            columns = picked(second, shape[1])
            block = [[expected[row][c] for c in columns] for row in picked(first, shape[0])]
            if not block or not columns:
                with pytest.raises(IndexError):
                    matrix[first, second]
            elif isinstance(first, int) and isinstance(second, int):
                assert matrix[first, second] == block[0][0]
                assert type(matrix[first, second]) is float
            else:
                assert lists(matrix[first, second]) == block  # a matrix, also of one element


@pytest.mark.parametrize("count", [1, 2, 64, 65, 100])
def test_lists_gather_rows_and_columns(count):
    matrix = make((5, 3))
    expected = lists(matrix)
    rows = [(i * 7) % 5 - (5 if i % 2 else 0) for i in range(count)]
    columns = [i % 3 for i in range(count)]
    assert lists(matrix[rows]) == [expected[row] for row in rows]
    assert matrix[rows, :] == matrix[rows]
    assert lists(matrix[:, columns]) == [[row[c] for c in columns] for row in expected]
    one = make((1, 1))[[0]]
    assert type(one) is Matrix and one.shape == (1, 1)
    assert matrix[[True, False]].shape == (2, 3)  # 1 and 0


@pytest.mark.parametrize("index", [3, 100, -4, -5, -6, -7, 2**62, -(2**62)])
def test_index_out_of_range_says_which_and_where(index):
    matrix = make((3, 3))
    for text, key in (
        ("row", index),
        ("row", (index, 0)),
        ("row", (index, slice(None))),
        ("row", [0, index]),
        ("column", (0, index)),
        ("column", (slice(None), index)),
        ("column", (slice(None), [index])),
    ):
        with pytest.raises(IndexError, match=f"{text} index {index} ") as read:
            matrix[key]
        with pytest.raises(IndexError) as written:
            matrix[key] = 1
        assert str(read.value) == str(written.value)
    assert matrix == make((3, 3))


@pytest.mark.parametrize("key", [HUGE, -HUGE, (0, HUGE), [HUGE], (slice(None), [HUGE])])
def test_index_beyond_every_integer_overflows(key):
    for act in (lambda m: m[key], lambda m: m.__setitem__(key, 1)):
        with pytest.raises(OverflowError):
            act(make((2, 2)))


@pytest.mark.parametrize(
    "key",
    [1.0, "0", None, ..., (0, 1.0), ("0", 0), (0, None), [0.5], ["0"], [None], {0}, ((0,), 0),
     slice("a", None), Matrix(1, 1)],
)  # fmt: skip
def test_keys_of_the_wrong_kind_are_type_errors(key):
    for act in (lambda m: m[key], lambda m: m.__setitem__(key, 1)):
        with pytest.raises(TypeError):
            act(make((2, 2)))


@pytest.mark.parametrize("key", [(), (0,), (0, 0, 0)])
def test_keys_with_another_number_of_parts(key):
    for act in (lambda m: m[key], lambda m: m.__setitem__(key, 1)):
        with pytest.raises(IndexError) as caught:
            act(make((2, 2)))
        assert isinstance(caught.value, KeyError)


@pytest.mark.parametrize(
    "key", [[], ([], slice(None)), ([0], [0]), ([0], 0), (0, [0]), ([0], slice(0, 2)),
            (slice(0, 2), [0])],
)  # fmt: skip
def test_lists_stand_beside_a_bare_colon_only(key):
    for act in (lambda m: m[key], lambda m: m.__setitem__(key, 1)):
        with pytest.raises(IndexError):
            act(make((2, 2)))


def test_step_zero_is_a_value_error():
    for act in (lambda m: m[::0], lambda m: m.__setitem__((0, slice(None, None, 0)), 1)):
        with pytest.raises(ValueError, match="zero"):
            act(make((2, 2)))


def test_code_of_a_key_may_change_the_matrix():
    matrix = make((4, 2))

    class Turns:
        def __index__(self):
            if matrix.rows == 4:
                matrix.transpose(in_place=True)
            return 3

    with pytest.raises(IndexError):
        matrix[Turns()]
    matrix = make((4, 2))
    assert matrix[0, Turns()] == matrix[0, 3]


# ---- writing ----


def write(expected, rows, columns, value):
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            expected[row][column] = value(i, j)


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (3, 4)])
def test_blocks_are_set_to_numbers_matrices_rows_and_columns(shape):
    for first in keys(shape[0]):
        rows = picked(first, shape[0])
        for second in (0, -1, slice(None), slice(None, None, -1), slice(0, 2), slice(5, 3)):
            columns = picked(second, shape[1])
            key = (first, second)
            if not rows or not columns:
                with pytest.raises(IndexError):
                    make(shape)[key] = 1
                continue
            block = Matrix(len(rows), len(columns), range(100, 100 + len(rows) * len(columns)))
            for value, at in (
                (5, lambda i, j: 5.0),
                (block, lambda i, j: block[i, j]),
                (block[0:1], lambda i, j: block[0, j]),
                (block[:, 0:1], lambda i, j: block[i, 0]),
                (block[0:1, 0:1], lambda i, j: 100.0),
                (list(block[0:1].values()), lambda i, j: block[0, j]),
            ):
                if isinstance(value, list) and len(columns) == 1:
                    continue  # a flat list for a column: see below
                matrix, expected = make(shape), lists(make(shape))
                matrix[key] = value
                write(expected, rows, columns, at)
                assert lists(matrix) == expected


def test_flat_values_fill_a_single_column_from_top_to_bottom():
    matrix = make((3, 2))
    matrix[:, 1] = [7, 8, 9]
    assert lists(matrix) == [[0, 7], [2, 8], [4, 9]]
    matrix[0:2, 0] = (i for i in (5, 6))
    assert lists(matrix) == [[5, 7], [6, 8], [4, 9]]
    with pytest.raises(ValueError):
        matrix[:, 1] = [7, 8]
    with pytest.raises(ValueError):
        matrix[:, 1] = Matrix(1, 3)  # a row is a row


@pytest.mark.parametrize(
    ("key", "value"),
    [(0, [1, 2]), (0, [1, 2, 3, 4]), (slice(0, 2), Matrix(3, 3)), (slice(0, 2), Matrix(1, 2)),
     ((0, 0), [1, 2]), ((slice(None), 0), Matrix(2, 1)), ([0, 1], Matrix(3, 3)),
     ((slice(None), [0, 1]), Matrix(2, 2)), (0, []), ([0], [])],
)  # fmt: skip
def test_value_of_another_shape_changes_nothing(key, value):
    matrix = make((3, 3))
    with pytest.raises(ValueError):
        matrix[key] = value
    assert matrix == make((3, 3))


@pytest.mark.parametrize("value", ["1", ["1"], None, 1j, [[1, 2, 3]], object(), {"a": 1}])
def test_value_that_is_no_number_changes_nothing(value):
    for key in (0, (0, 0), [0], slice(None)):
        matrix = make((3, 3))
        with pytest.raises(TypeError):
            matrix[key] = value
        assert matrix == make((3, 3))


def test_lists_scatter():
    matrix = make((4, 2))
    matrix[[3, 0]] = Matrix(2, 2, [10, 11, 12, 13])
    assert lists(matrix) == [[12, 13], [2, 3], [4, 5], [10, 11]]
    matrix[[1, -2]] = 7
    assert lists(matrix)[1:3] == [[7, 7], [7, 7]]
    matrix[:, [1]] = Matrix(4, 1, [1, 2, 3, 4])
    assert [row[1] for row in lists(matrix)] == [1, 2, 3, 4]
    matrix[[0, 1]] = [5, 6]  # a row for each
    assert lists(matrix)[:2] == [[5, 6], [5, 6]]
    matrix[[0, 0]] = Matrix(2, 2, [1, 1, 2, 2])  # the last one stays
    assert lists(matrix)[0] == [2, 2]
    matrix[[0, 0]] += 1  # once
    assert lists(matrix)[0] == [3, 3]
    matrix[[0, 1], :] = Matrix(1, 1, 9)
    assert lists(matrix)[:2] == [[9, 9], [9, 9]]


def test_matrix_may_be_its_own_value():
    matrix = make((3, 3))
    matrix[[2, 1, 0]] = matrix
    assert lists(matrix) == [[6, 7, 8], [3, 4, 5], [0, 1, 2]]
    matrix[::-1] = matrix
    assert matrix == make((3, 3))
    matrix[:, ::-1] = matrix
    assert lists(matrix)[0] == [2, 1, 0]
    matrix = make((2, 2))
    matrix.put([1, 0], matrix)
    assert lists(matrix) == [[2, 3], [0, 1]]
    assert lists(matrix.take([1, 0], out=matrix)) == [[0, 1], [2, 3]]
    assert lists(matrix.take([1, 1], 1, in_place=True)) == [[1, 1], [3, 3]]


def test_error_in_a_list_of_indices_changes_nothing():
    matrix = make((3, 2))
    for act in (
        lambda: matrix.__setitem__([0, 1, 3], 5),
        lambda: matrix.put([0, 1, -4], 5),
        lambda: matrix.put_along_axis([0, 3], 5),
        lambda: matrix.put([0, 1], Matrix(3, 2)),
    ):
        with pytest.raises((IndexError, ValueError)):
            act()
        assert matrix == make((3, 2))


def test_nothing_is_deleted():
    matrix = make((2, 2))
    for key in (0, (0, 0), slice(None), [0]):
        with pytest.raises(TypeError, match="deleted"):
            del matrix[key]
    assert matrix == make((2, 2))


# ---- take, put and the like ----


def test_take_and_put_by_axis():
    matrix = make((3, 2))
    assert lists(matrix.take([2, 0])) == [[4, 5], [0, 1]]
    assert lists(matrix.take(indices=iter([1]), axis=-1)) == [[1], [3], [5]]
    assert matrix.put([0], 9) is matrix
    assert lists(matrix.put([-1], [1, 2], axis=0)) == [[9, 9], [2, 3], [1, 2]]
    assert lists(matrix.put([0, 0], 1, axis=1, accumulate=True))[0] == [11, 9]
    for axis in (2, -3):
        for act in (lambda: matrix.take([0], axis), lambda: matrix.put([0], 1, axis)):
            with pytest.raises(ValueError) as caught:
                act()
            assert isinstance(caught.value, KeyError)
    for wrong in ([], [3], [-4]):
        with pytest.raises(IndexError):
            matrix.take(wrong)
    for wrong in (3, [1.5], ["0"], [None], None):
        with pytest.raises(TypeError):
            matrix.take(wrong)
    with pytest.raises(OverflowError):
        matrix.take([HUGE])
    with pytest.raises(ValueError, match="out shape 1x1 does not match result 1x2"):
        matrix.take([0], out=Matrix(1, 1))
    with pytest.raises(ValueError):
        matrix.take([0], in_place=True)


def test_sums_of_put_follow_the_order_of_the_list():
    matrix = Matrix(1, 1, 1e16)
    matrix.put([0, 0, 0], Matrix(3, 1, [1, 1, -1e16]), accumulate=True)
    assert matrix.x == 0.0 + ((1e16 + 1) + 1) - 1e16


def test_topk_and_along_axis_fit_together():
    matrix = Matrix(2, 3, [3, 1, 2, 4, 6, 5])
    values, places = matrix.topk(2, axis=1)
    assert (lists(values), places) == ([[3, 2], [6, 5]], [[0, 2], [1, 2]])
    values, places = matrix.topk(2, axis=1, as_matrix=True)
    assert matrix.take_along_axis(places, 1) == values
    values, places = matrix.topk(1, 0, largest=False, as_matrix=True)
    assert lists(values) == [[3, 1, 2]]
    assert matrix.take_along_axis(places) == values
    assert lists(matrix.take_along_axis(matrix.argmin(0))) == [[3, 1, 2]]
    assert lists(matrix.take_along_axis(matrix.argmax(1), axis=1)) == [[3], [6]]
    matrix.put_along_axis(matrix.argmax(1), [10, 20], 1)
    assert lists(matrix) == [[10, 1, 2], [4, 20, 5]]
    matrix.put_along_axis(Matrix(1, 3), 1, accumulate=True)
    assert lists(matrix) == [[11, 2, 3], [4, 20, 5]]
    for wrong in (0, 7, -1):
        with pytest.raises(ValueError, match="k must be from 1 to 6"):
            matrix.topk(wrong)
    for wrong, error in (
        ([0, 0], ValueError),
        ([0, 0, 5], IndexError),
        ([0.5, 0, 0], TypeError),
        ([float("nan"), 0, 0], TypeError),
        (3, TypeError),
        ("abc", TypeError),
    ):
        with pytest.raises(error):
            matrix.take_along_axis(wrong)


def test_repeat_interleave():
    matrix = Matrix(2, 2, [1, 2, 3, 4])
    assert lists(matrix.repeat_interleave(2)) == [[1, 1, 2, 2, 3, 3, 4, 4]]
    assert lists(matrix.repeat_interleave(2, 0)) == [[1, 2], [1, 2], [3, 4], [3, 4]]
    assert lists(matrix.repeat_interleave(2, axis=1)) == [[1, 1, 2, 2], [3, 3, 4, 4]]
    for wrong in (0, -1):
        with pytest.raises(ValueError):
            matrix.repeat_interleave(wrong)
    for wrong in (2**62, 10**30):
        with pytest.raises((OverflowError, MemoryError)):
            matrix.repeat_interleave(wrong)


def test_masks_where_and_elements_along_an_axis_go_into_out():
    """Also where `out` is an operand, the mask, the indices or what is taken from."""
    a, b = Matrix(2, 3, [1, 5, 3, 4, 2, 6]), Matrix(2, 3, [2, 2, 3, 5, 1, 6])
    names = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
    for name in names:
        expected = getattr(a, name)(b)
        for out in (Matrix(2, 3), a.copy()):
            assert getattr(a, name)(b, out=out) is out
            assert out == expected
        target = a.copy()
        assert getattr(target, name)(b, out=target) == expected
        with pytest.raises(ValueError, match="out shape 1x1 does not match result 2x3"):
            getattr(a, name)(b, out=Matrix(1, 1))
    mask = a.less(b)
    expected = Matrix.where(mask, a, b)
    for out in (Matrix(2, 3), a.copy(), b.copy()):
        assert Matrix.where(mask, a, b, out=out) is out
        assert out == expected
    assert Matrix.where(mask, a, b, out=mask) == expected
    assert a.take_along_axis([1, 0, 1], out=Matrix(1, 3)) == Matrix(1, 3, [4, 5, 6])
    indices = Matrix(2, 3, [1, 0, 1, 0, 1, 0])
    expected = a.take_along_axis(indices)
    for out in (a.copy(), a):
        assert out.take_along_axis(indices, 0, out=out) == expected
    assert b.take_along_axis(indices, out=indices) is indices
    for wrong, error in ((Matrix(2, 3), ValueError), ([1, 2, 3], TypeError)):
        with pytest.raises(error):
            a.take_along_axis([0, 0, 0], out=wrong)
    with pytest.raises(TypeError):
        Matrix.where(mask, a, b, out=[0] * 6)
    assert b.put_along_axis(indices=[0, 0, 0], value=7) is b
    assert b[0] == [7, 7, 7]
