"""Cowns outside behaviors: who owns them, `with`, `hold`, acquire and release."""

import copy
import sysconfig
import threading

import pytest

from bocpy import BehaviorError, Cown, hold, start, wait, when


class Unpicklable:
    """A value that cannot leave its interpreter."""

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("stays where it is")


class Brittle:
    """A value that leaves its interpreter but does not arrive."""

    def __reduce__(self) -> tuple[object, ...]:
        return _divide, (1, 0)


def _divide(a: int, b: int) -> float:
    return a / b


def test_without_runtime_main_owns_directly() -> None:
    cown = Cown([1])
    assert cown.acquired
    cown.value.append(2)
    assert cown.value is cown.value
    assert cown.value == [1, 2]


def test_without_runtime_second_handle_sees_the_same_object() -> None:
    cown = Cown([1])
    other = copy.copy(cown)
    cown.value.append(2)
    assert other.value is cown.value


def test_value_outlives_the_handle_that_was_read_first() -> None:
    cown = Cown([1])
    other = copy.copy(cown)
    cown.value.append(2)
    del cown
    assert other.value == [1, 2]


def test_while_runtime_runs_value_raises(runtime) -> None:
    cown = Cown(1)
    start()
    assert not cown.acquired
    with pytest.raises(RuntimeError):
        _ = cown.value
    with pytest.raises(RuntimeError):
        cown.value = 2
    with pytest.raises(RuntimeError):
        _ = cown.exception
    with pytest.raises(RuntimeError):
        cown.exception = True


@pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    reason="the allocator of free-threaded builds gives little back to the system",
)
@pytest.mark.parametrize("value", ["b'x' * SIZE", "'x' * SIZE", "1 << SIZE * 8"])
def test_immutable_value_that_was_only_read_is_not_copied_on_release(value: str, program) -> None:
    """Method: 64 MiB exist twice while they are read; a copy on release would be the third."""
    done = program(
        f"""
        import sys
        from bocpy import Cown, start, wait, when

        SIZE = 64 << 20

        def peak():
            with open("/proc/self/status", encoding="ascii") as file:
                for line in file:
                    if line.startswith("VmHWM:"):
                        return int(line.split()[1]) << 10

        if sys.platform != "linux":
            import resource
            peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        def read(cown):
            return sys.getsizeof(cown.value)

        cown = Cown({value})
        before = peak()
        assert when(cown)(read).result() >= SIZE
        with cown as content:
            assert sys.getsizeof(content) >= SIZE
        del content
        wait()
        print(peak() - before < SIZE // 2)
        """,
        workers=1,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr


@pytest.mark.parametrize("begin", ["wait()", "start(); cown.acquire()"])
def test_threads_may_read_and_replace_a_value_at_once(begin: str, program) -> None:
    """So they may in Python. Without a GIL there is nothing else that keeps them apart."""
    done = program(
        f"""
        import threading
        from bocpy import Cown, start, wait

        cown = Cown([0])
        {begin}

        def read():
            for _ in range(50_000):
                assert len(cown.value) == 1

        def replace():
            for number in range(50_000):
                cown.value = [number]

        threads = [threading.Thread(target=target) for target in (read, replace) * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(cown.value)
        """
    )
    assert (done.returncode, done.stdout) == (0, "[49999]\n"), done.stderr


def test_with_gives_value_and_releases(runtime) -> None:
    cown = Cown([1])
    start()
    with cown as value:
        assert value == [1]
        assert cown.acquired
        cown.value = [2]
    assert not cown.acquired
    with cown as value:
        assert value == [2]


def test_with_inside_with_keeps_ownership_until_the_outer_exit(runtime) -> None:
    cown = Cown(1)
    start()
    with cown:
        with cown:
            cown.value = 2
        assert cown.acquired
        assert cown.value == 2
    assert not cown.acquired


def test_with_never_suppresses_exceptions(runtime) -> None:
    cown = Cown(1)
    start()
    with pytest.raises(ZeroDivisionError), cown:
        cown.value = 5
        raise ZeroDivisionError
    with cown as value:
        assert value == 5


def test_second_waiting_with_raises_while_one_is_held(runtime) -> None:
    held, wanted = Cown(1), Cown(2)
    gate = Cown(0)
    start()

    with held:

        @when(held, wanted)
        def both(a: Cown[int], b: Cown[int]) -> None:
            pass

        with pytest.raises(RuntimeError), wanted:
            pass
        with gate as free:
            assert free == 0


def test_later_behaviors_wait_for_the_block(runtime) -> None:
    cown = Cown(0)
    start()
    with cown:

        @when(cown)
        def read(c: Cown[int]) -> int:
            return c.value

        assert not read.done()
        cown.value = 9
    assert read.result(20) == 9


def test_with_queues_behind_what_is_scheduled(runtime) -> None:
    cown = Cown(0)
    for _ in range(50):

        @when(cown)
        def add(c: Cown[int]) -> None:
            c.value += 1

    with cown as value:
        assert value == 50


def test_with_that_began_before_the_runtime_holds_on(runtime) -> None:
    cown = Cown(0)
    with cown:

        @when(cown)
        def read(c: Cown[int]) -> int:
            return c.value

        cown.value = 4
    assert read.result(20) == 4


def test_with_excludes_other_threads_of_main(runtime) -> None:
    cown = Cown(0)
    start()
    inside, overlaps = [], []

    def enter() -> None:
        for _ in range(50):
            with cown as value:
                inside.append(1)
                if len(inside) > 1:
                    overlaps.append(1)
                cown.value = value + 1
                inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with cown as value:
        assert value == 200
    assert not overlaps


def test_acquire_and_release_are_not_counted(runtime) -> None:
    cown = Cown([1])
    start()
    cown.acquire()
    cown.acquire()
    assert cown.acquired
    cown.value.append(2)
    cown.release()
    assert not cown.acquired
    cown.release()
    with cown as value:
        assert value == [1, 2]


def test_acquire_never_waits_for_a_behavior(runtime) -> None:
    cown, gate = Cown(0), Cown(0)
    start()
    with gate:

        @when(cown, gate)
        def hold(c: Cown[int], g: Cown[int]) -> None:
            c.value = 1

        with pytest.raises(RuntimeError):
            cown.acquire()
    assert hold.result(20) is None
    cown.acquire()
    assert cown.value == 1
    cown.release()


def test_release_of_unpicklable_value_keeps_ownership(runtime) -> None:
    cown = Cown(1)
    start()
    cown.acquire()
    cown.value = Unpicklable()
    with pytest.raises(TypeError, match="stays where it is"):
        cown.release()
    assert cown.acquired
    cown.value = 3
    cown.release()
    with cown as value:
        assert value == 3


def test_exit_with_unpicklable_value_raises_and_leaves_an_error(runtime) -> None:
    cown = Cown(1)
    start()
    with pytest.raises(TypeError, match="stays where it is"), cown:
        cown.value = Unpicklable()
    assert not cown.acquired
    with cown as value:
        assert cown.exception
        assert isinstance(value, BehaviorError)
        cown.value = 2
    with cown as value:
        assert value == 2


def test_release_in_another_thread_lets_both_wait(runtime) -> None:
    cown = Cown(1)
    start()
    cown.acquire()
    thread = threading.Thread(target=cown.release)
    thread.start()
    thread.join()
    wait()
    assert cown.value == 1


def test_hold_that_began_before_the_runtime_holds_on(runtime) -> None:
    a, b = Cown(0), Cown(0)
    with hold(a, b, a):

        @when(a, b)
        def read(a: Cown[int], b: Cown[int]) -> tuple[int, int]:
            return a.value, b.value

        a.value, b.value = 4, 5
    assert read.result(20) == (4, 5)


def test_hold_waits_for_the_block_of_another_thread(runtime) -> None:
    a, b = Cown(0), Cown(0)
    start()
    order = []

    def enter() -> None:
        with hold(a, b):
            order.append("inner")

    with a:
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join(0.2)
        order.append("outer")
    thread.join()
    assert order == ["outer", "inner"]


def test_hold_and_with_nest(runtime) -> None:
    a, b = Cown(0), Cown(0)
    start()
    with a:
        with hold(a):
            a.value = 1
        assert a.acquired
    with hold(a, b):
        with a:
            pass
        assert a.acquired
        b.value = 2
    assert not a.acquired
    assert not b.acquired
    with hold(a, b) as values:
        assert values == (1, 2)


def test_other_threads_cannot_end_a_block(runtime) -> None:
    cown = Cown(1)
    start()
    errors = []

    def meddle() -> None:
        for call in (cown.acquire, cown.release):
            try:
                call()
            except RuntimeError as error:
                errors.append(str(error))

    with cown:
        thread = threading.Thread(target=meddle)
        thread.start()
        thread.join()
        cown.value = 2
    assert len(errors) == 2
    assert all("another thread" in error for error in errors)


def test_wait_while_holding_a_cown_raises(runtime) -> None:
    cown = Cown(1)
    start()
    with cown, pytest.raises(RuntimeError, match="holds a cown"):
        wait()


def test_failed_decode_raises_the_original_error_and_is_repairable(runtime) -> None:
    cown = Cown(Brittle())
    with pytest.raises(ZeroDivisionError):
        _ = cown.value
    start()
    with pytest.raises(ZeroDivisionError), cown:
        pass
    with pytest.raises(ZeroDivisionError):
        cown.acquire()
    assert not cown.acquired

    @when(cown)
    def body(c: Cown[object]) -> None:
        c.value = "repaired"

    wait()
    cown.value = "whole"
    assert cown.value == "whole"
