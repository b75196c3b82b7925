# After wait() every cown is readable, wherever it is stored.
from bocpy import Cown, wait, when

cowns = {"list": [Cown(n) for n in range(4)]}
for each in cowns["list"]:

    @when(each)
    def add(each):
        each.value += 10


del each, add
wait()
assert [c.value for c in cowns["list"]] == [10, 11, 12, 13]
