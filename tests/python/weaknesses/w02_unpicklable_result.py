# A result that cannot leave its interpreter is an error on the result, and all is released.
from bocpy import Cown, wait, when

c = Cown(1)


@when(c)
def make(c):
    c.value = 2
    return (n for n in range(3))


@when(c)
def after(c):
    return c.value + 1


wait()
assert make.exception is True, "the result is not flagged"
assert after.value == 3
