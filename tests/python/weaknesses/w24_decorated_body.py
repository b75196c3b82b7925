# A decorator below `when` stays on the body, and the script's name and file are as in main.
from bocpy import Cown, wait, when


def doubled(function):
    def wrapper(*arguments):
        return function(*arguments) * 2

    return wrapper


@when(Cown(4))
@doubled
def work(c):
    return c.value


@when(Cown(0))
def where(c):
    return __name__, __file__


wait()
assert work.value == 8
assert where.value == (__name__, __file__)
