"""Many threads schedule on a few shared cowns; no behavior is lost, doubled or torn.

``BOCPY_LONG_SECONDS`` says for how long; ``make test-long`` sets it to 30.
"""

import os
import random
import threading
import time
from collections.abc import Iterator

import pytest

from bocpy import Cown, hold, quiesce, start, wait, when

SECONDS = float(os.environ.get("BOCPY_LONG_SECONDS", "1"))
THREADS = 32
COWNS = 8
AHEAD = 200  # results that a thread lets pile up before it waits for one

pytestmark = [pytest.mark.long, pytest.mark.timeout(120 + 4 * SECONDS)]


@pytest.fixture(autouse=True)
def _stopped() -> Iterator[None]:
    wait()
    yield
    wait()


def random_value(dice: random.Random) -> object:
    """Return a value of any shape, large ones among them."""
    shape = dice.randrange(6)
    if shape == 0:
        return dice.randrange(2**70)
    if shape == 1:
        return "x" * dice.randrange(2000)
    if shape == 2:
        return [dice.random() for _ in range(dice.randrange(50))]
    if shape == 3:
        return {dice.randrange(99): bytes(dice.randrange(99)) for _ in range(dice.randrange(9))}
    inner = [shape]
    return (inner, {"again": inner}, bytearray(dice.randrange(9)))


class Producer(threading.Thread):
    """Schedules random behaviors until told to stop, and knows what they must add up to."""

    def __init__(self, cowns: list[Cown[dict]], seed: int, deadline: float) -> None:
        super().__init__(name=f"producer {seed}")
        self.cowns = cowns
        self.dice = random.Random(seed)
        self.deadline = deadline
        self.added = [0] * len(cowns)
        self.raised = 0
        self.scheduled = 0
        self.trouble: BaseException | None = None

    def run(self) -> None:
        try:
            pending = []
            while time.monotonic() < self.deadline:
                pending.append(self.schedule())
                if len(pending) == AHEAD:
                    for result in pending:
                        self.read(result)
                    pending.clear()
            for result in pending:
                self.read(result)
        except BaseException as error:  # the test raises it again
            self.trouble = error

    def schedule(self) -> tuple[Cown, int | None]:
        """Schedule one behavior; return its result cown and what it must hold."""
        self.scheduled += 1
        chosen = self.dice.sample(range(len(self.cowns)), self.dice.randrange(1, 4))
        amount, payload = self.dice.randrange(10), random_value(self.dice)
        cowns = [self.cowns[i] for i in chosen]
        for i in chosen:
            self.added[i] += amount
        kind = self.dice.randrange(10)
        if kind == 0:

            @when(cowns)
            def fails(cowns):
                for cown in cowns:
                    cown.value["total"] += amount
                raise LookupError(amount)

            return fails, None
        if kind == 1:

            @when(cowns[0], cowns[1:])
            def nests(first, rest):
                first.value["total"] += amount

                @when(rest)
                def inner(rest):
                    for cown in rest:
                        cown.value["total"] += amount

                return amount

            return nests, amount
        if kind == 2:
            with hold(*cowns) as values:
                for value in values:
                    value["total"] += amount
        else:

            @when(*cowns)
            def adds(*cowns):
                for cown in cowns:
                    cown.value["total"] += amount
                    cown.value["payload"] = payload
                return amount

            return adds, amount
        return Cown(amount), amount

    def read(self, scheduled: tuple[Cown, int | None]) -> None:
        """Check a result."""
        result, expected = scheduled
        try:
            assert result.result(60) == expected
        except LookupError:
            assert expected is None
            self.raised += 1


def produce(cowns: list[Cown[dict]], seconds: float, seed: int) -> list[Producer]:
    """Let all threads schedule for a while."""
    deadline = time.monotonic() + seconds
    producers = [Producer(cowns, seed * THREADS + i, deadline) for i in range(THREADS)]
    for producer in producers:
        producer.start()
    for producer in producers:
        producer.join()
    for producer in producers:
        if producer.trouble is not None:
            raise producer.trouble
    return producers


def test_threads_on_shared_cowns_give_exact_totals() -> None:
    cowns = [Cown({"total": 0, "payload": None}) for _ in range(COWNS)]
    expected = [0] * COWNS
    ends = time.monotonic() + SECONDS
    rounds = 0
    while rounds < 2 or time.monotonic() < ends:
        rounds += 1
        start(1 + rounds % 3)
        producers = produce(cowns, SECONDS / 4, rounds)
        if rounds % 2:
            quiesce(60)
        wait()  # ends the runtime: the next round starts it again
        for producer in producers:
            expected = [a + b for a, b in zip(expected, producer.added, strict=True)]
        assert [cown.value["total"] for cown in cowns] == expected
        assert sum(producer.scheduled for producer in producers) > THREADS
        assert sum(producer.raised for producer in producers) > 0


def test_chain_through_all_threads_keeps_the_order_of_each() -> None:
    cowns: list[Cown[list]] = [Cown([]) for _ in range(COWNS)]
    start(2)
    ends = time.monotonic() + min(SECONDS, 10) / 2
    counts = [0] * THREADS

    def run(number: int) -> None:
        dice = random.Random(number)
        while time.monotonic() < ends:
            counts[number] += 1
            serial = counts[number]
            some = dice.sample(cowns, 2)

            @when(*some)
            def notes(one, two):
                one.value.append((number, serial))
                two.value.append((number, serial))

            if serial % 50 == 0:
                notes.result(60)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait()
    logs = [cown.value for cown in cowns]
    assert sum(len(log) for log in logs) == 2 * sum(counts)
    for log in logs:
        last = [0] * THREADS
        for number, serial in log:
            assert serial > last[number]
            last[number] = serial
