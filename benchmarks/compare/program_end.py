"""The end of every program of bocpy: `programs.py` puts it behind the shapes."""

import os
import sys

from shape_tools import run

from bocpy import start, when


def schedule_nothing():
    @when()
    def nothing():
        pass


def meet(ready, gate):
    @when()
    def wait_at_gate(ready=ready, gate=gate):
        schedule_nothing()
        os.write(ready, b".")
        os.read(gate, 1)


def begin(workers):
    """Start, and return when every worker has run, and scheduled, something.

    The module of the caller is the one that workers load: this has to be part of the program.
    """
    start(workers)
    (came, ready), (gate, go) = os.pipe(), os.pipe()
    for _ in range(workers):
        meet(ready, gate)
    for _ in range(workers):
        os.read(came, 1)
    os.write(go, b"." * workers)


if __name__ == "__main__":
    run(vars(sys.modules["__main__"]), begin)
