# Parameters that do not fit, and generators, are refused by the decorator.
from bocpy import Cown, wait, when

c = Cown(1)


def misfit():
    @when(c, c)
    def one(a):
        return a.value


def generator():
    @when(c)
    def items(c):
        yield c.value


for attempt, error in ((misfit, TypeError), (generator, SyntaxError)):
    try:
        attempt()
    except error:
        continue
    raise SystemExit(f"{attempt.__name__} was accepted")
wait()
