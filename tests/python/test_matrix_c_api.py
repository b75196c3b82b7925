"""<bocpy/matrix.h>: matrices made, borrowed and computed on by another extension."""

import pytest

from bocpy import Cown, Matrix, start, wait, when


@pytest.fixture
def matrices(extension):
    extension("matrices")
    import _matrices

    yield _matrices
    wait(60)


def test_matrices_are_made(matrices):
    matrix = matrices.create(2, 3)
    assert type(matrix) is Matrix
    assert matrix == Matrix(2, 3)
    assert list(matrices.identity().values()) == [1, 0, 0, 1]
    with pytest.raises(ValueError, match="at least 1 row"):
        matrices.create(0, 3)
    with pytest.raises(OverflowError):
        matrices.create(2**40, 2**40)
    assert matrices.impossible()


def test_check_knows_subclasses(matrices):
    class Mine(Matrix):
        pass

    assert matrices.check(Matrix(1, 1)) and matrices.check(Mine(1, 1))
    assert not matrices.check([1.0]) and not matrices.check(Matrix)


def test_borrowed_matrix_stays_where_it_is(matrices):
    matrix = Matrix(2, 3, range(6))

    def between():
        with pytest.raises(BufferError):
            Cown(matrix)
        with pytest.raises(BufferError):
            matrix.transpose(in_place=True)
        return "called"

    assert matrices.twice(matrix, between) == "called"
    assert list(matrix.values()) == [0, 2, 4, 6, 8, 10]
    with pytest.raises(TypeError, match="expected a Matrix"):
        matrices.twice([1.0], None)
    cown = Cown(matrix)
    with pytest.raises(RuntimeError, match="not acquired"):
        matrices.twice(matrix, None)
    with cown as value:
        matrices.twice(value, None)
        assert value.sum() == 60


def test_borrowing_works_in_workers(matrices):
    cown = Cown(Matrix(1, 2, [1, 2]))

    @when(cown)
    def work(cown):
        import _matrices

        _matrices.twice(cown.value, None)
        cown.value = _matrices.identity() + cown.value
        return cown.value.sum()

    assert work.result(60) == 14


def test_bodies_without_python_compute_on_matrices(matrices):
    start(2)
    first, second = Cown(Matrix(2, 2, [1, 2, 3, 4])), Cown(None)
    assert matrices.schedule(first, second).result(60) is None
    with first as value:
        assert list(value.values()) == [2, 3, 4, 5]
    with second as value:
        assert list(value.values()) == [0, 5]
    with pytest.raises(TypeError, match="no matrix"):
        matrices.schedule(Cown(3), second).result(60)
