# What a behavior does to a value from the noticeboard shows in no other behavior.
from bocpy import Cown, notice_read, notice_sync, notice_write, wait, when

lengths = Cown([])


@when(lengths)
def writes(lengths):
    notice_write("key", [0])
    notice_sync()


def change():
    @when(lengths)
    def changes(lengths):
        value = notice_read("key")
        lengths.value = [*lengths.value, len(value)]
        value.append(0)


for _ in range(10):
    change()
wait()
assert lengths.value == [1] * 10, lengths.value
