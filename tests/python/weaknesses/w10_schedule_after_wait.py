# Cowns that main read after wait() take part in the next runtime.
from bocpy import Cown, wait, when

c = Cown(1)


@when(c)
def first(c):
    c.value += 1


wait()
assert c.value == 2


@when(c)
def second(c):
    c.value += 1
    return c.value


wait()
assert second.value == 3, second.value
