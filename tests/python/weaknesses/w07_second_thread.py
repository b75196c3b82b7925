# Any thread of main may schedule.
import threading

from bocpy import Cown, wait, when

c = Cown(0)


def schedule():
    @when(c)
    def add(c):
        c.value += 1


threads = [threading.Thread(target=schedule) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
wait()
assert c.value == 4, c.value
