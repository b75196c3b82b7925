"""The probe through behaviors, by pointer, and every part of the table."""

import gc
import threading

import _bocpy_probe as probe
import pytest
from _bocpy_probe import Counter

from bocpy import Cown, notice_delete, notice_read, notice_sync, receive, send, wait, when


@pytest.fixture(autouse=True)
def _clean():
    probe.start()
    yield
    wait(60)
    gc.collect()
    assert probe.live() == 0


def test_new_counter():
    counter = Counter()
    assert (counter.count, counter.received) == (0, 0)
    assert counter.address != 0
    assert Counter(5).increment() == 6
    with pytest.raises(TypeError):
        Counter("x")


def test_object_without_data_says_so():
    empty = Counter.__new__(Counter)
    assert empty.count == 0  # this one has data from the start
    Cown(empty)
    for name in ("count", "address", "received"):
        with pytest.raises(RuntimeError, match="moved"):
            getattr(empty, name)


def step(cown, done):
    """Count to five, one behavior after the other."""

    @when(cown, done)
    def count(cown, done):
        if cown.value.increment() >= 5:
            done.value = (cown.value.count, cown.value.address)
        else:
            step(cown, done)


def test_behaviors_pass_one_counter_on_by_pointer():
    counter = Counter()
    address = counter.address
    cown, done = Cown(counter), Cown(None)
    step(cown, done)
    probe.quiesce(60)
    assert done.unwrap() == (5, address)


def test_everywhere_a_value_can_be():
    captured = Counter(1)

    @when(Cown([Counter(2), {"nested": Counter(3)}]))
    def add(cown):
        first, second = cown.value
        return Counter(captured.count + first.count + second["nested"].count)

    assert add.result(60).count == 6
    send("counter", (Counter(7),))
    assert receive("counter", 60)[1][0].count == 7


def test_third_that_fails_gives_all_back():
    counters = [Counter(i) for i in range(5)]
    with memoryview(counters[2]), pytest.raises(BufferError):
        Cown(counters)
    assert [counter.count for counter in counters] == [0, 1, 2, 3, 4]
    with pytest.raises(TypeError):
        Cown([counters, threading.Lock()])
    assert [counter.count for counter in counters] == [0, 1, 2, 3, 4]


def test_threads_of_one_interpreter():
    failed = []

    def work():
        try:
            for i in range(20):
                assert Cown(Counter(i)).unwrap().count == i
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_chain_of_bodies_without_the_gil():
    cowns = [Cown(Counter()), Cown(Counter(10))]
    first = probe.chain(cowns, 100)
    assert probe.result(first, 60) == 100
    probe.quiesce(60)

    @when(*cowns)
    def look(one, two):
        return one.value.count, two.value.count

    assert look.result(60) == (100, 110)


def test_chain_on_something_else_fails():
    with pytest.raises(TypeError, match="needs cowns of Counter"):
        probe.chain([Cown("text")], 3).result(60)
    with pytest.raises(TypeError, match="expected a Cown"):
        probe.chain([1], 3)


def test_sum_reads_and_makes_a_counter():
    cowns = [Cown(Counter(i)) for i in range(10)] + [Cown(100)]
    assert probe.sum(cowns).result(60).count == 145
    with pytest.raises(ValueError, match="neither"):
        probe.sum([Cown("text")]).result(60)


def test_store_needs_write_access():
    cown = Cown(1)
    assert probe.meddle(cown, 1).result(60) == -8  # BOCPY_ESTATE
    assert probe.meddle(cown, 0).result(60) == 3
    assert cown.result(60) == 1.5
    with pytest.raises(ValueError):
        probe.meddle(cown, 7)


def test_cown_made_without_an_object():
    assert probe.unwrap(probe.cown_of_data(3)).count == 3


@pytest.mark.parametrize("access", [0, 1])
def test_when_takes_any_callable(access):
    group = ([Cown(1), Cown(2)], Cown(3))

    def add(pair, single):
        return sum(cown.value for cown in pair) + single.value

    assert probe.when(add, group, access).result(60) == 6
    assert probe.when(len, ([Cown(1), Cown(2)],), access).result(60) == 2


def test_readers_cannot_write_and_leave_no_trace():
    cown = Cown([1])

    def change(cown):
        cown.value.append(2)
        cown.value = 3

    with pytest.raises(RuntimeError, match="only reads"):
        probe.when(change, (cown,), 1).result(60)
    assert cown.result(60) == [1]
    with pytest.raises(ValueError):
        probe.when(change, (cown,), 2)


def test_body_in_c_with_python():
    before = probe.dropped()
    cowns = (Cown(1), Cown(2.5), Cown(3))
    assert probe.when_call(cowns).result(60) == 6.5
    assert [cown.result(60) for cown in cowns] == [1, 3.5, 6.5]
    with pytest.raises(TypeError):
        probe.when_call((Cown("text"),)).result(60)
    probe.quiesce(60)
    assert probe.dropped() == before + 2


def test_cowns_by_their_handles():
    about = probe.cown("value")
    assert about.pop("cown").unwrap() == "value"
    assert about.pop("id") > 0
    assert about == {
        "value": "value",
        "entered": "value",
        "acquired": 1,
        "exception": 0,
        "done": 1,
        "check": 1,
    }


def test_result_times_out():
    held = Cown(0)
    held.acquire()
    try:
        waiting = probe.when(len, ([held],), 0)
        failed = []

        def other_thread():
            try:
                probe.result(waiting, 0.01)
            except TimeoutError as error:
                failed.append(error)

        thread = threading.Thread(target=other_thread)
        thread.start()
        thread.join()
        assert len(failed) == 1
    finally:
        held.release()
    assert probe.result(waiting, -1) == 1


def test_runtime():
    about = probe.about()
    assert about["abi"] == 1
    assert about["features"] & 127 == 127
    assert about["running"] and about["workers"] == len(about["stats"])
    assert (about["worker"], about["interpreter"]) == (-1, about["main"])

    @when()
    def there():
        return probe.about()["worker"], probe.about()["main"], probe.about()["interpreter"]

    worker, main, interpreter = there.result(60)
    assert worker >= 0 and main == about["main"] != interpreter
    probe.wait(60)
    assert not probe.about()["running"]
    with pytest.raises(RuntimeError, match="not running"):
        probe.sum([Cown(1)])
    probe.start(1)
    assert probe.about()["workers"] == 1


def test_wrong_place_raises():
    """The runtime belongs to main, and a thread that holds a cown must not wait."""

    @when(Cown(1))
    def inside(cown):
        raised = []
        for call in (probe.start, probe.wait, probe.quiesce, lambda: probe.result(cown, 1)):
            try:
                call()
            except RuntimeError as error:
                raised.append(str(error))
        return raised

    messages = inside.result(60)
    assert len(messages) == 3  # the cown that the body holds has its value at hand
    with Cown(0):
        for call in (probe.wait, probe.quiesce, lambda: probe.result(Cown(1), 1)):
            with pytest.raises(RuntimeError, match="holds a cown"):
                call()
    failed = []

    def other_thread():
        try:
            Cown(1).value  # noqa: B018
        except RuntimeError as error:
            failed.append(error)

    thread = threading.Thread(target=other_thread)
    thread.start()
    thread.join()
    assert len(failed) == 1


def test_worker_hooks():
    probe.hook()
    done = [probe.when(len, ([],), 0) for _ in range(20)]
    for cown in done:
        cown.result(60)
    started, stopped = probe.hook()
    assert started >= 1
    assert stopped == 0


def test_messages():
    probe.send("a", [1, Counter(2)])
    probe.send_counter("b", 3)
    tag, contents = probe.receive("a", "b")
    assert (tag, contents[0], contents[1].count) == ("a", 1, 2)
    tag, contents = probe.receive("a", "b")
    assert (tag, contents.count) == ("b", 3)
    with pytest.raises(TimeoutError):
        probe.receive("a", "b", 0)
    probe.send("a", 1, -1)
    probe.drain("a")
    with pytest.raises(TimeoutError):
        probe.receive("a", "b", 0)


def add_one(number):
    """Be the function of an update."""
    return number + 1


def test_noticeboard():
    before, read, everything = probe.board("probe", Counter(5), add_one)
    assert before == 2
    assert (read.count, everything["probe"].count) == (5, 5)
    probe.seed("seeded", (1, 2))
    assert notice_read("seeded") == (1, 2)
    read = everything = None
    notice_delete("probe")
    notice_delete("seeded")
    notice_sync()


def test_help_for_c():
    assert probe.clock() <= probe.clock()
    assert probe.atomics()[:5] == (1, 1, 0, 7, 7)


def test_other_threads_of_a_worker_run_beside_c_bodies():
    """A thread in the worker's interpreter makes progress while the worker runs a long chain."""
    wait(60)
    probe.start(1)
    cown = Cown(Counter())

    @when()
    def begin():
        import threading

        import _bocpy_probe

        def look():
            steps = 0
            while not _bocpy_probe.done_flag:
                steps += 1
            _bocpy_probe.steps = steps

        _bocpy_probe.done_flag = False
        _bocpy_probe.thread = threading.Thread(target=look)
        _bocpy_probe.thread.start()

    begin.result(60)
    probe.chain([cown], 20000)
    probe.quiesce(60)

    @when()
    def end():
        import _bocpy_probe

        _bocpy_probe.done_flag = True
        _bocpy_probe.thread.join()
        return _bocpy_probe.steps

    assert end.result(60) > 0
