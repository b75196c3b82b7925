"""What bodies print reaches main's streams, wherever those lead."""

import contextlib
import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bocpy import Cown, quiesce, wait, when

type Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def stopped_runtime() -> Iterator[None]:
    yield
    wait()


def print_in_order(count: int) -> None:
    order = Cown(0)
    for number in range(count):

        @when(order)
        def body(o: Any) -> None:
            print("line", number, "größe ☃")


def lines(count: int) -> str:
    return "".join(f"line {number} größe ☃\n" for number in range(count))


def test_output_reaches_capsys_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    print_in_order(50)

    @when(Cown(0))
    def error(c: Any) -> None:
        print("trouble", file=sys.stderr)

    wait()
    captured = capsys.readouterr()
    assert captured.out == lines(50)
    assert captured.err == "trouble\n"


def test_output_reaches_redirect_stdout() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as text:
        print("before")
        print_in_order(3)
        quiesce()
        print("after")
    assert text.getvalue() == "before\n" + lines(3) + "after\n"


def test_long_lines_of_several_workers_stay_whole(capsys: pytest.CaptureFixture[str]) -> None:
    for letter in "abcd":

        @when(Cown(letter))
        def body(c: Any) -> None:
            for _ in range(20):
                print(c.value * 5000)

    wait()
    found = capsys.readouterr().out.splitlines()
    assert sorted(found) == sorted(letter * 5000 for letter in "abcd" for _ in range(20))


def test_incomplete_line_arrives_with_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    @when(Cown(0))
    def body(c: Any) -> None:
        print("no newline", end="")
        sys.stdout.writelines(["; ", "more"])

    wait()
    assert capsys.readouterr().out == "no newline; more"


def test_program_prints_to_its_own_descriptors(program: Program) -> None:
    done = program(
        """
        import contextlib, io, os
        from bocpy import Cown, wait, when

        def schedule(text):
            @when(Cown(0))
            def body(c):
                print(text)

        schedule("direct")
        wait()
        with contextlib.redirect_stdout(io.StringIO()) as caught:
            schedule("caught")
            wait()
        schedule("direct again")
        wait()
        print(repr(caught.getvalue()))
        """
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["direct", "direct again", repr("caught\n")]


def test_exit_without_wait_loses_nothing(program: Program) -> None:
    done = program(
        """
        import sys
        from bocpy import Cown, when

        class Marking:
            def write(self, text):
                sys.__stdout__.write(text.upper())
            def flush(self):
                sys.__stdout__.flush()

        sys.stdout = Marking()
        for i in range(20):
            @when(Cown(0))
            def body(c):
                print("last words")
        """
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "LAST WORDS\n" * 20
