"""Messages: what arrives, where, in which order, and how waiting ends."""

import math
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import deque, namedtuple

import pytest

import bocpy
from bocpy import (
    TIMEOUT,
    Cown,
    drain,
    queue_stats,
    receive,
    send,
    set_queue_capacity,
    set_tags,
    wait,
    when,
)

Pair = namedtuple("Pair", "left right")


class Text(str):
    pass


class Sequenced:
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return [10, 20][index]

    def __eq__(self, other):
        return type(other) is Sequenced


@pytest.fixture(autouse=True)
def no_messages():
    set_tags([])
    yield
    set_tags([])
    set_queue_capacity(16384)


def counters(tag):
    (found,) = [entry for entry in queue_stats() if entry["tag"] == tag]
    return found


def in_thread(function, *arguments):
    thread = threading.Thread(target=function, args=arguments, daemon=True)
    thread.start()
    return thread


# -- values


@pytest.mark.parametrize(
    "value",
    [
        0, -1, 2**63, -(2**200), 1.5, math.inf, True, False, None, "", "tëxt", b"bytes",
        (), (1, (2, (3,))), (1, [2]), [1, 2], [], bytearray(b"ab"), Pair(1, [2]), range(5),
        deque([1, 2]), Text("abc"), Sequenced(), {"a": 1}, {1, 2}, frozenset({1}),
    ],
)  # fmt: skip
def test_contents_keep_type_and_value(value):
    send("t", value)
    tag, contents = receive("t")
    assert tag == "t"
    assert contents == value
    assert type(contents) is type(value)


def test_memoryview_stays_one():
    send("t", memoryview(b"abc"))
    contents = receive("t")[1]
    assert type(contents) is memoryview
    assert bytes(contents) == b"abc"


def test_contents_are_a_copy():
    original = [1]
    send("t", original)
    original.append(2)
    assert receive("t")[1] == [1]


def test_unpicklable_contents_raise_and_queue_nothing():
    with pytest.raises(Exception, match="pickle"):
        send("t", threading.Lock())
    assert receive("t", 0) == (TIMEOUT, None)


def test_cown_in_a_message_is_the_same_cown(runtime):
    cown = Cown([1])
    send("t", cown)
    received = receive("t")[1]
    assert isinstance(received, Cown)
    assert received == cown


def test_cown_in_a_message_lives_on_in_it(runtime):
    send("t", Cown("kept"))
    with receive("t")[1] as value:
        assert value == "kept"


# -- tags


@pytest.mark.parametrize("tag", ["", "a\0b", "a", "ß" * 500, "x" * 100_000])
def test_any_str_is_a_tag(tag):
    send(tag, 1)
    assert receive("other", 0)[0] == TIMEOUT
    assert receive([tag]) == (tag, 1)


@pytest.mark.parametrize("tag", [None, 1, b"t", Text("t"), ["t"]])
def test_send_with_another_type_of_tag_raises(tag):
    with pytest.raises(TypeError):
        send(tag, 1)
    assert queue_stats() == []


def test_surrogate_raises_and_messaging_stays_usable():
    for call in (lambda: send("\ud800", 1), lambda: receive("\ud800", 0), lambda: drain("\ud800")):
        with pytest.raises(UnicodeEncodeError):
            call()
    with pytest.raises(UnicodeEncodeError):
        set_tags(["fine", "\ud800"])
    send("t", 1)
    assert receive("t") == ("t", 1)


def test_there_is_no_limit_of_tags():
    for i in range(1000):
        send(f"tag{i}", i)
    for i in reversed(range(1000)):
        assert receive(f"tag{i}", 0) == (f"tag{i}", i)


def test_polling_and_draining_assign_no_tag():
    receive(["a", "b"], 0)
    drain(["c", "d"])
    assert queue_stats() == []


# -- receive


@pytest.mark.parametrize("make", [list, tuple, set, iter, dict.fromkeys, deque])
def test_tags_may_be_any_iterable(make):
    send("b", 5)
    assert receive(make(["a", "b", "c"]), 1) == ("b", 5)


def test_first_tag_comes_first_and_others_are_not_disturbed():
    for i in range(5):
        send("a", i)
        send("b", i)
    assert [receive(["b", "a"]) for _ in range(6)] == [*(("b", i) for i in range(5)), ("a", 0)]
    assert [receive(["a", "b"])[1] for _ in range(4)] == [1, 2, 3, 4]


@pytest.mark.parametrize("count", [10, 5000, 10_000])
def test_messages_arrive_in_order(count):
    for i in range(count):
        send("t", i)
    assert [receive("t")[1] for _ in range(count)] == list(range(count))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (([],), RuntimeError), (((),), RuntimeError), (([1],), TypeError), ((1,), TypeError),
        ((None,), TypeError), ((b"t",), TypeError), (("t", None), TypeError),
        (("t", "1"), TypeError), (("t", math.nan), ValueError), (("t", 0, 5), TypeError),
        ((), TypeError), (("t", 0, None, 1), TypeError), ((Text("t"), 0), TypeError),
    ],
)  # fmt: skip
def test_receive_with_bad_arguments_raises(arguments, error):
    with pytest.raises(error):
        receive(*arguments)


def test_arguments_may_be_keywords():
    send(tag="t", contents=1)
    assert receive(tags="t", timeout=0, after=None) == ("t", 1)
    with pytest.raises(TypeError, match="tagz"):
        receive(tagz="t")
    with pytest.raises(TypeError, match="multiple"):
        receive("t", tags="t")
    with pytest.raises(TypeError, match="contents"):
        send("t")
    with pytest.raises(TypeError):
        send("t", 1, 2)


def test_poll_returns_at_once():
    start = time.monotonic()
    assert receive("t", 0) == (TIMEOUT, None)
    assert time.monotonic() - start < 0.01
    send("t", 1)
    assert receive("t", 0) == ("t", 1)


@pytest.mark.parametrize("tags", ["t", ["t", "u", "v"]])
@pytest.mark.parametrize("timeout", [0.05, 0.1, 0.2])
def test_timeout_is_neither_early_nor_late(tags, timeout):
    start = time.monotonic()
    assert receive(tags, timeout) == (TIMEOUT, None)
    assert timeout <= time.monotonic() - start <= timeout + 0.1


@pytest.mark.parametrize("timeout", [-1, -0.001, -math.inf, math.inf, 1e300, 10**400])
def test_negative_and_huge_timeouts_are_no_limit(timeout):
    thread = in_thread(lambda: (time.sleep(0.05), send("t", 1)))
    assert receive("t", timeout) == ("t", 1)
    thread.join()


def test_after_gives_the_result_of_a_timeout():
    marker = object()
    assert receive("t", 0, lambda: ("fallback", 99)) == ("fallback", 99)
    assert receive(["t", "u"], 0.01, lambda: marker) is marker
    with pytest.raises(ZeroDivisionError):
        receive("t", 0, lambda: 1 // 0)


def test_after_is_not_called_when_there_is_a_message():
    send("t", 1)
    assert receive("t", 0, lambda: pytest.fail("called")) == ("t", 1)


def test_contents_that_cannot_be_decoded_raise_the_error_and_are_gone():
    send("t", Fragile())
    send("t", 2)
    with pytest.raises(ZeroDivisionError):
        receive("t")
    assert receive("t") == ("t", 2)


def fail():
    return 1 // 0


class Fragile:
    def __reduce__(self):
        return fail, ()


# -- drain


@pytest.mark.parametrize("tags", ["a", ("a",), ["a"], {"a"}])
def test_drain_of_one_tag_leaves_the_other(tags):
    for tag in ("a", "b"):
        send(tag, 1)
    drain(tags)
    assert receive("a", 0)[0] == TIMEOUT
    assert receive("b", 0) == ("b", 1)
    send("a", 2)
    assert receive("a", 0) == ("a", 2)


def test_drain_with_a_bad_tag_discards_nothing():
    send("a", 1)
    for tags in ([123], ["a", 123], 5, None):
        with pytest.raises(TypeError):
            drain(tags)
    drain([])
    assert receive("a", 0) == ("a", 1)


# -- set_tags


def test_set_tags_replaces_the_tags_and_clears_the_queues():
    send("old", 1)
    send("kept", 1)
    set_tags(["kept", "new"])
    assert [entry["tag"] for entry in queue_stats()] == ["kept", "new"]
    assert receive(["old", "kept", "new"], 0)[0] == TIMEOUT
    set_tags(["last"])
    assert [entry["tag"] for entry in queue_stats()] == ["last"]
    send("auto", 2)
    assert receive("auto", 0) == ("auto", 2)


def test_set_tags_takes_any_number_in_any_collection():
    set_tags([f"tag{i}" for i in range(100)])
    assert len(queue_stats()) == 100
    set_tags({"a", "b"})
    assert {entry["tag"] for entry in queue_stats()} == {"a", "b"}
    set_tags("abc")
    assert [entry["tag"] for entry in queue_stats()] == ["a", "b", "c"]
    for i in range(20):
        set_tags([f"tag{i}"])
    assert [entry["tag"] for entry in queue_stats()] == ["tag19"]


def test_set_tags_with_bad_arguments_changes_nothing():
    send("t", 1)
    for tags in ([123], 42, None, iter(["a"]), ["a", 1], [Text("a")]):
        with pytest.raises(TypeError):
            set_tags(tags)
    assert receive("t", 0) == ("t", 1)


def test_blocked_receiver_waits_on_after_set_tags():
    got = []
    thread = in_thread(lambda: got.append(receive(["t", "u"], 10)))
    while not queue_stats():
        time.sleep(0.001)
    set_tags([])
    set_tags(["u"])
    send("u", 7)
    thread.join(10)
    assert got == [("u", 7)]


def test_set_tags_in_a_behavior_raises(runtime):
    @when()
    def refused():
        set_tags([])

    wait()
    with pytest.raises(RuntimeError, match="main interpreter"):
        refused.unwrap()


# -- capacity


def test_default_capacity_is_16384():
    for i in range(16384):
        send("t", i)
    with pytest.raises(RuntimeError, match="full"):
        send("t", 0)
    send("u", 1)
    assert receive("t") == ("t", 0)
    send("t", 16384)
    drain("t")
    send("t", "after")
    assert receive("t") == ("t", "after")


def test_capacity_can_be_set_for_all_and_for_one():
    set_queue_capacity(2)
    set_queue_capacity(1, "small")
    for tag, count in (("small", 1), ("t", 2)):
        for i in range(count):
            send(tag, i)
        with pytest.raises(RuntimeError, match="full"):
            send(tag, 0)
    set_queue_capacity(capacity=3)
    send("t", 2)
    with pytest.raises(RuntimeError, match="full"):
        send("small", 0)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((0,), ValueError), ((-1,), ValueError), ((2**31,), ValueError), ((10**30,), ValueError),
        (("1",), TypeError), ((1.5,), TypeError), ((1, 2), TypeError), ((), TypeError),
    ],
)  # fmt: skip
def test_bad_capacity_raises(arguments, error):
    with pytest.raises(error):
        set_queue_capacity(*arguments)


def test_send_waits_for_room_until_its_timeout():
    set_queue_capacity(1, "t")
    send("t", 1)
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        send("t", 2, timeout=0.05)
    assert 0.05 <= time.monotonic() - start < 0.3
    with pytest.raises(RuntimeError, match="full"):
        send("t", 2, timeout=0)
    thread = in_thread(lambda: [send("t", i, timeout=-1) for i in range(2, 50)])
    assert [receive("t")[1] for _ in range(49)] == list(range(1, 50))
    thread.join()


# -- several threads and interpreters


def test_producers_keep_their_order_and_lose_nothing():
    def produce(producer):
        for i in range(300):
            send("t", (producer, i))

    threads = [in_thread(produce, producer) for producer in range(8)]
    received = [receive("t", 10)[1] for _ in range(2400)]
    for thread in threads:
        thread.join()
    for producer in range(8):
        assert [i for p, i in received if p == producer] == list(range(300))


def test_three_producers_on_three_tags_all_arrive():
    tags = ["a", "b", "c"]
    threads = [in_thread(lambda tag=tag: [send(tag, i) for i in range(200)]) for tag in tags]
    received = [receive(tags, 10) for _ in range(600)]
    for thread in threads:
        thread.join()
    for tag in tags:
        assert [i for t, i in received if t == tag] == list(range(200))


def test_ten_consumers_take_each_message_once():
    taken = [[] for _ in range(10)]

    def consume(mine):
        while True:
            tag, contents = receive(["work", "stop"])
            if tag == "stop":
                return
            mine.append(contents)

    threads = [in_thread(consume, mine) for mine in taken]
    for i in range(2000):
        send("work", i)
    while counters("work")["popped_total"] < 2000:
        time.sleep(0.001)
    for _ in threads:
        send("stop", None)
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert sorted(i for mine in taken for i in mine) == list(range(2000))


def test_receiver_never_misses_a_wake_up():
    random_delays = random.Random(5)

    def produce():
        for i in range(200):
            if i % 20 < 10:
                time.sleep(random_delays.random() / 1000)
            send("t", i)

    thread = in_thread(produce)
    assert [receive("t", 20)[1] for _ in range(200)] == list(range(200))
    thread.join()


def test_behaviors_and_main_talk(runtime):
    @when()
    def echo():
        while (message := receive(["job", "stop"]))[0] != "stop":
            send("answer", message[1] * 2)
        return "stopped"

    for i in range(100):
        send("job", i)
        assert receive("answer", 20) == ("answer", 2 * i)
    send("stop", None)
    assert echo.result(20) == "stopped"


def test_messages_survive_start_and_wait():
    send("t", 1)
    bocpy.start()
    send("t", 2)
    set_tags([f"tag{i}" for i in range(16)])  # the runtime itself uses no tags
    send("t", 3)

    @when()
    def body():
        send("t", 4)

    wait()
    assert [receive("t", 0)[1] for _ in range(2)] == [3, 4]


def test_behaviors_that_answer_each_other_get_every_message(runtime):
    bocpy.start(2)

    def play(mine, other):
        @when()
        def player():
            got = []
            for _ in range(2000):
                got.append(receive(mine, 20)[1])
                send(other, got[-1] + 1)
            return got

        return player

    ping, pong = play("ping", "pong"), play("pong", "ping")
    send("ping", 0)
    assert ping.result(60) == list(range(0, 4000, 2))
    assert pong.result(60) == list(range(1, 4000, 2))
    assert receive("ping", 0) == ("ping", 4000)


@pytest.mark.parametrize(
    "messages",
    [3_000, pytest.param(1_000_000, marks=[pytest.mark.long, pytest.mark.timeout(1800)])],
)
def test_each_message_is_delivered_once_in_order(messages):
    producers, consumers, tags = 8, 4, ["a", "b", "c", "d"]
    each = messages // producers
    taken = [[] for _ in range(consumers)]

    def produce(producer):
        for i in range(each):
            send(tags[i % 4], (producer, i), timeout=-1)

    def consume(mine):
        while True:
            tag, contents = receive([*tags, "stop"])
            if tag == "stop":
                return
            mine.append((tag, *contents))

    readers = [in_thread(consume, mine) for mine in taken]
    writers = [in_thread(produce, producer) for producer in range(producers)]
    for thread in writers:
        thread.join()
    while sum(counters(tag)["popped_total"] for tag in tags) < producers * each:
        time.sleep(0.01)
    for _ in readers:
        send("stop", None)
    for thread in readers:
        thread.join()
    for mine in taken:
        for producer in range(producers):
            for tag in tags:
                serials = [i for t, p, i in mine if t == tag and p == producer]
                assert serials == sorted(serials)
    assert sorted((p, i) for mine in taken for _, p, i in mine) == [
        (producer, i) for producer in range(producers) for i in range(each)
    ]


# -- stats


def test_stats_count_sent_and_received_messages():
    set_tags(["t_one", "t_two"])
    before = {entry["tag"]: entry for entry in queue_stats()}
    assert list(before) == ["t_one", "t_two"]
    assert set(before["t_one"]) == {
        "queue_index",
        "tag",
        "enqueue_cas_retries",
        "dequeue_cas_retries",
        "pushed_total",
        "popped_total",
    }
    send("t_one", 1)
    send("t_one", 2)
    receive("t_one")
    assert counters("t_one")["pushed_total"] - before["t_one"]["pushed_total"] == 2
    assert counters("t_one")["popped_total"] - before["t_one"]["popped_total"] == 1
    assert counters("t_two") == before["t_two"]
    assert queue_stats() == queue_stats()
    drain("t_one")
    assert counters("t_one")["pushed_total"] == 2
    assert counters("t_one")["popped_total"] >= 1
    assert [entry["queue_index"] for entry in queue_stats()] == [0, 1]


# -- waiting costs nothing and can be interrupted


@pytest.mark.parametrize("tags", ["a", ["a", "b", "c"]])
def test_idle_receiver_uses_no_cpu(tags):
    before = time.process_time()
    assert receive(tags, 1.0) == (TIMEOUT, None)
    assert time.process_time() - before < 0.02


@pytest.mark.long
def test_idle_receiver_uses_no_cpu_for_ten_seconds():
    thread = in_thread(receive, ["a", "b", "c"], 3600)
    before = time.process_time()
    time.sleep(10)
    assert time.process_time() - before < 0.01
    send("b", None)
    thread.join()


def test_lateness_of_timeouts_is_reported(record_property, capsys):
    late = []
    for _ in range(100):
        began = time.perf_counter()
        assert receive(["a", "b", "c"], 0.002) == (TIMEOUT, None)
        late.append(time.perf_counter() - began - 0.002)
    assert min(late) >= 0
    median_us = round(statistics.median(late) * 1e6)
    record_property("median_lateness_us", median_us)
    with capsys.disabled():
        print(f" median lateness of timeouts: {median_us} us ", end="")


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize(
    "call",
    [
        'receive("t")',
        'receive("t", 30)',
        'receive(["t", "u"])',
        'receive(["t", "u"], 30)',
        'send("full", 2, timeout=-1)',
    ],
)
def test_ctrl_c_interrupts_a_blocking_call(call):
    source = f"""
import sys, time
from bocpy import *
set_queue_capacity(1, "full")
send("full", 1)
print("ready", flush=True)
try:
    {call}
except KeyboardInterrupt:
    print("interrupted", time.monotonic())
send("t", 1)
assert receive("t", 0) == ("t", 1)
assert receive("full", 0) == ("full", 1)
assert receive("full", 0)[0] == TIMEOUT
"""
    with subprocess.Popen(
        [sys.executable, "-c", source], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.2)
        sent = time.monotonic()
        child.send_signal(signal.SIGINT)
        output, _ = child.communicate(timeout=20)
        assert child.returncode == 0
        word, when_seen = output.split()
        assert word == "interrupted"
        assert float(when_seen) - sent < 0.5  # 0.1 on a machine with nothing else to do


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_silent_handler_does_not_end_the_wait():
    old = signal.signal(signal.SIGALRM, lambda *_: send("t", "from the handler"))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        assert receive(["t", "u"], 10) == ("t", "from the handler")
    finally:
        signal.signal(signal.SIGALRM, old)


def test_uncaught_error_ends_a_body_that_waits_for_a_message(program):
    done = program(
        """
        from bocpy import receive, send, when
        @when()
        def body():
            send("here", None)
            try:
                receive("never")
            except KeyboardInterrupt:
                print("body interrupted", flush=True)
                raise
        receive("here")
        raise SystemError("over")
        """
    )
    assert done.returncode == 1
    assert "body interrupted" in done.stdout
    assert "SystemError: over" in done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_child_of_a_fork_starts_without_messages_and_receivers(program):
    done = program(
        """
        import os, threading, time
        from bocpy import queue_stats, receive, send, set_tags
        threading.Thread(target=lambda: receive(["t", "u"]), daemon=True).start()
        while len(queue_stats()) < 2: time.sleep(0.001)
        send("v", 1)
        child = os.fork()
        if child == 0:
            assert queue_stats() == []
            send("t", 2)
            os._exit(0 if receive("t", 0) == ("t", 2) else 3)
        print(os.waitpid(child, 0)[1], receive("v"))
        send("t", None)
        """
    )
    assert done.stdout == "0 ('v', 1)\n", done.stderr
