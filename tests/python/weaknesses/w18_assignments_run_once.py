# A module-level assignment is evaluated once, in main, and not again in each worker.
import os
import tempfile

from bocpy import Cown, wait, when

LOG = os.environ.setdefault("W18_LOG", tempfile.mktemp())


def evaluated(value):
    with open(LOG, "a", encoding="utf-8") as log:
        print(value, file=log)
    return value


STEP = evaluated(5)


@when(Cown(1))
def work(c):
    return c.value + STEP


wait()
with open(LOG, encoding="utf-8") as log:
    lines = log.read().split()
os.remove(LOG)
assert (work.value, lines) == (6, ["5"]), lines
