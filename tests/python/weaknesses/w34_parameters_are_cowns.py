# What a body gets is a Cown, and so is a Cown that it returns.
from bocpy import Cown, wait, when

c = Cown(1)


@when(c)
def check(c):
    return isinstance(c, Cown) and c.acquired is True


@when(c)
def same(c):
    return Cown(5)


wait()
assert check.value is True
assert isinstance(same.value, Cown)
