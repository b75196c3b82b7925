# What is local to a body, however it is bound, is no capture; what nested functions use is.
from bocpy import Cown, wait, when


def schedule(used_below):
    @when(Cown([3, 1, 2]))
    def work(c):
        import json as text

        def nested():
            return used_below

        try:
            raise ValueError("seen")
        except ValueError as error:
            message = str(error)
        return sorted(c.value, key=lambda each: -each), message, text.dumps(nested())

    return work


work = schedule(7)
wait()
assert work.value == ([3, 2, 1], "seen", "7")
