# A program may import all names at once, and some only if they exist.
from bocpy import *  # noqa: F403

try:
    import json as text
except ImportError:
    text = None


@when(Cown([1]))  # noqa: F405
def work(c):
    return text.dumps(c.value)


wait()  # noqa: F405
assert work.value == "[1]"
