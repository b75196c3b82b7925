# `with cown` comes after what was scheduled before it.
import time

from bocpy import Cown, wait, when

c = Cown(0)


@when(c)
def slow(c):
    time.sleep(0.3)
    c.value = 1


with c as value:
    assert value == 1, value
wait()
