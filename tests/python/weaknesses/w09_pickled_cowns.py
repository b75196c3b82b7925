# The pickle of a dead cown does not lead to another one.
import pickle

from bocpy import Cown

cown = Cown("first")
data = pickle.dumps(cown)
del cown
others = [Cown("other") for _ in range(1000)]
try:
    pickle.loads(data)
except RuntimeError:
    pass
else:
    raise SystemExit("a dead cown was loaded")
