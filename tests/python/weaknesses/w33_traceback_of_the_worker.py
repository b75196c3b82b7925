# The reader of an exception sees where it was raised.
from bocpy import Cown, wait, when


@when(Cown(0))
def fails(c):
    return 1 / c.value


wait()
error = fails.value
told = str(error.__cause__) + "".join(getattr(error, "__notes__", []))
assert "1 / c.value" in told, told
