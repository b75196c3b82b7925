"""An extension that knows only the names of bocpy 0.6, everywhere a value can be."""

import gc
import threading
import typing

import pytest

from bocpy import (
    Cown,
    notice_delete,
    notice_read,
    notice_sync,
    notice_write,
    receive,
    send,
    start,
    wait,
    when,
)


@pytest.fixture
def old(extension: typing.Callable[[str], object]) -> typing.Iterator[typing.Any]:
    """Give the module ``_old_names``; afterwards none of its resources may be alive."""
    extension("old_names")
    import _old_names

    start()
    yield _old_names
    _old_names.fail_after(0, 0)
    wait(60)
    gc.collect()
    assert _old_names.await_end(60.0), f"{_old_names.live()} alive"


def test_values_move_and_keep_their_address(old: typing.Any) -> None:
    counter = old.Counter()
    address = counter.address
    assert (counter.count, counter.refcount) == (0, 1)
    cown = Cown(counter)
    with pytest.raises(RuntimeError, match="not owned"):
        counter.count
    del counter

    @when(cown)
    def look(cown):
        return cown.value.address, cown.value.count

    assert look.result(60) == (address, 1)

    @when(cown)
    def again(cown):
        return cown.value.address, cown.value.count >= 1

    assert again.result(60) == (address, True)


def test_captures_results_messages_and_containers(old: typing.Any) -> None:
    counter = old.Counter()
    address = counter.address

    @when()
    def give():
        return {"nested": [counter], "new": counter.address}

    @when(give)
    def check(given):
        return given.value["new"], given.value["nested"][0].address

    assert check.result(60) == (address, address)
    send("old", [1, old.Counter()])
    assert receive("old", 60)[1][1].count == 1


def test_noticeboard_gives_it_to_the_first_reader(old: typing.Any) -> None:
    notice_write("old", [old.Counter()])
    notice_sync()
    (counter,) = notice_read("old")
    assert counter.count == 1
    # A snapshot keeps what it gave; in another interpreter the counter has an owner already.

    @when()
    def second():
        from bocpy import notice_read

        return notice_read("old")

    with pytest.raises(RuntimeError, match="has an owner"):
        second.result(60)
    del counter
    notice_delete("old")
    notice_sync()


def test_identity_of_interpreters(old: typing.Any) -> None:
    here, main, nobody = old.identities()
    assert here == main
    assert nobody == -2

    @when()
    def there():
        import _old_names

        return _old_names.identities()

    other = there.result(60)
    assert other[0] != other[1] == main


def test_hand_off_by_hand(old: typing.Any) -> None:
    counter = old.Counter()
    address = counter.address
    assert old.by_hand(counter).address == address
    with pytest.raises(TypeError):
        old.by_hand(1)
    old.fail_after(1, 0)
    with pytest.raises(LookupError, match="producer"):
        old.by_hand(counter)
    assert counter.count == 1


def test_every_thread_of_an_interpreter(old: typing.Any) -> None:
    failed: list[BaseException] = []

    def work(tag: str) -> None:
        try:
            for _ in range(20):
                send(tag, (old.Counter(),))
                assert receive(tag, 60)[1][0].count == 1
                with Cown(old.Counter()) as counter:
                    assert counter.count == 1
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(f"old{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_third_of_five_fails_and_all_are_owned_again(old: typing.Any) -> None:
    counters = [old.Counter() for _ in range(5)]
    old.fail_after(3, 0)
    with pytest.raises(LookupError, match="producer"):
        Cown(counters)
    for counter in counters:
        assert counter.count >= 0  # owned: no RuntimeError
        assert counter.refcount == 1


def test_second_hand_off_is_the_producers_own_error(old: typing.Any) -> None:
    counter = old.Counter()
    kept = Cown(counter)
    with pytest.raises(RuntimeError, match="not owned here"):
        Cown(counter)
    with kept as value:
        assert value.count == 1


def test_consumer_that_fails_leaves_the_value(old: typing.Any) -> None:
    cown = Cown([old.Counter() for _ in range(5)])
    old.fail_after(0, 3)

    @when(cown)
    def fails(cown):
        return cown.value

    with pytest.raises(LookupError, match="consumer"):
        fails.result(60)

    @when(cown)
    def works(cown):
        return len([counter.count for counter in cown.value])

    assert works.result(60) == 5


def test_what_is_dropped_while_its_worker_sleeps_is_freed(old: typing.Any) -> None:
    for _ in range(20):
        cown = Cown(old.Counter())

        @when(cown)
        def look(cown):
            return cown.value.count

        assert look.result(60) == 1
        wait(60)  # no worker has anything to do, now or later
        del cown
        assert old.await_end(10.0)
        start()
