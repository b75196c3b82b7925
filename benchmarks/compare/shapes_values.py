"""Shapes of values, for every bocpy: a nested chain on one cown that holds something.

Written like shapes_scheduling.py.
"""

from shape_tools import Account, Clock, finish

from bocpy import Cown, Matrix, when


def advance_list(cown, left, target):
    @when(cown)
    def step(c, left=left, target=target):
        c.value[0] += 1
        if left > 1:
            advance_list(c, left - 1, target)
        else:
            finish(target, c.value[0])


def run_list(count, length):
    cown = Cown([0, *range(1, length)])
    clock = Clock()
    advance_list(cown, count, clock.target)
    return clock.stop()


def list_chain(count, workers):
    """A list of 1000 ints, of which each behavior changes one."""
    return run_list(count, 1000)


def list_10_chain(count, workers):
    return run_list(count, 10)


def advance_dict(cown, left, target):
    @when(cown)
    def step(c, left=left, target=target):
        c.value["key 7"] += 1
        if left > 1:
            advance_dict(c, left - 1, target)
        else:
            finish(target, c.value["key 7"])


def dict_chain(count, workers):
    """A dict of 100 strings to ints, of which each behavior changes one."""
    cown = Cown({f"key {number}": 0 for number in range(100)})
    clock = Clock()
    advance_dict(cown, count, clock.target)
    return clock.stop()


def advance_account(cown, left, target):
    @when(cown)
    def step(c, left=left, target=target):
        c.value.moves += 1
        if left > 1:
            advance_account(c, left - 1, target)
        else:
            finish(target, c.value.moves)


def dataclass_chain(count, workers):
    """An instance of a dataclass with three fields, of which each behavior changes one."""
    cown = Cown(Account("somebody", 100, 0))
    clock = Clock()
    advance_account(cown, count, clock.target)
    return clock.stop()


def advance_past(cown, done, count, target):
    @when(cown)
    def step(c, done=done, count=count, target=target):
        if done + 1 < count:
            advance_past(c, done + 1, count, target)
        else:
            finish(target, done + 1)


def bytes_untouched(count, workers):
    """64 MiB of bytes that no behavior looks at."""
    cown = Cown(b"\1" * (64 << 20))
    clock = Clock()
    advance_past(cown, 0, count, clock.target)
    return clock.stop()


def advance_reading(cown, done, count, target):
    @when(cown)
    def step(c, done=done, count=count, target=target):
        total = done + c.value[done]
        if total < count:
            advance_reading(c, total, count, target)
        else:
            finish(target, total)


def bytes_read(count, workers):
    """64 MiB of bytes, of which each behavior reads one."""
    cown = Cown(b"\1" * (64 << 20))
    clock = Clock()
    advance_reading(cown, 0, count, clock.target)
    return clock.stop()


def advance_matrix(cown, left, target):
    @when(cown)
    def step(c, left=left, target=target):
        c.value[0, 0] += 1.0
        if left > 1:
            advance_matrix(c, left - 1, target)
        else:
            finish(target, int(c.value[0, 0]))


def run_matrix(count, rows, columns):
    cown = Cown(Matrix(rows, columns, 0.0))
    clock = Clock()
    advance_matrix(cown, count, clock.target)
    return clock.stop()


def matrix_chain(count, workers):
    """A Matrix of 16 x 16, of which each behavior changes one element."""
    return run_matrix(count, 16, 16)


def matrix_64_mib_chain(count, workers):
    """The same with a Matrix of 64 MiB."""
    return run_matrix(count, 4096, 2048)
