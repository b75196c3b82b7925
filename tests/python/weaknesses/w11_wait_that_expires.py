# wait(timeout) with a running body ends cleanly.
import logging
import time

from bocpy import Cown, wait, when

logging.disable()  # the warning is as it should be
c = Cown(0)


@when(c)
def slow(c):
    time.sleep(1)
    c.value = 1


time.sleep(0.3)
wait(0.1)
assert c.value == 1
