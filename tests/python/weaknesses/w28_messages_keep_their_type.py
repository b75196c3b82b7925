# A sequence arrives as what it was.
from collections import namedtuple

from bocpy import receive, send

Pair = namedtuple("Pair", "left right")

for value in ([1, 2], bytearray(b"ab"), range(3), Pair(1, 2)):
    send("t", value)
    _, contents = receive("t")
    assert type(contents) is type(value), type(contents)
    assert contents == value
