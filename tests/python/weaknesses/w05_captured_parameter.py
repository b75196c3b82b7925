# A captured parameter arrives as a cown, not as its value.
from bocpy import Cown, wait, when

a, b = Cown(1), Cown(2)


@when(a)
def outer(a):
    @when(b)
    def inner(b):
        return isinstance(a, Cown)

    return inner


wait()
nested = outer.value
with nested as found:
    assert found is True, found
