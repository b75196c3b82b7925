"""The noticeboard: what a snapshot holds, and which keys there may be."""

import threading
from collections.abc import Mapping

import pytest

from bocpy import (
    Cown,
    notice_delete,
    notice_read,
    notice_seed,
    notice_sync,
    notice_update,
    notice_write,
    noticeboard,
    start,
    when,
)

pytestmark = pytest.mark.usefixtures("runtime")


class Key(str):
    pass


class Breaks:
    """Leaves its interpreter and does not arrive."""

    def __reduce__(self):
        return divmod, (1, 0)


def increment(value):
    return value + 1


def in_behavior(function):
    """Call *function* in a behavior and return its result."""

    @when()
    def body():
        return function()

    return body.result(30)


# -- values and snapshots


@pytest.mark.parametrize("value", [1, None, [1, 2], {1, 2}, 1.5, "tëxt", (1, [2]), {"a": {"b": 1}}])
def test_written_value_is_seen_by_the_next_behavior(value):
    order = Cown(0)

    @when(order)
    def writes(order):
        notice_write("key", value)
        notice_sync()

    @when(order)
    def reads(order):
        return "key" in noticeboard(), notice_read("key", "absent"), noticeboard()["key"]

    assert reads.result(30) == (True, value, value)
    assert type(reads.result()[1]) is type(value)


def test_last_write_wins_and_keys_coexist():
    notice_seed("a", 0)
    for number in range(5):
        notice_write("a", number)
    notice_write("b", "two")
    notice_write("", "empty")
    assert in_behavior(lambda: dict(noticeboard())) == {"a": 4, "b": "two", "": "empty"}


def test_behavior_sees_one_state():
    notice_seed("key", "old")

    @when()
    def body():
        first = noticeboard()
        seen = [first["key"], notice_read("key")]
        notice_write("key", "new")
        notice_write("more", 1)
        notice_sync()
        return [*seen, first["key"], notice_read("key"), noticeboard()["key"], "more" in first]

    assert body.result(30) == ["old"] * 5 + [False]
    assert in_behavior(lambda: (notice_read("key"), notice_read("more"))) == ("new", 1)


def test_snapshot_is_taken_at_the_first_read():
    notice_seed("key", "old")

    @when()
    def body():
        notice_write("key", "new")
        notice_sync()
        return notice_read("key")

    assert body.result(30) == "new"


def test_main_sees_the_present_state_at_each_read():
    notice_seed("key", 1)
    before = noticeboard()
    assert notice_read("key") == 1
    notice_seed("key", 2)
    assert (notice_read("key"), noticeboard()["key"], before["key"]) == (2, 2, 1)


def test_threads_of_main_see_the_present_state():
    start()
    seen = []
    for number in range(3):
        notice_write("key", number)
        thread = threading.Thread(target=lambda: seen.append(notice_read("key")))
        thread.start()
        thread.join()
    assert seen == [0, 1, 2]


def test_mapping_is_read_only():
    notice_seed("key", 1)
    board = noticeboard()
    assert type(board).__name__ == "mappingproxy"
    assert isinstance(board, Mapping)
    with pytest.raises(TypeError):
        board["key"] = 2
    with pytest.raises(TypeError):
        del board["key"]
    assert noticeboard() is not board


def test_mapping_behaves_like_a_dict():
    expected = {"a": 1, "b": [2], "ü": None}
    start()
    for key, value in expected.items():
        notice_write(key, value)
    board = noticeboard()
    assert board == expected
    assert expected == board
    assert board == noticeboard()
    assert board != {"a": 1}
    assert len(board) == 3
    assert list(board) == list(expected)
    assert list(reversed(board)) == list(reversed(expected))
    assert list(board.keys()) == list(expected)
    assert board.keys() & {"a", "z"} == {"a"}
    assert list(board.values()) == list(expected.values())
    assert list(board.items()) == list(expected.items())
    assert board.copy() == expected
    assert board | {"z": 1} == expected | {"z": 1}
    assert {"z": 1} | board == {"z": 1} | expected
    assert {**board} == expected
    assert repr(board) == f"mappingproxy({expected!r})"
    assert board.get("nothing") is None
    assert board.get("nothing", 5) == 5
    assert 1 not in board
    assert "\udc80" not in board
    with pytest.raises(KeyError, match="nothing"):
        board["nothing"]
    with pytest.raises(TypeError):
        hash(board)


def test_order_is_that_of_first_writes():
    start()
    for key in "cab":
        notice_write(key, key)
    notice_write("c", "again")
    notice_delete("a")
    notice_write("a", 1)
    assert list(noticeboard()) == ["c", "b", "a"]


def test_w30_changes_to_a_value_stay_in_the_behavior():
    notice_seed("key", {"list": [1]})
    start()

    def change():
        noticeboard()["key"]["list"].append(2)
        return notice_read("key"), noticeboard()["key"]["list"]

    for _ in range(8):
        assert in_behavior(change) == ({"list": [1, 2]}, [1, 2])
    assert notice_read("key") == {"list": [1]}


def test_w32_values_are_decoded_one_by_one():
    start()
    notice_write("bad", Breaks())
    notice_write("good", 1)

    @when()
    def body():
        assert len(noticeboard()) == 2
        assert notice_read("good") == 1
        try:
            notice_read("bad")
        except ZeroDivisionError:
            return "read"

    assert body.result(30) == "read"
    with pytest.raises(ZeroDivisionError):
        dict(noticeboard())


def test_board_works_without_runtime():
    assert dict(noticeboard()) == {}
    assert notice_read("key") is None
    assert notice_read("key", 7) == 7


# -- keys


@pytest.mark.parametrize("key", [1, None, b"key", ("key",)])
def test_key_of_another_type_is_refused(key):
    start()
    for call in (
        lambda: notice_write(key, 1),
        lambda: notice_update(key, increment),
        lambda: notice_delete(key),
        lambda: notice_read(key),
        lambda: notice_seed(key, 1),
    ):
        with pytest.raises(TypeError, match="noticeboard key must be a str"):
            call()


@pytest.mark.parametrize("key", ["x" * 64, "a" * 61 + "€", "a\0b"])
def test_key_that_does_not_fit_is_refused(key):
    start()
    for call in (
        lambda: notice_write(key, 1),
        lambda: notice_update(key, increment),
        lambda: notice_delete(key),
        lambda: notice_seed(key, 1),
    ):
        with pytest.raises(ValueError):
            call()
    with pytest.raises(UnicodeEncodeError):
        notice_write("\udc80", 1)
    assert len(noticeboard()) == 0


def test_longest_keys_are_accepted():
    for key in ("x" * 63, "a" * 60 + "€", Key("sub")):
        notice_seed(key, 1)
        assert notice_read(key) == 1


def test_mutations_from_main_need_a_runtime():
    with pytest.raises(RuntimeError, match="cannot write to the noticeboard"):
        notice_write("key", 1)
    with pytest.raises(RuntimeError, match="cannot update the noticeboard"):
        notice_update("key", increment)
    with pytest.raises(RuntimeError, match="cannot delete from the noticeboard"):
        notice_delete("key")
    with pytest.raises(RuntimeError, match="no runtime"):
        notice_sync()
    with pytest.raises(RuntimeError, match="cannot write"):
        notice_write(1, 1)  # the runtime is looked at first
