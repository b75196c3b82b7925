"""Behaviors of the suite ``messages``, which send, and main, which receives.

A message is the moment at which it was sent, with bytes if they are wanted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import cycle
from time import monotonic_ns, time_ns

from bocpy import Cown, drain, receive, send, set_queue_capacity, start, wait, when
from bocpy.bench.work import plan, result
from bocpy.bench.work.histogram import Histogram

TYPE_CHECKING = False
if TYPE_CHECKING:  # what workers need not import
    from bocpy.bench.messages import MessagesConfig

# Taken when a sender has sent its last message, and by nobody before.
_ENDED = "bocpy.bench.ended"
_LIMIT_S = 60.0  # far above what main needs to make room
_PING, _PONG = "bocpy.bench.ping", "bocpy.bench.pong"

type Contents = int | tuple[int, bytes]
type Sender = Cown[int]  # messages that it has sent


@dataclass(frozen=True)
class Plan:
    """What the senders have in common."""

    tags: list[str]
    filling: bytes
    batch: int
    begin_ns: int = 0
    end_ns: int = 0

    def contents(self, now: int) -> Contents:
        """Return the message of this moment."""
        return (now, self.filling) if self.filling else now


class Receiver:
    """Main's side: counts what arrives between begin and end."""

    def __init__(self, shared: Plan, latency_every: int) -> None:
        self.shared = shared
        self.every = latency_every
        self.latencies = Histogram()
        self.received = 0
        self.counted = 0
        self.wall_clock_ns = 0
        self.began: result.Reading | None = None
        self.ended: result.Reading | None = None

    def take(self, contents: Contents) -> int:
        """Count a message; return the time."""
        now = monotonic_ns()
        self.received += 1
        if now >= self.shared.begin_ns:
            if self.began is None:
                self.wall_clock_ns, self.began = time_ns(), result.read()
            if now < self.shared.end_ns:
                self.counted += 1
                if self.every and self.counted % self.every == 0:
                    sent = contents if isinstance(contents, int) else contents[0]
                    self.latencies.add(now - sent)
            elif self.ended is None:
                self.ended = result.read()
        return now


def run(config: MessagesConfig) -> result.Measured:
    """Send until the time is over; count what main receives between warm-up and end."""
    assert config.workers and config.warmup is not None
    start(config.workers)
    tags = [f"bocpy.bench.message{number}" for number in range(config.tags)]
    for tag in (*tags, _PING, _PONG):
        set_queue_capacity(config.capacity, tag)
    shared = Plan(tags, bytes(config.size), config.batch)
    plan.prepare(config.workers, shared)
    begin_ns = monotonic_ns() + round(config.warmup * 1e9)
    end_ns = begin_ns + round(config.duration * 1e9)
    shared = replace(shared, begin_ns=begin_ns, end_ns=end_ns)
    plan.publish(shared)
    receiver = Receiver(shared, config.latency_every)
    if config.pattern == "ping-pong":
        _play(receiver)
    else:
        _collect(receiver, config.producers)
    ended = receiver.ended or result.read()
    wait(raise_errors=True)
    return result.Measured(
        completed=receiver.counted,
        elapsed_s=(end_ns - begin_ns) / 1e9,
        wall_clock_ns_start=receiver.wall_clock_ns,
        latencies=receiver.latencies,
        began=receiver.began or ended,
        ended=ended,
        details={"uncounted_messages": receiver.received - receiver.counted},
    )


def _collect(receiver: Receiver, producers: int) -> None:
    """Receive from *producers*, under one tag after the other, until all have ended."""
    for _ in range(producers):
        produce(Cown(0))
    running = producers
    for wanted in cycle(receiver.shared.tags):
        tag, contents = receive([wanted, _ENDED])
        if tag != _ENDED:
            receiver.take(contents)
            continue
        if contents is not None:
            raise RuntimeError(f"a sender failed: {contents}")
        running -= 1
        if not running:
            break
    drain(receiver.shared.tags)


def produce(sender: Sender) -> None:
    """Schedule the next messages of *sender*."""

    @when(sender)
    def step(sender: Sender) -> None:
        if send_batch(sender):
            produce(sender)


def send_batch(sender: Sender) -> bool:
    """Send some messages; return whether there is time for more."""
    shared: Plan = plan.shared()
    tags, count = shared.tags, len(shared.tags)
    first = sender.value
    try:
        for number in range(first, first + shared.batch):
            now = monotonic_ns()
            if now >= shared.end_ns:
                send(_ENDED, None)
                return False
            send(tags[number % count], shared.contents(now), timeout=_LIMIT_S)
    except Exception as error:
        send(_ENDED, str(error))
        raise
    sender.value = first + shared.batch
    return True


def _play(receiver: Receiver) -> None:
    """Send, and wait for the answer, until the time is over. Both ways count."""
    shared = receiver.shared
    answer()
    now = monotonic_ns()
    while now < shared.end_ns:
        send(_PING, shared.contents(now))
        tag, contents = receive([_PONG, _ENDED])
        if tag == _ENDED:
            raise RuntimeError(f"the other side failed: {contents}")
        now = receiver.take(contents)
    send(_PING, None)


def answer() -> None:
    """Schedule main's partner."""

    @when()
    def partner() -> None:
        answer_all()


def answer_all() -> None:
    """Answer each message until one says that it is the last."""
    shared: Plan = plan.shared()
    try:
        while receive(_PING)[1] is not None:
            send(_PONG, shared.contents(monotonic_ns()))
    except Exception as error:
        send(_ENDED, str(error))
        raise
