"""The noticeboard against a dict: random programs, of one producer and of several.

``BOCPY_BOARD_PROGRAMS`` sets how many programs; a failing one is repeated by its seed.
"""

import os
import random

import pytest

from bocpy import (
    REMOVED,
    Cown,
    notice_delete,
    notice_read,
    notice_seed,
    notice_sync,
    notice_update,
    notice_write,
    noticeboard,
    quiesce,
    start,
    wait,
    when,
)

PROGRAMS = int(os.environ.get("BOCPY_BOARD_PROGRAMS", "25"))
STEPS = 120
KEYS_MAX = 64


class Model:
    """What the board holds, and what the next mutation answers."""

    def __init__(self) -> None:
        self.board: dict[str, object] = {}

    def write(self, key: str, value: object) -> bool:
        if key not in self.board and len(self.board) == KEYS_MAX:
            return False
        self.board[key] = value
        return True

    def update(self, key: str, kind: str, amount: int) -> type[BaseException] | None:
        if kind == "raise":
            return KeyError
        if kind == "remove":
            self.board.pop(key, None)
            return None
        value = self.board.get(key, 0)
        return None if self.write(key, (value, amount)) else RuntimeError


def function_of(kind: str, amount: int):
    def fn(value):
        if kind == "raise":
            raise KeyError(amount)
        return REMOVED if kind == "remove" else (value, amount)

    return fn


def error_of(result: Cown[None]) -> type[BaseException] | None:
    try:
        result.result(30)
    except BaseException as error:
        return type(error)
    return None


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_one_producer_is_like_a_dict(seed: int) -> None:
    """Goal: each answer and each state. Method: look at the board when no update is pending."""
    rng = random.Random(seed)
    names = [f"key{number}" for number in range(rng.choice([3, 20, 80]))]
    start()
    model = Model()
    answers = []
    is_settled = True
    for step in range(STEPS):
        key = rng.choice(names)
        action = rng.choice(["write", "write", "write", "delete", "update", "seed", "sync", "look"])
        if action == "write":
            expected = None if model.write(key, step) else RuntimeError
            answers.append((notice_write(key, step), expected))
        elif action == "delete":
            model.board.pop(key, None)
            answers.append((notice_delete(key), None))
        elif action == "update":
            kind = rng.choice(["add", "add", "remove", "raise"])
            expected = model.update(key, kind, step)
            answers.append((notice_update(key, function_of(kind, step), 0), expected))
            is_settled = False
        elif action == "seed":
            if model.write(key, step):
                notice_seed(key, step)
            else:
                with pytest.raises(RuntimeError):
                    notice_seed(key, step)
            is_settled = True
        elif action == "sync":
            notice_sync()
            is_settled = True
        if is_settled:
            board = noticeboard()
            assert dict(board) == model.board
            assert list(board) == list(model.board)
            assert notice_read(key, "absent") == model.board.get(key, "absent")
    for result, expected in answers:
        assert error_of(result) is expected
    assert wait(30, noticeboard=True) == model.board


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_several_producers_keep_their_order(seed: int) -> None:
    """Goal: the mutations of a producer in its order, updates of all atomic.

    Method: behaviors that follow each other on a cown write keys of their own, and add to one
    that all share. Each looks at the board in between, where its own keys must not go back.
    """
    rng = random.Random(seed)
    cowns = [Cown((0, 0)) for _ in range(4)]
    added = 0
    models = [Model() for _ in cowns]

    def act(number: int, cown: Cown, plan: list[tuple[str, str, int]]) -> None:
        @when(cown)
        def acts(cown):
            for action, key, amount in plan:
                if action == "write":
                    notice_write(key, amount)
                elif action == "delete":
                    notice_delete(key)
                elif action == "add":
                    notice_update("sum", lambda value: value + amount, 0)
                else:
                    notice_update(key, function_of("add", amount), 0)
            notice_sync()
            notice_write(f"{number} done", cown.value[0])
            last = notice_read(f"{number} done", -1)
            assert cown.value[1] <= last <= cown.value[0]
            cown.value = cown.value[0] + 1, max(last, 0)

    for _ in range(10):
        for number, cown in enumerate(cowns):
            plan = []
            for _ in range(rng.randrange(8)):
                action = rng.choice(["write", "write", "delete", "add", "update"])
                key, amount = f"{number} {rng.randrange(5)}", rng.randrange(100)
                plan.append((action, key, amount))
                if action == "write":
                    models[number].write(key, amount)
                elif action == "delete":
                    models[number].board.pop(key, None)
                elif action == "add":
                    added += amount
                else:
                    models[number].update(key, "add", amount)
            act(number, cown, plan)
    board = quiesce(60, noticeboard=True)
    wait(30, raise_errors=True)
    assert board.pop("sum", 0) == added
    for number, model in enumerate(models):
        assert board.pop(f"{number} done") == 9
        mine = {key: value for key, value in board.items() if key.startswith(f"{number} ")}
        assert mine == model.board
