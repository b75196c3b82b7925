"""Arithmetic of the behaviors, on matrices whose values stay between 0 and 1."""

from collections.abc import Sequence

from bocpy import Matrix


def make(rows: int, columns: int) -> Matrix:
    """Return a random matrix of which each row sums up to 1.

    The product of two such matrices is another one, however many are multiplied.
    """
    matrix = Matrix.uniform(0.0, 1.0, size=(rows, columns))
    return matrix / matrix.sum(axis=1)


def mix(a: Matrix, b: Matrix) -> Matrix:
    """Return the product of square matrices, else the mean: either is as bounded as *a* and *b*."""
    return a @ b if a.rows == a.columns else (a + b) * 0.5


def mix_all(matrices: Sequence[Matrix], iterations: int) -> Matrix:
    """Return the first of *matrices* after it was mixed with each of them, again and again."""
    result = matrices[0]
    for _ in range(iterations):
        for matrix in matrices:
            result = mix(result, matrix)
    return result
