"""Defects of the reference implementation, each absent here.

What crashed or corrupted memory there runs in a process of its own.
"""

import decimal
import fractions
import math
import sys

import pytest

from bocpy import Matrix

HEAD = """
import faulthandler, gc, sys, threading
faulthandler.enable()
from bocpy import *

def raises(kinds, act):
    try:
        act()
    except kinds:
        return
    raise AssertionError("nothing was raised")

if __name__ == "__main__":
    m = Matrix(3, 3, range(9))
"""

CRASHES = {
    "methods_on_another_thread": """
        def work():
            Matrix.zeros((2, 2)).copy().T + Matrix.ones((2, 2))
            m.sum(0); m @ m; m[0]; Matrix.vector([1]); -m; repr(m)
            done.append(1)
        done = []
        threads = [threading.Thread(target=work) for _ in range(3)]
        [t.start() for t in threads]; [t.join() for t in threads]
        assert len(done) == 3
    """,
    "deleting_an_item": """
        raises(TypeError, lambda: m.__delitem__(0))
        raises(TypeError, lambda: m.__delitem__((0, 0)))
    """,
    "use_without_init": """
        bare = Matrix.__new__(Matrix)
        for name in dir(bare):
            try:
                member = getattr(bare, name)
                if callable(member):
                    member()
            except (ValueError, TypeError, IndexError, AttributeError, RuntimeError):
                pass
        for act in (lambda: bare + 1, lambda: m + bare, lambda: bare[0], lambda: len(bare),
                    lambda: m @ bare, lambda: bare == m, lambda: Cown(bare)):
            raises(ValueError, act)
        str(bare), repr(bare), bare.acquired
    """,
    "assignment_of_a_wrong_size": """
        for key, value in ((0, [1]), (0, range(1000)), (slice(0, 2), Matrix(50, 50)),
                           ((slice(None), 0), Matrix(1, 2)), (0, Matrix(2, 3))):
            if value == [1]:
                m[key] = value
            else:
                raises(ValueError, lambda: m.__setitem__(key, value))
        assert m[1, 0] == 3
    """,
    "index_before_the_first": """
        for index in range(-30, -3):
            raises(IndexError, lambda: m[index])
            raises(IndexError, lambda: m[0, index])
    """,
    "slices_that_run_backwards_and_step_zero": """
        raises(IndexError, lambda: m[2:1])
        raises(IndexError, lambda: m[0, 2:1])
        raises(ValueError, lambda: m[::0])
        assert m[::-1][0] == [6, 7, 8]
    """,
    "take_out_of_range_or_of_no_list": """
        raises(IndexError, lambda: m.take([99]))
        raises(IndexError, lambda: m.take([-99]))
        raises(TypeError, lambda: m.take(1))
        assert m.take({1}) == m[1]
    """,
    "list_on_the_left": """
        row = Matrix(1, 3, [1, 2, 3])
        assert [1, 2, 3] + row == [2, 4, 6]
        assert [1, 2, 3] - row == 0
        assert type([1, 2, 3] @ m) is Matrix
    """,
    "empty_vector": """
        raises(ValueError, lambda: Matrix.vector([]))
        raises(ValueError, lambda: m + [])
    """,
    "second_cown_and_cown_of_a_list": """
        c = Cown(m)
        raises(RuntimeError, lambda: Cown(m))
        other = Matrix(1, 1, 5)
        d = Cown([other, {"m": other}])
        raises(RuntimeError, lambda: Cown([other]))
        @when(c, d)
        def use(c, d):
            return c.value.sum() + d.value[1]["m"].x
        assert use.result(60) == 41
    """,
    "huge_sizes": """
        for size in ((2**40, 2**40), (2**31, 2**31), (2**32, 2**32), (2**61, 2), (2**62, 4)):
            for act in (lambda: Matrix(*size), lambda: Matrix.zeros(size), lambda: Matrix(*size, 1),
                        lambda: Matrix.uniform(size=size)):
                raises((OverflowError, MemoryError), act)
        raises((OverflowError, MemoryError), lambda: m.repeat_interleave(2**60))
        column, row = Matrix(2**20, 1), Matrix(1, 2**20)
        for act in (lambda: column + row, lambda: column @ row, lambda: row.less(column)):
            raises((OverflowError, MemoryError), act)
    """,
    "returning_the_cowns_value": """
        c = Cown(m)
        for _ in range(20):
            @when(c)
            def give(c):
                return c.value
            @when(c)
            def again(c):
                c.value += 1
                return [c.value]
            assert give.result(60)[0, 0] + 1 == again.result(60)[0][0, 0]
    """,
    "noticeboard_entry": """
        start()
        notice_write("m", m).result(60)
        notice_write("in a list", [Matrix(1, 1, 3)]).result(60)
        notice_sync()
        @when()
        def read():
            return noticeboard()["m"].sum() + noticeboard()["in a list"][0].x
        assert read.result(60) == 39
    """,
}


@pytest.mark.parametrize("name", CRASHES)
def test_no_crash(name, program):
    body = CRASHES[name]
    width = len(body) - len(body.lstrip("\n ")) - 1
    lines = [line[width:] for line in body.splitlines()]
    source = HEAD + "".join(f"    {line}\n" for line in lines) + "    wait(60)\n    print('done')\n"
    done = program(source, limit=90)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "done\n", done.stderr


# ---- results ----


def test_vector_in_place_with_a_matrix_overwrites_neither():
    for vector in (Matrix(1, 3, [1, 2, 3]), Matrix(3, 1, [1, 2, 3])):
        matrix, name = Matrix(3, 3, range(9)), vector
        with pytest.raises(ValueError):
            name += matrix
        assert matrix == Matrix(3, 3, range(9))
        assert list(vector.values()) == [1, 2, 3]
        assert name is vector


def test_allclose_of_nan_and_infinities():
    nan, inf, one = (Matrix(1, 1, x) for x in (math.nan, math.inf, 1.0))
    assert not Matrix.allclose(nan, one)
    assert not Matrix.allclose(one, nan)
    assert not Matrix.allclose(nan, nan)
    assert Matrix.allclose(nan, nan, equal_nan=True)
    assert not Matrix.allclose(one, inf)
    assert not Matrix.allclose(inf, one)
    assert Matrix.allclose(inf, inf)
    assert not Matrix.allclose(inf, -inf)


def test_extremes_with_nan_and_infinities():
    for place in range(40):
        matrix = Matrix(1, 40, range(40))
        matrix[0, place] = math.nan
        assert math.isnan(matrix.min()) and math.isnan(matrix.max())
    assert Matrix(3, 3, math.inf).min() == math.inf
    assert Matrix(3, 3, -math.inf).max() == -math.inf


def test_mean_does_not_overflow():
    assert Matrix(1, 2, 1e308).mean() == 1e308
    assert Matrix(2, 1, -1e308).mean(0).x == -1e308


def test_a_list_set_to_a_column_is_not_its_first_element_everywhere():
    matrix = Matrix(3, 2)
    matrix[:, 0] = [1, 2, 3]
    assert list(matrix[:, 0].values()) == [1, 2, 3]


def test_uniform_never_returns_its_upper_bound():
    Matrix.seed(0)
    matrix = Matrix.uniform(0, 1, (200, 200))
    assert matrix.max() < 1
    assert any(value * 2**31 % 1 for value in matrix.values())  # over 31 bits
    assert Matrix.uniform(1.0, math.nextafter(1.0, 2.0), (50, 50)) == 1


# ---- the shape of the interface ----


def test_documented_keywords_work():
    assert Matrix(rows=1, columns=1, values=None) == Matrix.zeros(size=(1, 1))
    assert Matrix.ones(size=[1, 2]) == Matrix.vector(values=[1, 1], as_column=False)
    assert Matrix.where(mask=Matrix(1, 1), a=1, b=2) == 2
    assert Matrix.seed(value=1) is None


def test_no_system_error():
    matrix = Matrix(2, 2)
    for act in (
        lambda: setattr(matrix, "x", "no"),
        lambda: delattr(matrix, "x"),
        lambda: setattr(matrix, "x", 10**400),
        lambda: Matrix(1, 1, 10**400),
        lambda: Matrix.zeros([1]),
        lambda: matrix.sum(10**30),
        lambda: matrix[10**30],
    ):
        with pytest.raises((TypeError, OverflowError)):
            act()
    assert (matrix == 1j) is False
    assert (matrix != 1j) is True


def test_every_index_error_has_a_message():
    matrix = Matrix(2, 2)
    for act in (
        lambda: matrix[9],
        lambda: matrix[2:],
        lambda: matrix[[]],
        lambda: matrix[[0], 0],
        lambda: matrix.take([9]),
        lambda: matrix[0, 0, 0],
        lambda: Matrix(1, 1).y,
    ):
        with pytest.raises(IndexError, match="[a-z]"):
            act()


def test_no_concat_returns_none():
    with pytest.raises(ValueError):
        Matrix.concat([])


def test_operators_let_others_answer():
    assert Matrix(1, 1).__add__(object()) is NotImplemented
    assert Matrix(1, 1).__matmul__(3) is NotImplemented
    for act in (
        lambda: Matrix(1, 1) + object(),
        lambda: "a" + Matrix(1, 1),
        lambda: Matrix(1, 1) @ 2,
        lambda: 2 @ Matrix(1, 1),
        lambda: Matrix(1, 1) * 1j,
        lambda: Matrix(1, 1) + None,
    ):
        with pytest.raises(TypeError):
            act()


def test_elements_may_be_any_real_number():
    odd = [decimal.Decimal(1), fractions.Fraction(1, 2), True]
    matrix = Matrix(1, 3, odd)
    matrix[0] = odd
    matrix.x = decimal.Decimal(7)
    assert list((matrix + odd).values()) == [8, 1, 2]


def test_slices_keep_their_shape_whatever_the_size():
    for shape in ((1, 1), (1, 3), (3, 1), (3, 3)):
        matrix = Matrix(*shape)
        assert matrix[0:1, 0:1].shape == (1, 1)
        assert matrix[0:1].shape == (1, shape[1])
        assert matrix[:, 0].shape == (shape[0], 1)


def test_instances_hold_no_reference_to_their_type_when_dead():
    Matrix(1, 1)
    before = sys.getrefcount(Matrix)
    for _ in range(1000):
        Matrix(2, 2).copy()[0]
    assert abs(sys.getrefcount(Matrix) - before) < 10


def test_init_again_frees_the_old_storage(program):
    done = program(
        """
        import resource
        from bocpy import Matrix
        m = Matrix(1000, 1000)
        for _ in range(100):
            m.__init__(1000, 1000, 1)
        assert m.sum() == 1e6
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 400_000)
        """
    )
    assert done.stdout == "True\n", done.stderr


def test_lists_take_what_plain_keys_take():
    matrix = Matrix(3, 2)
    matrix[[0, 2]] = [1, 2]
    assert list(matrix.values()) == [1, 2, 0, 0, 1, 2]
    matrix[[0, 1]] = Matrix(1, 2, [3, 4])
    matrix[:, [1]] = Matrix(3, 1, [7, 8, 9])
    assert list(matrix.values()) == [3, 7, 3, 8, 1, 9]


def test_matrices_outlive_their_module(program):
    done = program(
        """
        import copy, pickle, sys
        from bocpy import Matrix

        class Late:
            def __init__(self):
                self.me = self  # collected with the modules, if at all
                self.matrix = Matrix(2, 2, [1, 2, 3, 4])
                self.subclass = type("Sub", (Matrix,), {})(1, 1)

            def __del__(self, ValueError=ValueError, RuntimeError=RuntimeError, list=list):
                for act in (
                    lambda: self.matrix + [1, 2, 3],
                    lambda: self.matrix.sum(7),
                    lambda: list(self.matrix.values()),
                    lambda: self.matrix.__reduce_ex__(4),
                    lambda: self.subclass.__reduce_ex__(4),
                    lambda: self.matrix.uniform(),
                    lambda: self.matrix @ self.matrix,
                ):
                    try:
                        act()
                    except (ValueError, RuntimeError):
                        pass

        kept = Late()
        sys.modules["bocpy._matrix"].late = Late()
        Matrix.__module__
        print("done")
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
