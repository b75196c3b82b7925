"""However a program ends, whatever its workers do: the right status, no crash, no hang.

Every way to end a program meets every state of the workers, each in a process of its own. The
interpreter is the one that runs the tests, or those that ``BOCPY_OTHER_BUILDS`` names; see
``interpreters`` in ``conftest.py``.
"""

import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals and fork of POSIX"),
    pytest.mark.timeout(400),
]

# A process that takes longer hangs.
LIMIT_S = 120

# -- what the workers do when the program ends --------------------------------------------------

HEADER = """
import os, signal, sys, threading, time
from bocpy import Cown, quiesce, receive, send, start, wait, when

gate, log = Cown(0), Cown(0)
scheduled = []
start(2)
"""

# {body} runs for a moment where the program drains, else for ever.
STATES = {
    "idle": """
@when(gate)
def quick(g):
    g.value += 1
quiesce()
scheduled.append(quick)
""",
    "bytecode": """
@when(gate)
def loops(g):
    import time
    from bocpy import send
    send("running", 0)
    end = time.monotonic() + {seconds}
    while time.monotonic() < end:
        pass
    g.value += 1
scheduled.append(loops)
receive("running")
""",
    "native": """
@when(gate)
def sleeps(g):
    import time
    from bocpy import send
    send("running", 0)
    time.sleep({seconds})
    g.value += 1
scheduled.append(sleeps)
receive("running")
""",
    "queued": """
@when(gate)
def first(g):
    import time
    from bocpy import send
    send("running", 0)
    end = time.monotonic() + {seconds}
    while time.monotonic() < end:
        time.sleep(0.001)
    g.value += 1
receive("running")
for _ in range(1000):
    @when(gate, log)
    def later(g, l):
        l.value += 1
    scheduled.append(later)
""",
}


# -- how the program ends ---------------------------------------------------------------------


@dataclass(frozen=True)
class Way:
    """How a program ends, and what must become of it."""

    ends: str
    status: int
    drains: bool = False  # everything scheduled runs first
    signals: tuple[int, ...] = ()
    errors: tuple[str, ...] = ()  # fragments of what is on stderr, nothing if empty
    output: str = ""


# What everything scheduled adds up to, printed by a last behavior.
TOTAL = """
@when(gate, log)
def last(g, l):
    print("total", g.value + l.value)
"""

# For the signal to come when there is nothing to wait for, too.
WAIT = "wait(); time.sleep(3600)"

WAYS = {
    "main raises": Way(
        "raise LookupError('main raises')", 1, errors=("Traceback", "LookupError: main raises")
    ),
    "forgets wait": Way(TOTAL, 0, drains=True, output="total"),
    "sys.exit": Way(TOTAL + "sys.exit(3)", 3, drains=True, output="total"),
    "SIGINT": Way(WAIT, -signal.SIGINT, signals=(signal.SIGINT,), errors=("KeyboardInterrupt",)),
    "SIGINT twice": Way(WAIT, -signal.SIGINT, signals=(signal.SIGINT,) * 2),
    "SIGTERM": Way(WAIT, -signal.SIGTERM, signals=(signal.SIGTERM,)),
    "SIGTERM with a handler": Way(WAIT, 5, signals=(signal.SIGTERM,)),
    "fork": Way(
        """
try:
    pid = os.fork()
except RuntimeError as error:
    print("refused" if "in flight" in str(error) else error)
    wait()
    pid = os.fork()
else:
    if pid > 0:
        print("nothing in flight" if all(result.done() for result in scheduled) else "lost")
if pid == 0:
    @when(gate)
    def in_child(g):
        return g.value
    print("child", in_child.result() > 0, flush=True)
    sys.exit(7)
print("status", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
        + TOTAL,
        0,
        drains=True,
        output="total",
    ),
    "daemon thread": Way(
        """
begun = threading.Event()
def schedule():
    own = Cown(0)
    before = when(own)(lambda o: None)
    try:
        while True:  # one is always in flight
            @when(own)
            def slow(o):
                import time
                time.sleep(0.01)
            begun.set()
            before.result()
            before = slow
    except RuntimeError as error:
        assert "shutting down" in str(error)
threading.Thread(target=schedule, daemon=True).start()
begun.wait()
"""
        + TOTAL,
        0,
        drains=True,
        output="total",
    ),
    "thread of a body": Way(
        """
@when()
def starts_thread():
    import threading, time
    def run():
        for _ in range(50):
            time.sleep(0.005)
    threading.Thread(target=run).start()
wait()
""",
        0,
        drains=True,
    ),
}


def source_of(way: Way, state: str) -> str:
    seconds = 0.3 if way.drains else 10 * LIMIT_S
    text = ""
    if signal.SIGTERM in way.signals and way.status > 0:
        text = f"import signal, sys\nsignal.signal(15, lambda *_: sys.exit({way.status}))\n"
    text += HEADER + STATES[state].replace("{seconds}", str(seconds))
    return text + 'print("ready", flush=True)\n' + way.ends + "\n"


def run(
    python: list[str], environment: dict[str, str], path: Path, signals: tuple[int, ...]
) -> tuple[int, str, str]:
    """Run a program and send it *signals*: one when it is ready, the next when it says why."""
    process = subprocess.Popen(
        [*python, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # or a line more would be lost between readline() and communicate()
        env=environment,
    )
    assert process.stdout is not None and process.stderr is not None
    said = b""
    try:
        if process.stdout.readline() != b"ready\n":
            signals = ()
        for number, which in enumerate(signals):
            if number > 0:  # it is winding down when it has printed the traceback
                while b"KeyboardInterrupt" not in said:
                    said += process.stderr.readline()
            process.send_signal(which)
        output, errors = process.communicate(timeout=LIMIT_S)
        return process.returncode, output.decode(), (said + errors).decode()
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("way", WAYS)
def test_program_ends(way: str, state: str, interpreter, tmp_path: Path) -> None:
    python, environment = interpreter
    wanted = WAYS[way]
    path = tmp_path / "program.py"
    path.write_text(source_of(wanted, state), encoding="utf-8")
    status, output, errors = run(python, environment, path, wanted.signals)
    if (way, state, status) == ("SIGTERM with a handler", "native", -signal.SIGTERM):
        pass  # it came before wait(): what the handler asked for is not known after a second
    else:
        assert status == wanted.status, errors
    if way == "SIGINT twice":  # the second may reach CPython anywhere in its finalization
        assert "Fatal" not in errors
    elif wanted.errors:
        assert all(fragment in errors for fragment in wanted.errors), errors
        assert errors.count("Traceback") == 1
        assert "Exception ignored" not in errors
    else:
        assert errors == ""
    lines = output.split("\n")
    if wanted.output:
        scheduled = 1 + 1000 * (state == "queued")
        assert f"total {scheduled}" in lines
    if way == "fork":
        assert "lost" not in lines
        assert ("refused" in lines) != ("nothing in flight" in lines)
        assert "child True" in lines
        assert "status 7" in lines
    if not wanted.drains:
        assert output == ""
