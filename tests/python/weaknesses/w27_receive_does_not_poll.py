# A thread that waits under several tags sleeps until a message comes.
import resource

from bocpy import TIMEOUT, receive


def sleeps():
    return resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw


receive(["a", "b", "c"], 0.01)
before = sleeps()
assert receive(["a", "b", "c"], 3) == (TIMEOUT, None)
count = sleeps() - before
assert count < 150, count
