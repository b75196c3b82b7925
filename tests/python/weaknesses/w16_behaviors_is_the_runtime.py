# The context manager is the runtime that when() uses.
from bocpy import Behaviors, Cown, when

c = Cown(0)
with Behaviors(2):

    @when(c)
    def add(c):
        c.value += 1


assert c.value == 1
