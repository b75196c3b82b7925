"""A progress bar for work that is done elsewhere: in other threads, interpreters or processes."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

WIDTH = 40


@contextmanager
def progress(label: str, total: int, enabled: bool = True) -> Iterator[int]:
    """Show a bar on standard error while the block runs, if that is a terminal.

    Yields a file descriptor. Each byte that anybody in this process writes to it stands for one of
    *total* steps. Where there is no bar the descriptor is -1, and nobody should write.
    """
    if not enabled or not sys.stderr.isatty():
        yield -1
        return
    source, report = os.pipe()
    thread = threading.Thread(target=draw, args=(label, total, source), daemon=True)
    thread.start()
    try:
        yield report
    finally:
        os.close(report)
        thread.join()
        os.close(source)


def draw(label: str, total: int, source: int) -> None:
    """Draw the bar, with ``rich`` if that is installed, until the other end is closed."""
    try:
        draw_rich(label, total, source)
    except ImportError:
        draw_plain(label, total, source)


def draw_rich(label: str, total: int, source: int) -> None:
    """Draw the bar with ``rich``.

    Raises:
        ImportError: if it is not installed; nothing has been drawn then.
    """
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, refresh_per_second=4) as bar:
        task = bar.add_task(label, total=total)
        while steps := os.read(source, 4096):
            bar.advance(task, len(steps))


def draw_plain(label: str, total: int, source: int) -> None:
    """Draw the bar with nothing but characters, and wipe it at the end."""
    done = 0
    line = ""
    while True:
        share = min(done / max(total, 1), 1.0)
        line = f"{label} [{'#' * int(share * WIDTH):.<{WIDTH}}] {share:4.0%}"
        print(f"\r{line}", end="", file=sys.stderr, flush=True)
        steps = os.read(source, 4096)
        if not steps:
            break
        done += len(steps)
    print(f"\r{' ' * len(line)}\r", end="", file=sys.stderr, flush=True)
