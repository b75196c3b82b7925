"""Reference counts: messages, between main, its threads and one worker."""

import threading

from refs_harness import Breaks, Refuses, case, main, raises

import bocpy
from bocpy import TIMEOUT, Cown, drain, receive, send, set_queue_capacity, set_tags, when

contents = [1, {"a": (2, b"3")}]
cown = Cown([1])
tag = "a tag that is not interned"


@case(contents, tag)
def sent_and_received() -> None:
    send(tag, contents)
    send(tag, None, timeout=1)
    assert receive(tag) == (tag, contents)
    assert receive([tag, "other"], 1) == (tag, None)


@case(contents)
def sent_to_a_worker_and_back() -> None:
    send("there", contents)

    @when()
    def answers():
        _, got = receive("there")
        send("back", got)

    assert receive("back") == ("back", contents)


@case(cown)
def cown_sent() -> None:
    send("cowns", [cown, Cown(1)])
    _, (one, two) = receive("cowns")
    assert one == cown
    assert two.result() == 1


@case(tag)
def nothing_to_receive() -> None:
    def after() -> str:
        return "late"

    assert receive(tag, 0) == (TIMEOUT, None)
    assert receive([tag, "other"], 1e-5) == (TIMEOUT, None)
    assert receive(tag, 0, after) is not None
    raises(ZeroDivisionError, receive, tag, 0, lambda: 1 / 0)


@case(contents)
def drained() -> None:
    for number in range(5):
        send("drained", contents)
        send("drained too", number)
    drain("drained")
    drain(["drained", "drained too", "unknown"])
    assert receive("drained", 0) == (TIMEOUT, None)


@case(contents)
def tags_set() -> None:
    send("set", contents)
    set_tags(["one", "two"])
    set_tags({"set"})
    set_tags([])
    assert receive("set", 0) == (TIMEOUT, None)


@case(tag, contents)
def used_wrongly() -> None:
    raises(TypeError, send, 1, contents)
    raises(TypeError, send, tag)
    raises(TypeError, receive, 1)
    raises(TypeError, receive, [tag, 1])
    raises(TypeError, receive, tag, "soon")
    raises(ValueError, receive, tag, float("nan"))
    raises(RuntimeError, receive, [])
    raises(TypeError, drain, 1)
    raises(TypeError, drain, [tag, 1])
    raises(TypeError, set_tags, [tag, 1])
    raises(UnicodeEncodeError, send, "\udc80", contents)
    raises(UnicodeEncodeError, set_tags, [tag, "\udc80"])
    raises(ValueError, set_queue_capacity, 0)
    raises(TypeError, set_queue_capacity, 5, 1)
    raises(ZeroDivisionError, send, tag, [contents, Refuses()])


@case(contents)
def message_that_does_not_arrive() -> None:
    send("broken", [contents, Breaks()])
    raises(ZeroDivisionError, receive, "broken")


@case(contents)
def full_queue() -> None:
    set_queue_capacity(2, "full")
    send("full", contents)
    send("full", contents)
    raises(RuntimeError, send, "full", contents)
    raises(TimeoutError, send, "full", contents, timeout=1e-5)
    drain("full")


@case()
def counters() -> None:
    bocpy.queue_stats()
    set_queue_capacity(100, "counted")


@case(contents)
def between_threads() -> None:
    thread = threading.Thread(target=receive, args=("threads",))
    thread.start()
    send("threads", contents)
    thread.join()


if __name__ == "__main__":
    main(1)
