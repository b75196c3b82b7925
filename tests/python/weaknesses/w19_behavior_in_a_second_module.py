# A behavior of another module is that module's, whatever the program has on the same line.
import sys
import tempfile
from pathlib import Path

from bocpy import Cown, wait, when

MODULE = """
from bocpy import Cown, when
def schedule():
    if True:
        @when(Cown("second"))
        def work(c):
            return c.value + " module"
    return work
"""

with tempfile.TemporaryDirectory() as folder:
    Path(folder, "second_module.py").write_text(MODULE, encoding="utf-8")
    sys.path.insert(0, folder)
    from second_module import schedule

    elsewhere = schedule()

    @when(Cown("main"))
    def here(c):
        return c.value

    wait()
assert (elsewhere.value, here.value) == ("second module", "main")
