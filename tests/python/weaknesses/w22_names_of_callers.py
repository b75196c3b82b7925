# A name that the body's scopes do not have is not taken from whoever happens to call.
from bocpy import Cown, wait, when


def schedule():
    @when(Cown(0))
    def work(c):
        return only_the_caller_has_this  # noqa: F821

    return work


def caller():
    only_the_caller_has_this = 1  # noqa: F841
    return schedule()


missing = None
try:
    work = caller()
    wait()
    with work as found:
        pass
except NameError as error:
    missing = error
assert "only_the_caller_has_this" in str(missing)
