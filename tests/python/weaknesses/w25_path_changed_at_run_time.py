# What the program puts into sys.path, workers find too.
import sys
import tempfile
from pathlib import Path

from bocpy import Cown, start, wait, when

start(2)
with tempfile.TemporaryDirectory() as folder:
    Path(folder, "added_later.py").write_text("VALUE = 5\n", encoding="utf-8")
    sys.path.append(folder)

    @when(Cown(1))
    def work(c):
        import added_later

        return added_later.VALUE + c.value

    wait()
assert work.value == 6
