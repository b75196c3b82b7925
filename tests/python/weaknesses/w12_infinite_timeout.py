# Infinity waits for ever, NaN is refused, and neither leaves a half closed runtime.
from bocpy import Cown, wait, when

c = Cown(0)


@when(c)
def add(c):
    c.value += 1


try:
    wait(float("nan"))
except ValueError:
    pass
else:
    raise SystemExit("NaN was accepted")
wait(float("inf"))
assert c.value == 1
