# wait() inside a behavior is an error, not a silent no.
from bocpy import Cown, wait, when

c = Cown(0)


@when(c)
def waits(c):
    try:
        wait()
    except RuntimeError:
        return "refused"
    return "returned"


wait()
assert waits.value == "refused", waits.value
