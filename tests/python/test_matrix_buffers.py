"""Memory shared with others, pickles, copies, subclasses."""

import array
import copy
import ctypes
import gc
import math
import pickle
import struct
import weakref

import numpy as np
import pytest

from bocpy import Matrix

ROWS = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


def make():
    return Matrix(2, 3, range(1, 7))


def bits(matrix):
    return [struct.pack("=d", value) for value in matrix.values()]


# ---- our memory for others ----


def test_memoryview_of_a_matrix():
    matrix = make()
    view = memoryview(matrix)
    assert (view.format, view.itemsize, view.ndim) == ("d", 8, 2)
    assert (view.shape, view.strides, view.nbytes) == ((2, 3), (24, 8), 48)
    assert view.c_contiguous and not view.readonly
    assert view.tolist() == ROWS
    view[1, 2] = 60.0
    assert matrix[1, 2] == 60
    assert bytes(matrix) == view.tobytes()
    assert struct.unpack("=6d", matrix) == (1, 2, 3, 4, 5, 60)
    address = ctypes.addressof(ctypes.c_char.from_buffer(matrix))
    assert address % 64 == 0


def test_numpy_shares_memory():
    matrix = make()
    shared = np.asarray(matrix)
    assert shared.shape == (2, 3) and shared.dtype == np.float64
    shared[0, 0] = 10
    assert matrix.x == 10
    matrix += 1
    assert shared[1, 2] == 7
    for again in (np.from_dlpack(matrix), np.frombuffer(matrix)):
        assert np.shares_memory(again, shared)
    assert not np.shares_memory(np.array(matrix), shared)
    assert not np.shares_memory(np.from_dlpack(matrix, copy=True), shared)


def test_shape_stays_while_memory_is_exported():
    matrix, square = make(), Matrix(2, 2, [1, 2, 3, 4])
    views = memoryview(matrix), np.from_dlpack(square)
    with pytest.raises(BufferError, match="shape"):
        matrix.transpose(in_place=True)
    with pytest.raises(BufferError, match="exported"):
        matrix.__init__(1, 1)
    assert square.transpose(in_place=True) is square
    assert views[1].tolist() == [[1, 3], [2, 4]]
    assert views[0].tolist() == ROWS
    del views
    assert matrix.transpose(in_place=True).shape == (3, 2)


def test_memory_outlives_the_matrix():
    views = memoryview(make()), np.asarray(make()), np.from_dlpack(make()), make().values()
    gc.collect()
    assert views[0].tolist() == views[1].tolist() == views[2].tolist() == ROWS
    assert list(views[3]) == [1, 2, 3, 4, 5, 6]


def test_contiguity_by_columns_only_where_it_is_the_same():
    from_columns = 0x0040 | 0x0010 | 0x0008  # PyBUF_F_CONTIGUOUS
    for shape, works in (((1, 3), True), ((3, 1), True), ((2, 2), False)):
        buffer = Matrix(*shape)
        if works:
            assert np.asfortranarray(np.asarray(buffer)).flags.f_contiguous
        if works:
            buffer.__buffer__(from_columns).release()
        else:
            with pytest.raises(BufferError):
                buffer.__buffer__(from_columns)


def test_dlpack_arguments():
    matrix = make()
    assert matrix.__dlpack_device__() == (1, 0)
    assert "dltensor_versioned" in repr(matrix.__dlpack__(max_version=(1, 0)))
    assert '"dltensor"' in repr(matrix.__dlpack__())
    for wrong in ({"stream": 1}, {"dl_device": (2, 0)}):
        with pytest.raises(BufferError):
            matrix.__dlpack__(**wrong)
    for wrong in ({"max_version": 1}, {"dl_device": 1}):
        with pytest.raises(TypeError):
            matrix.__dlpack__(**wrong)


# ---- the memory of others for us ----


def test_from_buffer_shares_memory():
    numbers = np.array(ROWS)
    matrix = Matrix.from_buffer(numbers)
    assert matrix.shape == (2, 3)
    matrix.x = 10
    numbers[1, 2] = 60
    assert numbers[0, 0] == 10 and matrix[1, 2] == 60
    matrix *= 2
    assert numbers[0, 0] == 20
    copied = matrix.copy()
    numbers[:] = 0
    assert matrix == 0 and copied.x == 20

    flat = array.array("d", [1, 2, 3])
    row = Matrix.from_buffer(flat)
    assert row.shape == (1, 3)
    with pytest.raises(BufferError):
        flat.append(4)
    row.z = 5
    del row
    flat.append(4)
    assert flat.tolist() == [1, 2, 5, 4]


def test_matrices_over_one_memory_do_not_disturb_each_other():
    numbers = np.arange(8.0)
    a, b = Matrix.from_buffer(numbers[:6]), Matrix.from_buffer(numbers[2:])
    a.add(b, out=b)
    assert numbers.tolist() == [0, 1, 2, 4, 6, 8, 10, 12]
    b[0, ::-1] = a
    assert numbers.tolist() == [0, 1, 8, 6, 4, 2, 1, 0]


def test_memory_that_cannot_be_shared_is_copied_only_if_asked():
    numbers = np.arange(24.0).reshape(4, 6)
    read_only = numbers.copy()
    read_only.flags.writeable = False
    for source in (
        numbers.T,
        numbers[::2],
        numbers[:, 1:],
        numbers.astype(np.float32),
        numbers.astype(">f8"),
        numbers.astype(int),
        np.frombuffer(bytes(33), np.uint8)[1:].view(np.float64),  # not aligned
        read_only,
    ):
        with pytest.raises(BufferError, match="copy=True"):
            Matrix.from_buffer(source)
        copied = Matrix.from_buffer(source, copy=True)
        assert np.array_equal(np.asarray(copied), np.atleast_2d(source))
        assert not np.shares_memory(np.asarray(copied), source)


@pytest.mark.parametrize("code", "bBhHiIlLqQefd?")
@pytest.mark.parametrize("order", "<>")
def test_numbers_of_every_size_and_order_are_read(code, order):
    if code == "?":
        numbers = np.array([[True, False, True]])
    else:
        kind = np.dtype(order + code)
        info = np.finfo(kind) if kind.kind == "f" else np.iinfo(kind)
        numbers = np.array([[info.min, 0, 1, info.max]], kind)
    expected = [float(number) for number in numbers.ravel().tolist()]
    assert list(Matrix.from_buffer(numbers, copy=True).values()) == expected
    assert list(Matrix.from_buffer(numbers.ravel(), copy=True).values()) == expected
    assert list((Matrix(*numbers.shape) + numbers).values()) == expected


def test_from_buffer_refuses():
    for empty in (array.array("d"), np.zeros((0, 3)), np.zeros((3, 0))):
        for copies in (True, False):
            with pytest.raises(ValueError, match="empty"):
                Matrix.from_buffer(empty, copy=copies)
    for wrong in ([1.0], None, 3, "abc"):
        with pytest.raises(TypeError):
            Matrix.from_buffer(wrong)
    for wrong in (np.zeros((2, 2, 2)), np.zeros(3, complex), np.zeros(3, "S3"), np.zeros(())):
        with pytest.raises(TypeError, match="real numbers"):
            Matrix.from_buffer(wrong, copy=True)
        with pytest.raises(BufferError):
            Matrix.from_buffer(wrong)
    assert Matrix.from_buffer(b"ab", copy=True) == [97, 98]


def test_from_dlpack_shares_memory_until_the_matrix_dies():
    numbers = np.array(ROWS)
    alive = weakref.ref(numbers)
    matrix = Matrix.from_dlpack(numbers)
    matrix.x = 10
    assert numbers[0, 0] == 10
    assert not np.shares_memory(np.asarray(Matrix.from_dlpack(numbers, copy=True)), numbers)
    del numbers
    gc.collect()
    assert alive() is not None
    assert matrix.x == 10
    with pytest.raises(BufferError):
        matrix.__dlpack__()
    assert np.from_dlpack(matrix, copy=True)[0, 0] == 10
    del matrix
    gc.collect()
    assert alive() is None


def test_from_dlpack_refuses():
    numbers = np.array(ROWS)
    for source in (numbers.T, numbers[:, 1:], numbers.astype(np.float32), numbers.astype(int)):
        with pytest.raises(BufferError, match="copy=True"):
            Matrix.from_dlpack(source)
        copied = Matrix.from_dlpack(source, copy=True)
        assert np.array_equal(np.asarray(copied), source)
    with pytest.raises(AttributeError):
        Matrix.from_dlpack([1.0])
    with pytest.raises(BufferError):
        Matrix.from_dlpack(np.zeros((2, 2, 2)))
    with pytest.raises(ValueError):
        Matrix.from_dlpack(np.zeros((0, 2)))

    class Once:
        def __init__(self, capsule):
            self.capsule = capsule

        def __dlpack_device__(self):
            return (1, 0)

        def __dlpack__(self):
            return self.capsule

    once = Once(make().__dlpack__())
    assert Matrix.from_dlpack(once).sum() == 21
    for wrong in (once, Once(None)):
        with pytest.raises(TypeError, match="capsule"):
            Matrix.from_dlpack(wrong)

    class Elsewhere(Once):
        def __dlpack_device__(self):
            return (2, 0)

    with pytest.raises(BufferError, match="CPU"):
        Matrix.from_dlpack(Elsewhere(None))


# ---- beside NumPy ----


def test_arrays_are_operands():
    matrix, numbers = make(), np.array(ROWS)
    for result in (
        matrix + numbers,
        numbers + matrix,
        matrix + numbers.astype(np.float32),
        np.float64(2) * matrix,
        matrix * np.int32(2),
        np.float32(2) * matrix,
    ):
        assert type(result) is Matrix
        assert result == make() * 2
    assert (np.array([1, 2, 3]) - matrix) == -(matrix - [1, 2, 3])
    assert matrix @ numbers.T == make() @ make().T
    matrix[0] = np.array([7, 8, 9])
    matrix[:, 1] = np.array([1, 2])
    assert list(matrix.values()) == [7, 1, 9, 4, 2, 6]
    assert Matrix(3, 2, numbers).shape == (3, 2)
    assert Matrix.concat([numbers, np.array([1, 2, 3])]).shape == (3, 3)
    assert Matrix.vector(np.array([1, 2]), True).shape == (2, 1)
    assert type(np.sin(matrix)) is np.ndarray


# ---- pickles ----

SPECIAL = [math.nan, -math.nan, math.inf, -math.inf, -0.0, 5e-324, 2.2e-308, 0.1]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_keep_every_bit(protocol):
    matrix = Matrix(2, 4, SPECIAL)
    again = pickle.loads(pickle.dumps([matrix, {"m": matrix}], protocol))
    assert again[0] is again[1]["m"]
    assert again[0].shape == (2, 4)
    assert bits(again[0]) == bits(matrix)
    again[0].x = 1
    assert math.isnan(matrix.x)


def test_pickles_have_a_header_and_any_byte_order():
    function, (header, elements) = make().__reduce_ex__(2)
    assert header[:4] == b"BOCM" and header[4] == 1
    assert struct.unpack("<QQ", header[8:]) == (2, 3)
    for order in b"<>":
        swapped = header[:5] + bytes([order]) + header[6:]
        numbers = struct.pack(chr(order) + "6d", 1, 2, 3, 4, 5, 6)
        assert function(swapped, numbers) == make()


def test_forged_pickles_are_refused():
    function, (header, elements) = make().__reduce_ex__(2)
    rest = header[:8]
    for forged in (
        (b"", elements),
        (b"X" + header[1:], elements),
        (header[:4] + b"\2" + header[5:], elements),
        (header[:5] + b"=" + header[6:], elements),
        (header + b"0", elements),
        (header, elements[:-1]),
        (header, elements + b"0"),
        (header, b""),
        (rest + struct.pack("<QQ", 0, 3), elements),
        (rest + struct.pack("<QQ", 0, 0), b""),
        (rest + struct.pack("<QQ", 2**63, 2), elements),
        (rest + struct.pack("<QQ", 2**61, 1), elements),
        (rest + struct.pack("<QQ", 2**64 - 1, 2**64 - 1), elements),
        (rest + struct.pack("<QQ", 2**32, 2**32), b""),
    ):
        with pytest.raises(ValueError):
            function(*forged)
    for forged in ((header, "text"), (header, None), (None, elements), (), (header,)):
        with pytest.raises(TypeError):
            function(*forged)


def test_out_of_band_pickles_copy_nothing_but_once():
    matrix = Matrix.uniform(size=(100, 100))
    buffers = []
    data = pickle.dumps(matrix, 5, buffer_callback=buffers.append)
    assert len(data) < 300
    again = pickle.loads(data, buffers=buffers)
    assert again == matrix
    again.x = 7
    assert matrix.x != 7


# ---- copies and subclasses ----


class Point(Matrix):
    def __init__(self, x, y, label="none"):
        super().__init__(1, 2, [x, y])
        self.label = [label]


class Slotted(Matrix):
    __slots__ = ("extra",)


class Stateful(Matrix):
    def __getstate__(self):
        return {"n": 7}

    def __setstate__(self, state):
        self.restored = state["n"]


def test_copies_are_independent():
    for copied in (make().copy(), copy.copy(make()), copy.deepcopy(make())):
        assert copied == make()
    matrix = make()
    for copied in (matrix.copy(), copy.copy(matrix), copy.deepcopy({"m": matrix})["m"]):
        copied.x = 99
        assert matrix.x == 1


@pytest.mark.parametrize("again", [
    copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m)),
    lambda m: pickle.loads(pickle.dumps(m, 2)),
])  # fmt: skip
def test_subclasses_keep_class_and_state(again):
    point = Point(1, 2, "a")
    other = again(point)
    assert type(other) is Point
    assert list(other.values()) == [1, 2] and other.label == ["a"]
    other.x = 9
    assert point.x == 1
    assert (other.label is point.label) == (again is copy.copy)

    slotted = Slotted(1, 1, 3)
    slotted.extra = "e"
    other = again(slotted)
    assert type(other) is Slotted and other.extra == "e" and other.x == 3

    stateful = again(Stateful(1, 1, 4))
    assert stateful.x == 4 and stateful.restored == 7


def test_subclasses_take_part():
    point = Point(3, 4)
    assert isinstance(point, Matrix)
    assert point.length == 5
    assert type(point + 1) is Matrix and type(point[:]) is Matrix and type(-point) is Matrix
    assert type(1 + point) is Matrix and type(Matrix(1, 2) + point) is Matrix
    point += 1
    assert type(point) is Point
    assert point == Matrix(1, 2, [4, 5]) == point
    assert repr(point) == "Point(1, 2, [4.0, 5.0])"
    assert type(Point.zeros((2, 2))) is Point and type(Point.vector([1])) is Point
    assert type(Point.uniform(size=(1, 1))) is Point
    assert type(Point.from_buffer(array.array("d", [1]))) is Point
    with pytest.raises(TypeError):
        hash(point)
    reference = weakref.ref(point)
    del point
    gc.collect()
    assert reference() is None


def test_subclass_without_init_of_the_base_says_so():
    class Forgets(Matrix):
        def __init__(self):
            pass

    with pytest.raises(ValueError, match="__init__"):
        Forgets().rows


def test_subclass_may_answer_for_operators():
    class Loud(Matrix):
        def __radd__(self, other):
            return "radd"

    assert Matrix(1, 1) + Loud(1, 1) == "radd"

    class Other:
        def __radd__(self, matrix):
            return "other"

        def __rmatmul__(self, matrix):
            return "matmul"

    assert make() + Other() == "other"
    assert make() @ Other() == "matmul"
    matrix = make()
    matrix += Other()
    assert matrix == "other"
