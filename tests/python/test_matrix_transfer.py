"""Matrices in cowns, captures, results, messages: they move by pointer, all or nothing."""

import copy
import ctypes
import gc
import pickle
import threading

import pytest

import bocpy
from bocpy import Cown, Matrix, drain, quiesce, receive, send, start, wait, when


@pytest.fixture(autouse=True)
def _stopped():
    start(2)
    yield
    wait(60)
    drain(["matrix", "other"])


def address_of(matrix):
    view = memoryview(matrix)
    return ctypes.addressof(ctypes.c_char.from_buffer(view))


class Tagged(Matrix):
    def __init__(self, rows, columns, values=None, tag="none"):
        super().__init__(rows, columns, values)
        self.tag = tag


def test_matrix_in_a_cown_belongs_to_the_cown():
    matrix = Matrix(2, 2, [1, 2, 3, 4])
    cown = Cown(matrix)
    assert not matrix.acquired
    assert matrix.shape == (2, 2)
    assert str(matrix) == "<not acquired>"
    assert repr(matrix) == "Matrix(<not acquired>)"
    with cown as value:
        assert value is not matrix
        assert value.acquired
        value[0, 0] = 10
        assert value.sum() == 19
    assert not value.acquired
    assert not matrix.acquired
    with cown as again:
        assert again[0, 0] == 10


USES = {
    "rows": lambda m: m.rows,
    "columns": lambda m: m.columns,
    "size": lambda m: m.size,
    "length": lambda m: m.length,
    "T": lambda m: m.T,
    "x": lambda m: m.x,
    "set_x": lambda m: setattr(m, "x", 1),
    "len": len,
    "iter": list,
    "row": lambda m: m[0],
    "element": lambda m: m[0, 0],
    "slice": lambda m: m[:],
    "list": lambda m: m[[0]],
    "set": lambda m: m.__setitem__(0, 1),
    "set_to": lambda m: Matrix(2, 2).__setitem__(0, m),
    "add": lambda m: m + 1,
    "radd": lambda m: 1 + m,
    "other": lambda m: Matrix(2, 2) + m,
    "iadd": lambda m: m.__iadd__(1),
    "matmul": lambda m: m @ m,
    "neg": lambda m: -m,
    "abs": abs,
    "sum": lambda m: m.sum(),
    "sum_axis": lambda m: m.sum(0),
    "where_mask": lambda m: Matrix(2, 2).sum(where=m),
    "argmin": lambda m: m.argmin(),
    "topk": lambda m: m.topk(1),
    "vecdot": lambda m: Matrix(2, 2).vecdot(m),
    "cross": lambda m: Matrix(2, 2).cross(m),
    "normalize": lambda m: m.normalize(),
    "angle": lambda m: m.angle(),
    "fma": lambda m: Matrix(2, 2).fma(m, 1),
    "scaled_add": lambda m: Matrix(2, 2).scaled_add(1, m),
    "where": lambda m: Matrix.where(m, 1, 2),
    "allclose": lambda m: Matrix.allclose(m, m),
    "less": lambda m: m.less(1),
    "eq": lambda m: m == Matrix(2, 2),
    "eq_reflected": lambda m: Matrix(2, 2) == m,
    "lt": lambda m: m < 1,
    "take": lambda m: m.take([0]),
    "put": lambda m: m.put([0], 1),
    "put_value": lambda m: Matrix(2, 2).put([0], m),
    "take_along": lambda m: m.take_along_axis([0, 0]),
    "repeat": lambda m: m.repeat_interleave(2),
    "out": lambda m: Matrix(2, 2).add(1, out=m),
    "clip": lambda m: m.clip(0, 1),
    "copy": lambda m: m.copy(),
    "transpose": lambda m: m.transpose(in_place=True),
    "concat": lambda m: Matrix.concat([m]),
    "vector": lambda m: Matrix.vector(m),
    "constructor": lambda m: Matrix(2, 2, m),
    "values": lambda m: list(m.values()),
    "copy_copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": pickle.dumps,
    "buffer": memoryview,
    "dlpack": lambda m: m.__dlpack__(),
    "cown": Cown,
    "send": lambda m: send("matrix", m),
}


@pytest.mark.parametrize("use", USES)
def test_every_use_of_a_matrix_that_moved_away_says_so(use):
    matrix = Matrix(2, 2, [1, 2, 3, 4])
    cown = Cown(matrix)
    with pytest.raises(RuntimeError, match="not acquired"):
        USES[use](matrix)
    with cown as value:
        assert list(value.values()) == [1, 2, 3, 4]


@pytest.mark.parametrize("use", [use for use in USES if use not in ("set_to",)])
def test_every_use_before_init_is_refused(use):
    matrix = Matrix.__new__(Matrix)
    assert not matrix.acquired
    with pytest.raises(ValueError, match="__init__"):
        USES[use](matrix)
    assert repr(matrix) == "Matrix(<not acquired>)"


def wrap_tuple(m):
    return (1, m)


WRAPS = {
    "bare": (lambda m: m, lambda v: v),
    "tuple": (wrap_tuple, lambda v: v[1]),
    "list": (lambda m: [m, m], lambda v: v[0]),
    "dict": (lambda m: {"m": {"n": (m,)}}, lambda v: v["m"]["n"][0]),
    "object": (lambda m: Holder(m), lambda v: v.matrix),
    "subclass": (lambda m: m, lambda v: v),
}


class Holder:
    def __init__(self, matrix):
        self.matrix = matrix


@pytest.mark.parametrize("name", WRAPS)
def test_matrix_travels_inside_of_anything(name):
    wrap, unwrap = WRAPS[name]

    def make():
        plain = Matrix(2, 2, [1, 2, 3, 4])
        return Tagged(2, 2, [1, 2, 3, 4], tag="t") if name == "subclass" else plain

    # As a value of a cown.
    matrix = make()
    cown = Cown(wrap(matrix))
    assert not matrix.acquired

    @when(cown)
    def add(cown):
        unwrap(cown.value).x = 5
        return cown.value  # a result

    result = add.result(60)
    assert list(unwrap(result).values()) == [5, 2, 3, 4]
    assert type(unwrap(result)) is type(matrix)
    with cown as value:
        assert unwrap(value).x == 5
        if name == "list":
            assert value[0] is value[1]
        if name == "subclass":
            assert value.tag == "t"

    # As a capture.
    matrix = make()
    captured = wrap(matrix)

    @when()
    def read():
        return unwrap(captured).sum()

    assert read.result(60) == 10
    assert not matrix.acquired

    # As a message.
    matrix = make()
    send("matrix", wrap(matrix))
    assert not matrix.acquired
    _, got = receive("matrix", 60)
    assert list(unwrap(got).values()) == [1, 2, 3, 4]
    assert unwrap(got).acquired


def test_matrix_moves_by_pointer():
    matrix = Matrix(64, 64, 1)
    address = address_of(matrix)
    cown = Cown([{"deep": matrix}])

    @when(cown)
    def touch(cown):
        cown.value[0]["deep"] += 1

    touch.result(60)
    with cown as value:
        assert address_of(value[0]["deep"]) == address
        assert value[0]["deep"] == 2
    gc.collect()
    send("matrix", Matrix.concat([Matrix(1, 1, 7)]))
    assert receive("matrix", 60)[1].x == 7


def test_messages_from_behaviors_bring_matrices():
    @when()
    def produce():
        send("matrix", Matrix(2, 1, [1, 2]))
        send("matrix", [Matrix(1, 1, 3)])

    produce.result(60)
    assert list(receive("matrix", 60)[1].values()) == [1, 2]
    assert receive("matrix", 60)[1][0].x == 3


def test_returning_the_value_of_the_own_cown_keeps_both():
    cown = Cown(Matrix(1, 2, [1, 2]))
    for _ in range(5):

        @when(cown)
        def give(cown):
            cown.value += 1
            return cown.value

    last = give.result(60)
    assert list(last.values()) == [6, 7]
    last.x = 100
    quiesce(60)
    with cown as value:
        assert list(value.values()) == [6, 7]


@pytest.mark.parametrize("kind", [Matrix, Tagged])
def test_one_matrix_in_two_cowns_and_the_result_is_copied(kind):
    a, b = Cown(None), Cown(None)

    @when(a, b)
    def store(a, b):
        matrix = kind(1, 2, [1, 2])
        a.value, b.value = matrix, [matrix]
        return {"m": matrix}

    assert list(store.result(60)["m"].values()) == [1, 2]
    with a as value:
        assert list(value.values()) == [1, 2]
        value.x = 9
    with b as value:
        assert list(value[0].values()) == [1, 2]
        assert type(value[0]) is kind


def test_result_can_be_read_again_and_again():
    @when()
    def make():
        return Matrix(1, 2, [1, 2])

    first = make.result(60)
    first.x = 9
    assert list(make.result(60).values()) == [1, 2]

    @when(make)
    def use(make):
        return make.value.sum()

    assert use.result(60) == 3
    value = make.unwrap()
    assert value.acquired
    assert list(value.values()) == [1, 2]


def test_all_or_nothing_when_a_later_part_cannot_travel():
    a, b = Matrix(1, 2, [1, 2]), Matrix(2, 1, [3, 4])
    for bad in (lambda: Cown([a, {"b": b}, threading.Lock()]),
                lambda: send("matrix", (a, b, threading.Lock()))):  # fmt: skip
        with pytest.raises(TypeError):
            bad()
        assert a.acquired and b.acquired
        assert list((a @ b).values()) == [11]
    lock = threading.Lock()
    with pytest.raises(TypeError):

        @when()
        def use():
            return a, b, lock

    assert a.acquired and b.acquired


def test_one_matrix_cannot_be_in_two_places():
    matrix = Matrix(1, 1, 5)
    first = Cown(matrix)
    with pytest.raises(RuntimeError, match="not acquired"):
        Cown([1, matrix])
    with first as value:
        assert value.x == 5


# ---- exported memory ----


def exports(matrix):
    numpy = pytest.importorskip("numpy")
    yield memoryview(matrix)
    yield numpy.asarray(matrix)
    yield numpy.from_dlpack(matrix)
    yield matrix.__dlpack__()


@pytest.mark.parametrize("kind", range(4))
def test_exported_matrix_does_not_move_and_nothing_is_lost(kind):
    matrix, free = Matrix(2, 2, [1, 2, 3, 4]), Matrix(1, 1, 5)
    holders = list(exports(matrix))
    holder = holders[kind]
    del holders
    for act in (lambda: Cown(matrix), lambda: Cown([free, (matrix,)]),
                lambda: send("matrix", {"a": free, "m": matrix})):  # fmt: skip
        with pytest.raises(BufferError, match="exported"):
            act()
        assert matrix.acquired and free.acquired
    with pytest.raises(BufferError):

        @when()
        def capture():
            return free, matrix

    assert list(matrix.values()) == [1, 2, 3, 4]
    del holder
    gc.collect()
    cown = Cown(matrix)
    with cown as value:
        assert value.sum() == 10


def test_at_the_end_of_a_body_an_exported_value_is_copied():
    cown = Cown(Matrix(1, 2, [1, 2]))

    @when(cown)
    def export(cown):
        import builtins

        builtins.kept = memoryview(cown.value)
        cown.value.x = 10

    export.result(60)
    with cown as value:
        assert list(value.values()) == [10, 2]
        view = memoryview(value)
        value.y = 3
    # The holder of the view has the old memory; the cown has gone on without it.
    view[0, 0] = 77.0
    assert view[0, 1] == 3.0
    with cown as value:
        assert list(value.values()) == [10, 3]

    @when(cown)
    def result(cown):
        import builtins

        builtins.kept = memoryview(cown.value)
        return cown.value

    assert list(result.result(60).values()) == [10, 3]
    quiesce(60)
    with cown as value:
        assert list(value.values()) == [10, 3]


def test_matrix_over_the_memory_of_others_does_not_move():
    memory = bytearray(16)
    matrix = Matrix.from_buffer(memoryview(memory).cast("d"))
    with pytest.raises(BufferError, match="memory of another object"):
        Cown(matrix)
    matrix.x = 1
    cown = Cown(matrix.copy())
    with cown as value:
        assert list(value.values()) == [1, 0]


# ---- without a runtime, threads, many ----


def test_matrix_is_readable_after_wait():
    cown = Cown([Matrix(1, 2, [1, 2])])

    @when(cown)
    def double(cown):
        cown.value[0] *= 2

    wait(60)
    assert list(cown.value[0].values()) == [2, 4]
    cown.value[0].x = 7
    start(2)

    @when(cown)
    def again(cown):
        return list(cown.value[0].values())

    assert again.result(60) == [7, 4]


def test_matrices_come_to_any_thread_of_main():
    got = []

    def work():
        cown = Cown(Matrix(1, 1, 1))

        @when(cown)
        def add(cown):
            cown.value += 1
            return cown.value

        got.append(add.result(60).x)
        send("other", Matrix(1, 1, 3))
        got.append(receive("other", 60)[1].x)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [2] * 4 + [3] * 4


def test_many_behaviors_pass_a_matrix_around():
    cowns = [Cown(Matrix(8, 8, i)) for i in range(4)]
    for step in range(200):
        a, b = cowns[step % 4], cowns[(step + 1) % 4]

        @when(a, b)
        def swap(a, b):
            a.value, b.value = b.value, a.value
            a.value += 1
            b.value -= 1

    quiesce(60)
    total = 0
    for cown in cowns:
        with cown as value:
            total += value.sum()
    assert total == (0 + 1 + 2 + 3) * 64


def test_exceptions_bring_matrices():
    @when()
    def fail():
        raise ValueError("with", Matrix(1, 1, 4))

    with pytest.raises(ValueError) as caught:
        fail.result(60)
    assert caught.value.args[1].x == 4


def test_exceptions_of_matrix_cross():
    @when()
    def fail():
        return Matrix(2, 2) + Matrix(3, 3)

    with pytest.raises(ValueError, match="2x2 incompatible with rhs 3x3") as caught:
        fail.result(60)
    assert isinstance(caught.value, NotImplementedError)
    assert type(caught.value) is type(bocpy._matrix.ShapeError("x"))


def test_generators_of_interpreters_are_independent():
    Matrix.seed(7)
    here = [Matrix.uniform() for _ in range(3)]

    @when()
    def draw():
        Matrix.seed(7)
        return [Matrix.uniform() for _ in range(3)]

    assert draw.result(60) == here
