# A program that ends without wait() ends.
from bocpy import Cown, when

c = Cown(0)


@when(c)
def add(c):
    c.value += 1
