# start() while the runtime is up does nothing if the arguments are equal.
from bocpy import start, wait

start(2)
try:
    start()
    start(2)
    try:
        start(3)
    except RuntimeError:
        pass
    else:
        raise SystemExit("other arguments were accepted")
finally:
    wait()
