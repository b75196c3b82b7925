# There may be any number of tags; looking at one costs nothing.
from bocpy import TIMEOUT, drain, receive, send

for number in range(100):
    drain(f"drained {number}")
    assert receive(f"polled {number}", 0) == (TIMEOUT, None)
for number in range(100):
    send(f"tag {number}", number)
for number in range(100):
    assert receive(f"tag {number}", 5) == (f"tag {number}", number)
