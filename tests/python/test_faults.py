"""Whole programs that do something wrong: each ends cleanly, in time, with the right status."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

POSIX = os.name == "posix"


def check(done: subprocess.CompletedProcess[str], status: int, output: str) -> None:
    """Check the exit status and the whole standard output."""
    assert (done.returncode, done.stdout.split()) == (status, output.split()), done.stderr
    assert "Fatal Python error" not in done.stderr
    assert "Exception ignored" not in done.stderr


# -- behaviors that fail --------------------------------------------------------------


def test_behavior_that_raises(program) -> None:
    done = program(
        """
        from bocpy import Cown, wait, when

        cown = Cown(1)

        @when(cown)
        def fail(c):
            raise ValueError("on purpose")

        @when(cown)
        def follow(c):
            c.value += 1

        wait()
        print(cown.value, fail.exception, repr(fail.value).replace(" ", ""))
        """
    )
    check(done, 0, "2 True ValueError('onpurpose')")
    assert done.stderr == ""


def test_unseen_exception_is_logged_once_on_stderr(program) -> None:
    done = program(
        """
        from bocpy import wait, when

        @when()
        def fail():
            raise ValueError("nobody looks")

        wait()
        del fail
        print("end")
        """
    )
    check(done, 0, "end")
    assert done.stderr.count("unhandled exception") == 1
    assert "ValueError: nobody looks" in done.stderr
    assert "program.py" in done.stderr


def test_unseen_exception_is_logged_at_exit(program) -> None:
    done = program(
        """
        from bocpy import when

        @when()
        def fail():
            raise ValueError("nobody looks")
        """
    )
    check(done, 0, "")
    assert done.stderr.count("unhandled exception") == 1


def test_objects_of_the_program_die_at_exit(program) -> None:
    done = program(
        """
        import sys
        from bocpy import Cown, when

        class Last:
            def __del__(self, write=sys.stdout.write):
                write("died")

        last = Last()

        @when(Cown(1))
        def add(c):
            c.value += 1
        """
    )
    check(done, 0, "died")
    assert done.stderr == ""


@pytest.mark.parametrize(
    "statement",
    [
        "c.value = threading.Lock()",
        "return (i for i in range(3))",
        "raise Stuck(1)",
        "c.value.append(threading.Lock())",
        "raise SystemExit(9)",
        "raise KeyboardInterrupt",
        "sys.exit(9)",
    ],
)
@pytest.mark.parametrize("workers", [1, 3])
def test_w2_nothing_that_a_body_does_harms_the_runtime(
    program, statement: str, workers: int
) -> None:
    done = program(
        f"""
        import sys
        import threading
        from bocpy import BehaviorError, Cown, wait, when

        class Stuck(Exception):
            def __reduce__(self):
                raise TypeError("stays here")

        cowns = [Cown([i]) for i in range(6)]
        results = []
        for cown in cowns * 3:
            @when(cown)
            def body(c):
                {statement}
            @when(body)
            def dependant(b):
                return b.exception
            results.append(dependant)
        wait()
        print(all(r.value for r in results))

        for cown in cowns:
            cown.value = 0
        for cown in cowns:
            @when(cown)
            def again(c):
                c.value += 1
        wait()
        print([c.value for c in cowns] == [1] * 6)
        """,
        workers=workers,
    )
    check(done, 0, "True True")


def test_value_dropped_by_a_worker_may_raise(program) -> None:
    done = program(
        """
        from bocpy import Cown, wait, when

        class Noisy:
            def __del__(self):
                raise RuntimeError("in the finalizer")

        cown = Cown(Noisy())

        @when(cown)
        def body(c):
            c.value = 1

        wait()
        print(cown.value)
        """
    )
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr


# -- threads ---------------------------------------------------------------------------


def test_w7_second_thread_calls_when_first(program) -> None:
    done = program(
        """
        import threading
        from bocpy import Cown, wait, when

        def work():
            cown = Cown(20)
            @when(cown)
            def body(c):
                return c.value + 1
            print(body.result(20))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        wait()
        """
    )
    check(done, 0, "21")


def test_w7_threads_race_the_first_when(program) -> None:
    done = program(
        """
        import threading
        from bocpy import Cown, wait, when

        cown = Cown(0)
        barrier = threading.Barrier(6)

        def work():
            barrier.wait()
            @when(cown)
            def body(c):
                c.value += 1

        threads = [threading.Thread(target=work) for _ in range(6)]
        for t in threads: t.start()
        for t in threads: t.join()
        wait()
        print(cown.value)
        """
    )
    check(done, 0, "6")


def test_thread_that_outlives_main_may_go_on(program) -> None:
    done = program(
        """
        import threading, time
        from bocpy import Cown, wait, when

        cown = Cown(0)

        @when(cown)
        def first(c):
            c.value += 1

        def work():
            time.sleep(0.3)
            @when(cown)
            def second(c):
                c.value += 1
            wait()
            print(cown.value)

        threading.Thread(target=work).start()
        """
    )
    check(done, 0, "2")


def test_daemon_thread_does_not_keep_the_process(program) -> None:
    done = program(
        """
        import threading, time
        from bocpy import Cown, when

        def work():
            while True:
                @when()
                def body():
                    pass
                time.sleep(0.001)

        threading.Thread(target=work, daemon=True).start()
        time.sleep(0.3)
        print("end")
        """
    )
    assert (done.returncode, done.stdout) == (0, "end\n"), done.stderr


# -- the end of the process --------------------------------------------------------------


def test_w13_forgotten_wait_drains(program) -> None:
    done = program(
        """
        from bocpy import Cown, when

        cown = Cown(0)
        for _ in range(200):
            @when(cown)
            def add(c):
                c.value += 1

        @when(cown)
        def report(c):
            print(c.value)
        """
    )
    check(done, 0, "200")
    assert done.stderr == ""


def test_w13_uncaught_error_in_main_ends_the_process(program) -> None:
    done = program(
        """
        from bocpy import Cown, when

        cown = Cown(0)
        for _ in range(1000):
            @when(cown)
            def slow(c):
                import time
                time.sleep(0.05)

        raise ValueError("main is done for")
        """,
        limit=20,
    )
    check(done, 1, "")
    assert "ValueError: main is done for" in done.stderr
    assert "unhandled exception" not in done.stderr


def test_error_at_decoration_ends_the_process(program) -> None:
    done = program(
        """
        import threading
        from bocpy import Cown, start, when

        start()
        stuck = threading.Lock()

        @when()
        def body():
            return stuck
        """,
        limit=20,
    )
    check(done, 1, "")
    assert "TypeError" in done.stderr


@pytest.mark.parametrize("status", [0, 3])
def test_sys_exit_in_main_drains_and_keeps_its_status(program, status: int) -> None:
    done = program(
        f"""
        import sys
        from bocpy import Cown, when

        cown = Cown(0)
        for _ in range(50):
            @when(cown)
            def add(c):
                c.value += 1

        @when(cown)
        def report(c):
            print(c.value)

        sys.exit({status})
        """
    )
    check(done, status, "50")


def test_exit_while_bodies_run_waits_for_them(program) -> None:
    done = program(
        """
        from bocpy import Cown, when

        @when()
        def slow():
            import time
            time.sleep(0.5)
            print("slept")
        """
    )
    check(done, 0, "slept")


def test_uncaught_error_does_not_wait_for_a_body_without_end(program) -> None:
    began = time.monotonic()
    done = program(
        """
        import time
        from bocpy import when

        @when()
        def endless():
            import time
            while True:
                try:
                    time.sleep(60)
                except BaseException:
                    pass

        time.sleep(0.3)
        raise ValueError("main is done for")
        """,
        limit=20,
    )
    check(done, 1, "")
    assert time.monotonic() - began < 15


def test_forgotten_acquire_does_not_hang_at_exit(program) -> None:
    done = program(
        """
        from bocpy import Cown, start, when

        cown = Cown(1)
        start()
        cown.acquire()

        @when(cown)
        def body(c):
            print(c.value)
        """
    )
    check(done, 0, "1")


def test_cowns_in_reference_cycles_at_exit(program) -> None:
    done = program(
        """
        from bocpy import Cown, wait, when

        class Node:
            pass

        node = Node()
        node.cown = Cown([1])
        node.self = node
        node.cown.value.append(node)
        cown = Cown(None)
        cown.value = [cown, Cown([cown])]

        @when()
        def body():
            pass

        wait()
        cown.value.append(cown)
        print("end")
        """
    )
    check(done, 0, "end")


def test_program_that_only_makes_cowns(program) -> None:
    done = program(
        """
        from bocpy import Cown
        cowns = [Cown([i]) for i in range(100)]
        print(sum(c.value[0] for c in cowns))
        """
    )
    check(done, 0, "4950")
    assert done.stderr == ""


IN_ANOTHER_INTERPRETER = """
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters  # CPython 3.12

ATTEMPT = '''
import bocpy

for call in (bocpy.start, lambda: bocpy.when()(lambda: 1)):
    try:
        call()
    except RuntimeError as error:
        print("only the main interpreter" in str(error), flush=True)
'''

other = interpreters.create()
result = interpreters.run_string(other, f"import sys; sys.path[:] = {sys.path}" + ATTEMPT)
assert result is None, result
interpreters.destroy(other)
"""


def test_other_interpreters_cannot_start_the_runtime(program) -> None:
    check(program(IN_ANOTHER_INTERPRETER), 0, "True True")


@pytest.mark.skipif(not POSIX, reason="forks")
def test_fork_while_other_threads_schedule(program) -> None:
    done = program(
        """
        import os, threading, warnings
        from bocpy import Cown, start, wait, when

        warnings.simplefilter("ignore", DeprecationWarning)
        cown, ended = Cown(0), threading.Event()
        counts = [0, 0]
        start(1)

        def schedule(number):
            while not ended.is_set():
                try:
                    @when(cown)
                    def add(c):
                        c.value += 1
                    counts[number] += 1
                except RuntimeError as error:
                    assert "shutting down" in str(error), error

        threads = [threading.Thread(target=schedule, args=(i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        for _ in range(10):
            try:
                child = os.fork()
            except RuntimeError:
                continue  # in flight
            if child == 0:
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        ended.set()
        for thread in threads:
            thread.join()
        wait()
        print(cown.value == sum(counts))
        """,
        limit=90,
    )
    check(done, 0, "True")
    assert done.stderr == ""


# -- interrupts -----------------------------------------------------------------------------

HEADER = """
import os, signal, sys, threading, time
from bocpy import Cown, quiesce, start, wait, when
gate = Cown(0)
start()

@when(gate)
def slow(g):
    import time
    end = time.monotonic() + 30
    while time.monotonic() < end:
        time.sleep(0.05)

@when(gate)
def never(g):
    print("must not run")

print("ready", flush=True)
"""

BLOCKING = {
    "wait": "wait()",
    "wait_timeout": "wait(25)",
    "quiesce": "quiesce()",
    "result": "slow.result()",
    "with": "gate.__enter__()",
}


def interrupt(source: str, tmp_path, delay: float = 0.3) -> tuple[int, str, str, float]:
    """Run a program, interrupt it once it is ready; return status, output, and the delay."""
    path = tmp_path / "program.py"
    path.write_text(source)
    process = subprocess.Popen(
        [sys.executable, "-X", "faulthandler", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "BOCPY_WORKERS": "2"},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        output, errors = process.communicate(timeout=25)
        return process.returncode, output, errors, time.monotonic() - began
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(not POSIX, reason="sends SIGINT")
@pytest.mark.parametrize("call", BLOCKING)
def test_ctrl_c_ends_a_program_that_waits(call: str, tmp_path) -> None:
    status, output, errors, took = interrupt(HEADER + BLOCKING[call], tmp_path)
    assert status == -signal.SIGINT, errors
    assert "KeyboardInterrupt" in errors
    assert "Fatal" not in errors
    assert output == ""
    assert took < 10


@pytest.mark.skipif(not POSIX, reason="sends SIGINT")
@pytest.mark.parametrize("call", BLOCKING)
def test_ctrl_c_can_be_caught_and_the_runtime_goes_on(call: str, tmp_path) -> None:
    source = (
        HEADER.replace("+ 30", "+ 2").replace('print("must not run")', "g.value += 1")
        + f"""
try:
    {BLOCKING[call]}
except KeyboardInterrupt:
    print("caught", flush=True)

@when(gate)
def more(g):
    g.value += 10

wait()
print(gate.value)
"""
    )
    status, output, errors, _ = interrupt(source, tmp_path)
    assert (status, output.split()) == (0, ["caught", "11"]), errors


@pytest.mark.skipif(not POSIX, reason="sends SIGINT")
def test_ctrl_c_while_draining_at_exit(tmp_path) -> None:
    status, output, errors, took = interrupt(HEADER, tmp_path)
    assert status == -signal.SIGINT, errors
    assert "must not run" not in output
    assert "Fatal" not in errors
    assert took < 10


@pytest.mark.skipif(not POSIX, reason="looks at the signal that ended the process")
@pytest.mark.parametrize("ending", ["", "raise KeyboardInterrupt", "sys.exit(3)"])
def test_signal_before_the_first_line_of_the_exit_handler(program, ending: str) -> None:
    """It is raised in the handler's name, where no line of the handler can catch it."""
    done = program(
        f"""
        import atexit, ctypes, sys
        from bocpy import start
        start(worker_count=2)
        # Runs right before the handler of start, and leaves the signal to what runs next.
        atexit.register(ctypes.pythonapi.PyErr_SetInterrupt)
        {ending}
        """
    )
    # From some 3.13 on, CPython heeds Ctrl-C more than the status of sys.exit().
    statuses = (-signal.SIGINT, 3) if "exit" in ending else (-signal.SIGINT,)
    assert done.returncode in statuses, done.stderr
    assert "Fatal" not in done.stderr
    assert "ignored" not in done.stderr


@pytest.mark.skipif(not POSIX, reason="sends SIGINT")
def test_status_after_ctrl_c_survives_what_workers_evaluate(tmp_path) -> None:
    """Evaluating a string anywhere makes CPython forget that Ctrl-C ended the program."""
    source = """
import threading, time
from bocpy import when

def schedule():
    while True:
        @when()
        def body():
            return eval("1")
        try:
            body.result()
        except RuntimeError:
            pass

threading.Thread(target=schedule, daemon=True).start()
print("ready", flush=True)
time.sleep(20)
"""
    status, _, errors, _ = interrupt(source, tmp_path)
    assert status == -signal.SIGINT, errors


@pytest.fixture(autouse=True)
def no_bocpy_warnings_from_the_parent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("PYTHONWARNINGS", raising=False)
    yield
