"""Matrix: making, attributes, text, random numbers, iteration, threads of one interpreter."""

import contextlib
import copy
import decimal
import fractions
import gc
import math
import sys
import sysconfig
import threading
import time
import weakref

import pytest

from bocpy import Matrix
from bocpy import _matrix as module

HUGE = 10**400


def elements(matrix):
    return list(matrix.values())


class Half:
    def __float__(self):
        return 0.5


class Two:
    def __index__(self):
        return 2


# ---- the constructor ----


def test_constructor_takes_keywords_and_any_real_number():
    assert elements(Matrix(2, 2)) == [0.0] * 4
    assert elements(Matrix(rows=1, columns=2, values=None)) == [0.0, 0.0]
    assert elements(Matrix(2, 2, values=7)) == [7.0] * 4
    assert elements(Matrix(1, 2, True)) == [1.0, 1.0]
    assert elements(Matrix(Two(), True, (1, 2.5))) == [1.0, 2.5]
    odd = [decimal.Decimal("1.5"), fractions.Fraction(1, 4), Half(), Two(), False]
    assert elements(Matrix(1, 5, odd)) == [1.5, 0.25, 0.5, 2.0, 0.0]
    assert elements(Matrix(2, 3, range(6))) == [0, 1, 2, 3, 4, 5]
    assert elements(Matrix(2, 2, Matrix(4, 1, [1, 2, 3, 4]))) == [1, 2, 3, 4]


@pytest.mark.parametrize("shape", [(0, 1), (1, 0), (-1, 2), (2, -(10**18))])
def test_dimensions_below_one_are_refused(shape):
    for make in (
        lambda: Matrix(*shape),
        lambda: Matrix.zeros(shape),
        lambda: Matrix.ones(size=shape),
        lambda: Matrix.full(shape, 1),
        lambda: Matrix.uniform(size=shape),
        lambda: Matrix.normal(0, 1, shape),
    ):
        with pytest.raises(ValueError, match="at least 1 row") as caught:
            make()
        assert isinstance(caught.value, AssertionError)


@pytest.mark.parametrize(
    "values",
    [[1], [1, 2, 3, 4, 5], (), range(3), "1234", {1, 2, 3, 4}, {}, [[1, 2], [3, 4]],
     [1, 2, 3, "4"], [1, 2, 3, 1j], object(), iter([1, 2, 3, 4])],
)  # fmt: skip
def test_values_of_another_count_or_kind_are_refused(values):
    with pytest.raises(TypeError):
        Matrix(2, 2, values)


@pytest.mark.parametrize(
    "arguments", [(), (1,), (1, 2, 3, 4), (1.0, 2), ("1", 2), (None, 1), (1, 1j)]
)
def test_arguments_of_the_wrong_kind_are_refused(arguments):
    with pytest.raises(TypeError):
        Matrix(*arguments)


def test_unknown_and_double_keywords_are_refused():
    with pytest.raises(TypeError, match="unexpected keyword argument 'value'"):
        Matrix(1, 1, value=3)
    with pytest.raises(TypeError, match="multiple values for argument 'rows'"):
        Matrix(1, 1, rows=3)
    with pytest.raises(TypeError, match="missing argument 'columns'"):
        Matrix(rows=3)


def test_numbers_that_are_no_doubles_overflow():
    for act in (
        lambda: Matrix(1, 1, HUGE),
        lambda: Matrix(1, 1, [HUGE]),
        lambda: Matrix.vector([HUGE]),
        lambda: Matrix.full((1, 1), HUGE),
        lambda: Matrix(1, 1) + HUGE,
        lambda: Matrix(HUGE, 1),
        lambda: Matrix.zeros((HUGE, 1)),
        lambda: setattr(Matrix(1, 1), "x", HUGE),
    ):
        with pytest.raises(OverflowError):
            act()


@pytest.mark.parametrize("size", [(2**31, 2**31), (2**62, 1), (sys.maxsize, sys.maxsize)])
def test_sizes_that_cannot_exist_overflow(size):
    for make in (
        lambda: Matrix(*size),
        lambda: Matrix(*size, 1.0),
        lambda: Matrix.zeros(size),
        lambda: Matrix.ones(size),
        lambda: Matrix.uniform(size=size),
    ):
        with pytest.raises((OverflowError, MemoryError)):
            make()


def test_size_takes_a_tuple_or_a_list_of_two():
    assert Matrix.zeros([2, 3]).shape == (2, 3)
    assert Matrix.ones(size=(2, 3)).sum() == 6
    assert elements(Matrix.full((1, 2), value=-0.0)) == [-0.0, -0.0]
    assert math.copysign(1, Matrix.full((1, 1), -0.0).x) == -1
    for size in ((1,), (1, 2, 3), [], 3, "12", {1, 2}, None, (1.5, 2)):
        for make in (Matrix.zeros, Matrix.ones):
            with pytest.raises(TypeError):
                make(size)


def test_vector_takes_any_iterable():
    assert Matrix.vector([1, 2]).shape == (1, 2)
    assert Matrix.vector(values=(1, 2), as_column=True).shape == (2, 1)
    assert elements(Matrix.vector(i * 0.5 for i in range(3))) == [0.0, 0.5, 1.0]
    assert Matrix.vector({3}).x == 3.0
    for empty in ([], (), iter(())):
        with pytest.raises(ValueError, match="empty"):
            Matrix.vector(empty)
    for wrong in (3, None, "12", ["1"], [[1]]):
        with pytest.raises(TypeError):
            Matrix.vector(wrong)


def test_concat_puts_pieces_together():
    a = Matrix(1, 2, [1, 2])
    b = Matrix(2, 2, [3, 4, 5, 6])
    assert elements(Matrix.concat([a, b])) == [1, 2, 3, 4, 5, 6]
    assert elements(Matrix.concat(values=(b, b), axis=1)) == [3, 4, 3, 4, 5, 6, 5, 6]
    assert Matrix.concat([a, (7, 8)], axis=-2).shape == (2, 2)
    assert elements(Matrix.concat([b, [7, 8]], -1)) == [3, 4, 7, 5, 6, 8]
    one = Matrix.concat([a])
    one.x = 9
    assert a.x == 1


def test_concat_refuses_what_does_not_fit():
    a, b = Matrix(1, 2), Matrix(2, 3)
    for values, axis in (([a, b], 0), ([a, b], 1), ([], 0), ([], 1)):
        with pytest.raises(ValueError, match="concat") as caught:
            Matrix.concat(values, axis)
        assert isinstance(caught.value, AssertionError)
    for axis in (2, -3, 1000):
        with pytest.raises(ValueError, match="axis must be -2, -1, 0, or 1") as caught:
            Matrix.concat([a], axis)
        assert isinstance(caught.value, KeyError)
    for values in (3, [a, 3], [a, None], ["12"]):
        with pytest.raises(TypeError):
            Matrix.concat(values)


def test_list_that_shrinks_while_it_is_read_is_an_error():
    values = []

    class Shrinks:
        def __float__(self):
            del values[1:]
            return 1.0

    values += [Shrinks(), 2, 3]
    with pytest.raises(RuntimeError, match="changed"):
        Matrix(1, 3, values)


# ---- attributes ----


def test_attributes():
    matrix = Matrix(2, 3, [3, 0, 0, 0, 0, 4])
    assert (matrix.rows, matrix.columns, matrix.size, matrix.length) == (2, 3, 6, 5.0)
    assert matrix.shape == (2, 3)
    assert matrix.T.shape == (3, 2)
    assert matrix.acquired
    for name in ("rows", "columns", "shape", "size", "length", "T", "acquired", "other"):
        with pytest.raises(AttributeError):
            setattr(matrix, name, 1)
    with pytest.raises(TypeError):
        Matrix.zeros_ = 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (2, 2), (4, 1), (2, 3)])
def test_letters_are_the_first_elements(shape):
    matrix = Matrix(*shape, range(shape[0] * shape[1]))
    for place, letter in enumerate("xyzw"):
        if place < matrix.size:
            assert getattr(matrix, letter) == place
            setattr(matrix, letter, place + 10)
            assert elements(matrix)[place] == place + 10
            for wrong in ("1", None, 1j, Matrix(1, 1)):
                with pytest.raises(TypeError):
                    setattr(matrix, letter, wrong)
            with pytest.raises(TypeError):
                delattr(matrix, letter)
        else:
            with pytest.raises(IndexError, match=letter):
                getattr(matrix, letter)
            with pytest.raises(IndexError, match=letter):
                setattr(matrix, letter, 1)


def test_public_name_and_docs():
    assert (Matrix.__module__, Matrix.__name__) == ("bocpy", "Matrix")
    for name, member in vars(Matrix).items():
        if not name.startswith("__"):
            assert member.__doc__, name
    for name in ("sum", "take", "fma", "__dlpack__"):
        assert getattr(Matrix, name).__text_signature__, name


def test_weak_references_and_size():
    matrix = Matrix(100, 100)
    assert sys.getsizeof(matrix) > 80_000
    assert sys.getsizeof(Matrix(1, 1)) < 400
    reference = weakref.ref(matrix)
    del matrix
    gc.collect()
    assert reference() is None


def test_every_exception_is_what_older_versions_raised_too():
    assert issubclass(module.ShapeError, (ValueError)) and issubclass(
        module.ShapeError, NotImplementedError
    )
    assert issubclass(module.AxisError, KeyError) and issubclass(module.AxisError, ValueError)
    assert issubclass(module.KeyShapeError, IndexError)
    assert issubclass(module.BoundsError, AssertionError)
    assert str(module.AxisError("plain")) == "plain"  # KeyError would quote it


# ---- text ----

SPECIAL = [1.0, -0.0, 0.1, 1e300, 5e-324, 1 / 3, math.pi, math.inf, -math.inf, math.nan]


def test_repr_evaluates_to_the_same_elements():
    matrix = Matrix(2, 5, SPECIAL)
    again = eval(repr(matrix), {"Matrix": Matrix})
    assert again.shape == (2, 5)
    assert [x.hex() for x in again.values()] == [x.hex() for x in matrix.values()]
    assert repr(Matrix(1, 2, [1, 0.1])) == "Matrix(1, 2, [1.0, 0.1])"


def test_str_is_a_table():
    assert str(Matrix(2, 3, range(1, 7))) == "[[1 2 3]\n [4 5 6]]"
    assert str(Matrix(1, 1, 5)) == "[[5]]"
    assert str(Matrix(2, 1, [10.5, -math.nan])) == "[[10.5]\n [ nan]]"
    assert str(Matrix(1, 2, [1 / 3, math.inf])) == "[[0.333333      inf]]"
    assert f"{Matrix(1, 1, 5)}" == "[[5]]"
    with pytest.raises(TypeError):
        format(Matrix(1, 1), ".2f")


def test_str_leaves_out_the_middle_of_large_matrices():
    text = str(Matrix(10_000, 10_000))
    assert text.splitlines()[0] == "[[0 0 0 0 ... 0 0 0 0]"
    assert text.splitlines()[4] == " ..."
    assert len(text.splitlines()) == 9
    assert str(Matrix(1, 1000)).count("0") == 1000
    assert str(Matrix(1001, 1)).count("\n") == 8
    assert len(repr(Matrix(40, 40))) > 1600 * 3


# ---- iteration ----


def test_len_iteration_and_containment():
    matrix = Matrix(2, 2, [1, 2, 3, 3])
    assert len(matrix) == 2
    assert [elements(row) for row in matrix] == [[1, 2], [3, 3]]
    assert [elements(row) for row in reversed(matrix)] == [[3, 3], [1, 2]]
    assert list(Matrix(3, 1, [1, 2, 3])) == [1.0, 2.0, 3.0]
    assert [1, 2] in matrix
    assert 3 in matrix
    assert 2 not in matrix
    assert bool(Matrix(1, 1))


def test_values_are_made_when_asked_for():
    matrix = Matrix(1, 3, [1, 2, 3])
    values = matrix.values()
    assert values.__length_hint__() == 3
    assert next(values) == 1
    matrix.y = 9
    assert list(values) == [9, 3]
    assert list(values) == []
    with pytest.raises(TypeError):
        type(values)()


# ---- random numbers ----


def test_seed_makes_the_same_numbers_follow():
    def draw():
        return [
            Matrix.uniform(),
            *Matrix.uniform(2, 3, (3, 3)).values(),
            *Matrix.normal(size=[1, 5]).values(),
            Matrix.normal(10, 2),
        ]

    Matrix.seed(5)
    first = draw()
    assert draw() != first
    Matrix.seed(value=5)
    assert draw() == first
    Matrix.seed(-(10**30))
    assert draw() != first
    for wrong in (1.5, "1", None):
        with pytest.raises(TypeError):
            Matrix.seed(wrong)
    with pytest.raises(TypeError):
        Matrix.seed()


def test_uniform_is_half_open_and_fills_the_range():
    Matrix.seed(1)
    matrix = Matrix.uniform(5, 10, (300, 300))
    assert 5 <= matrix.min() < 5.01
    assert 9.99 < matrix.max() < 10
    assert abs(matrix.mean() - 7.5) < 0.05
    assert Matrix.uniform(3, 3, (5, 5)) == 3
    assert len(set(matrix.values())) == 90_000  # far more than 31 bits


def test_normal_has_its_mean_and_deviation():
    Matrix.seed(2)
    matrix = Matrix.normal(5, 2, (500, 500))
    assert abs(matrix.mean() - 5) < 0.05
    assert abs((matrix - 5).magnitude_squared() / 250_000 - 4) < 0.1
    assert Matrix.normal(7, 0, (2, 2)) == 7
    for wrong in ({"mean": None}, {"stddev": "1"}):
        with pytest.raises(TypeError):
            Matrix.normal(**wrong)
    with pytest.raises(TypeError):
        Matrix.uniform(minval=None)


def test_processes_do_not_share_a_sequence(program):
    source = "from bocpy import Matrix\nprint(Matrix.uniform())\n"
    assert program(source).stdout != program(source).stdout


# ---- threads ----


def test_every_method_works_on_any_thread():
    failed = []

    def work():
        try:
            matrix = Matrix.zeros((2, 2)) + [1, 2]
            assert elements(matrix.copy().T @ matrix) == [2, 4, 4, 8]
            assert Matrix.concat([matrix, matrix]).sum() == 12
            assert matrix == eval(repr(matrix))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


LONG = 120_000
PLACES = list(range(LONG))

LONG_CALLS = {
    "put": lambda a: a.put(PLACES, 1.0, axis=1),
    "put list": lambda a: a.put(PLACES, a, axis=1),
    "take": lambda a: a.take(PLACES, axis=1),
    "gather": lambda a: a[:, PLACES],
    "scatter": lambda a: a.__setitem__((slice(None), PLACES), 2.0),
    "take_along_axis": lambda a: a.take_along_axis(a, axis=1),
    "put_along_axis": lambda a: a.put_along_axis(a, 1.0, axis=1),
    "repeat_interleave": lambda a: a.repeat_interleave(3),
    "concat": lambda a: Matrix.concat([a, a, a], axis=1),
    "copy": copy.copy,
    "copy()": lambda a: a.copy(),
    "constructor": lambda a: Matrix(300, LONG // 300, a),
    "vector": Matrix.vector,
    "equal": lambda a: a == a,  # noqa: PLR0124
    "length": lambda a: a.length,
    "mask": lambda a: a.sum(where=True),
    "topk": lambda a: a.topk(3),
    "dlpack": lambda a: a.__dlpack__(copy=True),
    "allclose": lambda a: Matrix.allclose(a, a),
    "where": lambda a: Matrix.where(a, a, 1.0),
    "less": lambda a: a.less(a),
    "negate": lambda a: a.negate(),
    "clip": lambda a: a.clip(0.0, 1.0),
    "fma": lambda a: a.fma(2.0, 1.0),
    "normalize": lambda a: a.normalize(),
    "transpose": lambda a: a.T,
}


@pytest.mark.parametrize("name", LONG_CALLS)
def test_long_calls_run_without_the_gil_and_hold_their_operand(name):
    """Goal: every long kernel leaves the GIL to others, and its operand stays what it is.

    Method: another thread calls it; this one turns the operand, which is refused while a kernel
    is away, and could not even be tried then if the kernel kept the GIL.
    """
    a = Matrix.zeros((1, LONG))
    stop = threading.Event()

    def work():
        while not stop.is_set():
            with contextlib.suppress(ValueError, IndexError):  # it is turned just now
                LONG_CALLS[name](a)

    thread = threading.Thread(target=work)
    thread.start()
    refused = False
    limit = time.monotonic() + 60
    while not refused and time.monotonic() < limit:
        try:
            a.transpose(in_place=True)
            a.transpose(in_place=True)
        except BufferError:
            refused = True
    stop.set()
    thread.join()
    assert refused
    assert a.size == LONG


def test_long_kernels_let_other_threads_run():
    """Goal: the GIL is free during a product, and its operands stay what they are.

    Method: another thread multiplies; this one turns an operand, which is refused during a
    product only, and which it could not even try if the product kept the GIL.
    """
    a = Matrix.uniform(size=(300, 200))
    b = Matrix.uniform(size=(200, 300))
    expected = a @ b
    stop = threading.Event()
    wrong = []

    def multiply():
        while not stop.is_set():
            try:
                if a @ b != expected:
                    wrong.append("result")
            except ValueError:  # it is turned just now
                pass

    thread = threading.Thread(target=multiply)
    thread.start()
    refused = False
    limit = time.monotonic() + 60
    while not refused and time.monotonic() < limit:
        try:
            a.transpose(in_place=True)
            a.transpose(in_place=True)
        except BufferError:
            refused = True
    stop.set()
    thread.join()
    assert refused
    assert wrong == []


FAILING = """
import copy, pickle, sys
import _testcapi
from bocpy import Cown, Matrix, receive, send

class Tagged(Matrix):
    pass

m = Matrix(3, 3, range(9))
t = Tagged(1, 2, [1, 2])
memory = bytearray(72)
data = pickle.dumps(m)
tagged = pickle.dumps(t)
c = Cown(None)

def away():
    for matrix in (Matrix(2, 2, [1, 2, 3, 4]), t.copy()):
        cown = Cown([matrix, (matrix,)])
        with cown as value:
            value[0].x

OPERATIONS = [
    lambda: Matrix(2, 2), lambda: Matrix(2, 2, (1, 2, 3, 4)), lambda: Matrix(9, 1, m),
    lambda: Matrix(1, 2, range(2)), lambda: Matrix.ones([2, 2]), lambda: Tagged(1, 2, [1, 2]),
    lambda: Matrix.vector(iter([1, 2])), lambda: Matrix.concat([m, [1, 2, 3]]),
    lambda: Matrix.uniform(size=(2, 2)), lambda: Matrix.where(m, 1, m),
    lambda: m + 1, lambda: m + [1, 2, 3], lambda: [1, 2, 3] - m, lambda: m @ m, lambda: -m,
    lambda: m.__iadd__(0), lambda: m.add(m, out=m.copy()), lambda: m.less([1, 2, 3]),
    lambda: m == [1], lambda: m.fma(m, 1), lambda: m.scaled_add(m, m),
    lambda: m.sum(0, where=[1, 0, 1]), lambda: m.argmin(1), lambda: m.topk(2, 1, where=m),
    lambda: m.vecdot([1, 2, 3]), lambda: m.cross([1, 2, 3]), lambda: m.normalize(1),
    lambda: m.T, lambda: Matrix(2, 3).transpose(in_place=True), lambda: m.clip(0, 5),
    lambda: m[0], lambda: m[:, [0, 1]], lambda: m[::2, 1:],
    lambda: m.__setitem__([0, 1], [1, 2, 3]), lambda: m.__setitem__(0, range(3)),
    lambda: m.__setitem__(slice(None, None, -1), m), lambda: m.take([0, 0]),
    lambda: m.put([0, 1], [1, 2, 3]), lambda: m.take_along_axis([0, 1, 2]),
    lambda: m.put_along_axis([0, 1, 2], [1, 2, 3], 1), lambda: m.repeat_interleave(2),
    lambda: list(m.values()), lambda: repr(m), lambda: str(m), lambda: m.shape,
    lambda: memoryview(m).release(), lambda: m.__dlpack__(max_version=(1, 0)),
    lambda: Matrix.from_dlpack(m), lambda: Matrix.from_buffer(memory, copy=True),
    lambda: Matrix.from_buffer(memoryview(memory).cast("d")),
    lambda: pickle.loads(data), lambda: pickle.loads(tagged), lambda: pickle.dumps(t, 5),
    lambda: copy.copy(t), lambda: copy.deepcopy(t), away,
]
failed = 0
for number, operation in enumerate(OPERATIONS):
    operation()
    for n in range(200):
        _testcapi.set_nomemory(n, n + 1)
        try:
            result = operation()
        except (MemoryError, pickle.PicklingError):
            failed += 1
        finally:
            _testcapi.remove_mem_hooks()
        result = None
        assert m.acquired and t.acquired and m.shape == (3, 3), number
assert failed > 100, failed
m.transpose(in_place=True)  # no pin is left
Cown(m), Cown(t)
print("done")
"""


@pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    reason="what makes allocations fail crashes free-threaded builds by itself",
)
def test_each_allocation_may_fail(program):
    pytest.importorskip("_testcapi")
    done = program(FAILING, limit=90)
    assert done.stdout == "done\n", done.stderr


def test_a_matrix_is_no_number_though_its_bytes_may_be_digits():
    digits = Matrix.from_buffer(memoryview(bytearray(b"12345678")).cast("d"))
    for number in (float, int, complex):
        with pytest.raises(TypeError):
            number(digits)
    for refused in (lambda: Matrix(1, 1, [digits]), lambda: setattr(digits, "x", digits),
                    lambda: Matrix.full((1, 1), digits), lambda: digits.clip(digits),
                    lambda: Matrix.uniform(digits)):  # fmt: skip
        with pytest.raises(TypeError):
            refused()
    assert Matrix(1, 1, digits) == digits
