# One result can be awaited and read, any number of times, while others are in flight.
import time

from bocpy import Cown, wait, when


@when(Cown(0))
def slow(c):
    time.sleep(0.5)


@when(Cown(20))
def quick(c):
    return c.value + 1


assert quick.result(timeout=30) == 21
assert quick.result() == 21
wait()
