"""Starting and stopping for long: memory stays flat, and threads that race lose nothing.

``BOCPY_LONG_SECONDS`` scales the numbers; ``make test-long`` sets it to 30, for 10,000 cycles and
1,000 rounds.
"""

import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from bocpy import Cown, quiesce, start, wait, when

SECONDS = float(os.environ.get("BOCPY_LONG_SECONDS", "1"))
SCALE = min(1.0, SECONDS / 30)
CYCLES = max(500, int(10_000 * SCALE))
ROUNDS = max(30, int(1000 * SCALE))
LIMIT_S = 120 + 20 * SECONDS
THREADS = 6

pytestmark = [pytest.mark.long, pytest.mark.timeout(2 * LIMIT_S)]


@pytest.fixture(autouse=True)
def _stopped() -> Iterator[None]:
    wait()
    yield
    wait()


# What is alive is counted after a collection in every interpreter; RSS is the kernel's.
CYCLING = """
import gc, sys
from bocpy import Cown, _core, receive, send, start, wait, when

CYCLES, WARM_UP, WORKERS = int(sys.argv[1]), 100, 3
kept = Cown([0])

class Held:
    def __init__(self):
        self.cown = Cown(0)

def count():
    import gc
    send("here", 0)
    receive("go")  # so that each worker counts once
    gc.collect()
    return len(gc.get_objects())

def cycle(number):
    start(1 + number % WORKERS)
    held = Held()

    @when(kept, held.cown)
    def body(k, h):
        k.value[0] += 1
        h.value = [k.value[0]]
        return Held

    wait()
    assert held.cown.value == [number + 1]

def numbers():
    start(WORKERS)
    counts = [when()(count) for _ in range(WORKERS)]
    for _ in counts:
        receive("here")
    for _ in counts:
        send("go", 0)
    wait()
    in_workers = sum(result.value for result in counts)
    gc.collect()
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    blocks = sys.getallocatedblocks()  # of all interpreters
    return [in_workers, len(gc.get_objects()), blocks, _core._native_live(), pages * 4]

for number in range(CYCLES):
    if number == WARM_UP:
        numbers()
        before = numbers()
    cycle(number)
after = numbers()
print(*(b - a for a, b in zip(before, after)))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_cycles_of_start_and_wait_keep_memory_flat(tmp_path) -> None:
    program = tmp_path / "cycling.py"
    program.write_text(CYCLING, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, program, str(CYCLES)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    in_workers, objects, blocks, native, kilobytes = map(int, done.stdout.split())
    # What a worker imports once, and caches that fill, come on top of what a cycle would leave.
    assert max(in_workers, objects) < 1500 + CYCLES // 20, done.stdout
    assert blocks < 4000 + CYCLES // 4, done.stdout
    assert native <= 8, done.stdout
    assert kilobytes < 5000 + CYCLES // 4, done.stdout


def add_one(c: Cown[int]) -> None:
    c.value += 1


class Racer(threading.Thread):
    """Calls everything that changes the state of the runtime, in an order of its own."""

    def __init__(self, cown: Cown[int], barrier: threading.Barrier, seed: int) -> None:
        super().__init__(name=f"racer {seed}")
        self.cown = cown
        self.barrier = barrier
        self.dice = random.Random(seed)
        self.scheduled = 0
        self.trouble: BaseException | None = None

    def run(self) -> None:
        try:
            self.barrier.wait(60)
            for _ in range(6):
                self.step(self.dice.randrange(5))
        except BaseException as error:  # the test raises it again
            self.trouble = error

    def step(self, kind: int) -> None:
        if kind == 0:
            try:
                start(self.dice.choice([None, 1, 2]))
            except RuntimeError as error:
                assert "the runtime is up with" in str(error)  # another count
        elif kind == 1:
            wait()
        elif kind == 2:
            quiesce()
        else:
            for _ in range(self.dice.randrange(1, 20)):
                try:
                    when(self.cown)(add_one)
                    self.scheduled += 1
                except RuntimeError as error:
                    assert "shutting down" in str(error)


def test_threads_that_race_lose_no_behavior() -> None:
    cown = Cown(0)
    expected = 0
    for number in range(ROUNDS):
        barrier = threading.Barrier(THREADS)
        racers = [Racer(cown, barrier, number * THREADS + i) for i in range(THREADS)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join(LIMIT_S)
            assert not racer.is_alive()
            if racer.trouble is not None:
                raise racer.trouble
        expected += sum(racer.scheduled for racer in racers)
        wait()
        assert cown.value == expected
