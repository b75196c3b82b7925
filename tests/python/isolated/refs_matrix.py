"""Reference counts: matrices, in main and on their way to one worker and back."""

import array
import copy
import pickle
import threading

from refs_harness import case, main, raises

from bocpy import Cown, Matrix, receive, send, when

lock = threading.Lock()
numbers = array.array("d", [1, 2, 3, 4])
kept = Matrix(2, 2, [1, 2, 3, 4])


class Tagged(Matrix):
    def __init__(self, rows: int, columns: int, values: object = None) -> None:
        super().__init__(rows, columns, values)
        self.tag = ["tag"]


class Breaks:
    def __float__(self) -> float:
        raise ZeroDivisionError

    __index__ = __float__


breaks = Breaks()


# -- making -------------------------------------------------------------------------------------


@case(Matrix, numbers)
def made() -> None:
    Matrix(2, 2)
    Matrix(2, 2, 1)
    Matrix(rows=2, columns=2, values=[1, 2, 3, 4])
    Matrix(2, 2, numbers)
    Matrix.zeros((2, 2)).__init__(3, 3)
    Matrix.full([1, 2], 3)
    Matrix.vector(iter([1, 2]), True)
    Matrix.concat([kept, [1, 2]], 1)
    Matrix.uniform(size=(2, 2))
    Matrix.normal()
    Matrix.seed(3)
    Matrix.where(kept, 1, kept)
    Matrix.__new__(Matrix)
    Tagged(1, 1)


@case(Matrix, breaks, kept)
def not_made() -> None:
    for error, call in (
        (ValueError, lambda: Matrix(0, 1)),
        (TypeError, lambda: Matrix(1, 1, [1, 2])),
        (TypeError, lambda: Matrix(1, 2, ["a", 1])),
        (ZeroDivisionError, lambda: Matrix(1, 2, [1, breaks])),
        (ZeroDivisionError, lambda: Matrix(breaks, 2)),
        (ZeroDivisionError, lambda: Matrix.vector([1, breaks])),
        (ZeroDivisionError, lambda: Matrix.full((1, 2), breaks)),
        (ZeroDivisionError, lambda: Matrix.zeros((1, breaks))),
        (ZeroDivisionError, lambda: Matrix.concat([kept, [1, breaks]])),
        (ValueError, lambda: Matrix.concat([kept, [1, 2, 3]])),
        (OverflowError, lambda: Matrix(2**40, 2**40)),
        (TypeError, lambda: Matrix.from_buffer(3)),
        (BufferError, lambda: Matrix.from_buffer(b"abc")),
        (AttributeError, lambda: Matrix.from_dlpack(3)),
    ):
        raises(error, call)


# -- use ----------------------------------------------------------------------------------------


@case(Matrix, kept)
def used() -> None:
    for operand in (kept, 1, [1, 2], numbers[:2]):
        (kept + operand).subtract(operand)
        operand * kept
        kept.less(operand)
        kept.add(operand, out=Matrix(2, 2))
        kept == operand
    kept @ kept
    kept.negate().sqrt(in_place=True)
    kept.clip(0, 1)
    kept.fma(2, kept)
    kept.scaled_add(kept, kept)
    kept.transpose().copy().T
    kept.sum(), kept.sum(0, where=kept), kept.argmin(1), kept.argmax(1, as_matrix=True)
    kept.topk(1, 0), kept.vecdot(kept), kept.cross(kept), kept.angle(), kept.normalize()
    kept[0], kept[0, 0], kept[:, 1:], kept[[0, 0]], kept[:, [1]]
    kept.take([0]), kept.repeat_interleave(2), kept.take_along_axis([0, 0])
    other = kept.copy()
    other[0] = [1, 2]
    other[[0, 1]] = kept
    other.put([0], 1, accumulate=True).put_along_axis([0, 1], [1, 2])
    other += 1
    other.x = other.y
    list(other), list(other.values()), len(other), other.shape, other.length
    repr(other), str(other), other.__sizeof__()


@case(Matrix, kept, breaks)
def refused() -> None:
    for error, call in (
        (TypeError, lambda: kept + "a"),
        (TypeError, lambda: kept.add(None)),
        (ZeroDivisionError, lambda: kept + breaks),
        (ZeroDivisionError, lambda: kept + [1, breaks]),
        (ValueError, lambda: kept + Matrix(3, 3)),
        (ValueError, lambda: kept.add(1, out=Matrix(1, 1))),
        (ValueError, lambda: kept.negate(out=kept, in_place=True)),
        (ZeroDivisionError, lambda: kept[breaks]),
        (ZeroDivisionError, lambda: kept[[0, breaks]]),
        (ZeroDivisionError, lambda: kept.__setitem__([0, breaks], 1)),
        (ZeroDivisionError, lambda: kept.__setitem__(0, [1, breaks])),
        (IndexError, lambda: kept.__setitem__([0, 7], kept)),
        (ValueError, lambda: kept.__setitem__([0, 1], Matrix(3, 3))),
        (ZeroDivisionError, lambda: kept.take([0, breaks])),
        (ValueError, lambda: kept.put([0], Matrix(3, 3))),
        (ZeroDivisionError, lambda: kept.sum(where=[1, breaks])),
        (ValueError, lambda: kept.sum(9)),
        (ValueError, lambda: kept.topk(9)),
        (ZeroDivisionError, lambda: kept.fma(breaks, 1)),
        (ValueError, lambda: kept.vecdot(Matrix(3, 3))),
        (IndexError, lambda: kept.take_along_axis([0, 9])),
    ):
        raises(error, call)


# -- shared memory, pickles ---------------------------------------------------------------------


@case(Matrix, kept, numbers)
def shared() -> None:
    view = memoryview(kept)
    view[0, 0] = 1.0
    kept.__dlpack__()
    kept.__dlpack__(max_version=(1, 0), copy=True)
    Matrix.from_dlpack(kept)
    Matrix.from_buffer(numbers).x = 1
    Matrix.from_buffer(numbers, copy=True)
    raises(BufferError, kept.__dlpack__, stream=1)
    raises(BufferError, Cown, kept)
    raises(BufferError, Cown, Matrix.from_buffer(numbers))


@case(Matrix, kept)
def pickled_and_copied() -> None:
    for protocol in (2, 5):
        pickle.loads(pickle.dumps([kept, Tagged(1, 1)], protocol))
    copy.copy(kept), copy.deepcopy(kept), copy.copy(Tagged(1, 1)), copy.deepcopy(Tagged(1, 1))
    function, (header, elements) = kept.__reduce_ex__(2)
    raises(ValueError, function, header, elements[1:])
    raises(TypeError, function, header, None)


# -- on the way ---------------------------------------------------------------------------------


@case(Matrix)
def moved_and_back() -> None:
    cown = Cown({"m": Matrix(8, 8), "t": Tagged(1, 1)})
    captured = Matrix(8, 8)

    @when(cown)
    def add(cown):
        cown.value["m"] += captured
        return cown.value, Matrix(2, 2)

    add.result()
    with cown as value:
        value["m"].x = 1


@case(Matrix)
def messages() -> None:
    send("matrix", [Matrix(8, 8), Tagged(2, 2)])
    receive("matrix")
    send("matrix", Matrix(8, 8))

    @when()
    def get():
        send("back", receive("matrix")[1])

    receive("back")


@case(Matrix, kept)
def rolled_back() -> None:
    for call in (Cown, lambda value: send("matrix", value)):
        raises(TypeError, call, [kept, Tagged(1, 1), {"l": lock}])
    assert kept.acquired


@case(Matrix)
def exported_at_the_end_of_a_body() -> None:
    cown = Cown(Matrix(4, 4))

    @when(cown)
    def export(cown):
        view = memoryview(cown.value)
        cown.value.x = 1
        return [cown.value, view.nbytes]

    export.result()


@case(Matrix)
def never_received() -> None:
    Cown([Matrix(4, 4)])
    moved = Matrix(1, 1)
    Cown(moved)
    raises(RuntimeError, Cown, moved)
    raises(RuntimeError, moved.sum)


if __name__ == "__main__":
    main(1)
