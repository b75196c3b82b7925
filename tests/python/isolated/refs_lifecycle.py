"""Reference counts: starting, waiting and stopping, again and again."""

import threading

from refs_harness import Refuses, case, main, raises

import bocpy
from bocpy import Behaviors, Cown, when

kept = Cown([1])


@case(kept)
def start_and_wait() -> None:
    bocpy.start(1)
    bocpy.wait()


@case(kept)
def start_by_behavior() -> None:
    @when(kept)
    def behavior(kept):
        return [kept]

    bocpy.wait(stats=True)
    assert behavior.value == [kept]
    assert kept.value == [1]


@case()
def context_manager() -> None:
    with Behaviors(1):

        @when(kept)
        def behavior(kept):
            kept.value[0] = 1


@case()
def cowns_taken_back() -> None:
    cowns = [Cown([i]) for i in range(5)]
    for cown in cowns:
        cown.value.append(cowns[0])
    bocpy.start(1)

    @when(cowns)
    def behavior(cowns):
        for cown in cowns:
            cown.value.pop()

    bocpy.wait()
    assert [cown.value for cown in cowns] == [[i] for i in range(5)]


@case()
def cown_that_cannot_be_taken_back() -> None:
    first, second = Cown([1]), Cown(1)
    first.value.append(2)
    second.value = [Refuses()]
    raises(ZeroDivisionError, bocpy.start, 1)
    assert first.value == [1, 2]
    raises(ZeroDivisionError, when(), lambda: None)
    second.value = 1


@case()
def start_wrongly() -> None:
    raises(RuntimeError, bocpy.start, 0)
    raises(ValueError, bocpy.start, -1)
    raises(TypeError, bocpy.start, "1")
    raises(ValueError, bocpy.start, 1, ("1", None))
    raises(FileNotFoundError, bocpy.start, 1, ("a", "/nowhere"))
    raises(RuntimeError, bocpy.whencall, lambda: None, [], [])


@case()
def wait_without_runtime() -> None:
    bocpy.wait()
    bocpy.wait(1, stats=True)
    bocpy.quiesce(1)
    raises(ValueError, bocpy.wait, float("nan"))
    raises(ValueError, bocpy.quiesce, float("nan"))
    assert bocpy.wait(noticeboard=True) == {}
    assert bocpy.quiesce(noticeboard=True) == {}


@case()
def dropped_behaviors() -> None:
    gate = Cown(threading.get_ident())
    started = Cown(0)

    @when(gate)
    def slow(gate):
        import time

        time.sleep(0.002)

    held = [kept, gate]

    @when(gate, started)
    def late(gate, started):
        return held

    bocpy.wait(0)
    assert late.done()
    assert isinstance(late.value, RuntimeError) or late.value == held


@case()
def errors_raised_by_wait() -> None:
    @when(kept)
    def raiser(kept):
        raise LookupError([kept])

    @when()
    def lost():
        raise ValueError(1)

    del lost
    raises(ExceptionGroup, bocpy.wait, raise_errors=True)
    bocpy.wait(raise_errors=True)


@case()
def errors_forgotten_by_wait() -> None:
    @when()
    def lost():
        raise ValueError(1)

    bocpy.wait()


@case(kept)
def unread_results() -> None:
    @when(kept)
    def raiser(kept):
        raise ValueError(1)

    @when(kept)
    def gives(kept):
        return bytearray(1000)

    bocpy.wait()
    assert gives.value == bytes(1000)


if __name__ == "__main__":
    main(0, is_restarting=True)
