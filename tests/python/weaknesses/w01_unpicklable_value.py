# A value that cannot be pickled raises in Cown() and leaves the process whole.
from bocpy import Cown

for _ in range(100):
    try:
        Cown(lambda: 1)
    except Exception:
        continue
    # By-value functions may be supported; what never can travel must raise.
    try:
        Cown(iter([1]).__next__)
        Cown(open(__file__))
    except Exception:
        continue
    raise SystemExit("an open file was accepted")
