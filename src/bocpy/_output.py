"""What bodies print, when main's output is not the process's own: a notebook, a redirection.

Workers then send their text through one pipe to a thread in main, which writes it to whatever
``sys.stdout`` and ``sys.stderr`` are at that time. A frame is written in one piece:

    stream  1 byte   1 standard output, 2 standard error, 0 a mark of `drain`
    more    1 byte   whether the line goes on in this sender's next frame
    sender  4 bytes  tells apart whose frames belong together
    size    2 bytes  of the text, UTF-8
"""

import io
import os
import select
import struct
import sys
from typing import Any

_HEADER = struct.Struct("=BBIH")

# A pipe takes this many bytes at least in one piece, everywhere.
_FRAME_BYTES_MAX = 512
_CHARACTERS_MAX = (_FRAME_BYTES_MAX - _HEADER.size) // 4

_NAMES = {1: "stdout", 2: "stderr"}

# An incomplete line is shown when nothing follows it for so long.
_PAUSE_MS = 50

# How long `drain` waits for text that a stuck stream does not take.
_DRAIN_TIMEOUT_S = 5.0


class _Receiver:
    """Main's end: a pipe, and the thread that empties it."""

    def __init__(self) -> None:
        import threading

        self._source, self.target = os.pipe()
        self._marks: dict[int, threading.Event] = {}
        self._parts: dict[tuple[int, int], list[str]] = {}  # lines that are not complete
        self._new_event = threading.Event
        self._thread = threading.Thread(target=self._run, name="bocpy-output", daemon=True)
        self._thread.start()

    def drain(self) -> None:
        """Wait until everything that was sent before has been written."""
        event = self._new_event()
        mark = id(event) & 0xFFFFFFFF
        self._marks[mark] = event
        os.write(self.target, _HEADER.pack(0, 0, mark, 0))
        event.wait(_DRAIN_TIMEOUT_S)
        self._marks.pop(mark, None)

    def _run(self) -> None:
        pending = b""
        ready = select.poll()
        ready.register(self._source, select.POLLIN)
        while True:
            if self._parts and not ready.poll(_PAUSE_MS):
                self._show_parts()  # a prompt or a progress bar
            pending += os.read(self._source, 1 << 16)
            at = 0
            while len(pending) - at >= _HEADER.size:
                stream, more, sender, size = _HEADER.unpack_from(pending, at)
                end = at + _HEADER.size + size
                if len(pending) < end:
                    break
                text = pending[at + _HEADER.size : end].decode("utf-8", "surrogatepass")
                self._take(stream, more, sender, text)
                at = end
            pending = pending[at:]

    def _take(self, stream: int, more: int, sender: int, text: str) -> None:
        if stream == 0:
            self._show_parts()
            event = self._marks.get(sender)
            if event is not None:
                event.set()
            return
        line = self._parts.setdefault((stream, sender), [])
        line.append(text)
        if not more:
            _show(stream, "".join(self._parts.pop((stream, sender))))

    def _show_parts(self) -> None:
        for (stream, _), line in self._parts.items():
            _show(stream, "".join(line))
        self._parts.clear()


class Sender(io.TextIOBase):
    """A worker's end: looks like a text stream."""

    def __init__(self, descriptor: int, stream: int, sender: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._stream = stream
        self._sender = sender

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """UTF-8: main encodes again for its own stream."""
        return "utf-8"

    @property
    def name(self) -> str:
        """The usual name of the stream, for messages."""
        return f"<{_NAMES[self._stream]}>"

    def writable(self) -> bool:
        """Say that it takes text."""
        return True

    def write(self, text: str) -> int:
        """Send *text*; main shows a line when it is complete."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        end = text.rfind("\n") + 1
        self._send(text[:end], False)
        self._send(text[end:], True)
        return len(text)

    def _send(self, text: str, goes_on: bool) -> None:
        for at in range(0, len(text), _CHARACTERS_MAX):
            more = goes_on or at + _CHARACTERS_MAX < len(text)
            data = text[at : at + _CHARACTERS_MAX].encode("utf-8", "surrogatepass")
            header = _HEADER.pack(self._stream, more, self._sender, len(data))
            os.write(self._descriptor, header + data)


_receiver: _Receiver | None = None


def descriptor() -> int:
    """Return where workers send their output.

    To be called in the main interpreter.
    """
    global _receiver
    if _receiver is None:
        _receiver = _Receiver()
        os.register_at_fork(after_in_child=_forget)
    return _receiver.target


def drain() -> None:
    """Wait until main's streams have what bodies that ended before have printed."""
    if _receiver is not None:
        _receiver.drain()


def redirect(target: int | None) -> None:
    """Send this worker's output to the descriptor *target*, or write it directly again."""
    for stream, name in _NAMES.items():
        current = getattr(sys, name)
        if current is not None:
            current.flush()
        if target is None:
            setattr(sys, name, getattr(sys, f"__{name}__"))
        else:
            setattr(sys, name, Sender(target, stream, id(sys.modules) >> 4 & 0xFFFFFFFF))


def _show(stream: int, text: str) -> None:
    target: Any = getattr(sys, _NAMES[stream])
    try:
        target.write(text)
    except Exception:  # closed meanwhile, or None
        os.write(stream, text.encode("utf-8", "backslashreplace"))


def _forget() -> None:
    global _receiver
    _receiver = None
