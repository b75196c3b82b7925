# A signal interrupts a thread of main that waits for a message.
import signal
import time

from bocpy import receive


def handler(number, frame):
    raise KeyboardInterrupt


signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.2)
began = time.monotonic()
try:
    receive("never", 15)
except KeyboardInterrupt:
    assert time.monotonic() - began < 12
else:
    raise SystemExit("not interrupted")
