# Neither start nor the tags of a user disturb messages, the noticeboard, or wait().
from bocpy import (
    Cown,
    notice_read,
    notice_sync,
    notice_write,
    receive,
    send,
    set_tags,
    start,
    wait,
    when,
)

send("kept", 1)
start()
assert receive("kept", 0) == ("kept", 1)
set_tags([f"tag{number}" for number in range(16)])
notice_write("key", 5)
notice_sync(10)


@when(Cown(0))
def reads(c):
    send("tag7", notice_read("key"))


assert receive("tag7", 10) == ("tag7", 5)
wait()
