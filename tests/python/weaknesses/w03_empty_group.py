# An empty group is a parameter like any other.
from bocpy import Cown, wait, when

c = Cown(1)


@when([], c)
def first(group, c):
    return (len(group), c.value)


@when(c, [])
def last(c, group):
    return (c.value, len(group))


wait()
assert first.value == (0, 1), first.value
assert last.value == (1, 0), last.value
