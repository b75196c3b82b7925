# A function that raises SystemExit does not stop the noticeboard.
from bocpy import notice_sync, notice_update, notice_write, start, wait


def leave(value):
    raise SystemExit(3)


start()
left = notice_update("key", leave)
notice_write("key", 5)
notice_sync(10)
try:
    left.result(10)
except SystemExit:
    pass
else:
    raise AssertionError("the exception is lost")
wait()
