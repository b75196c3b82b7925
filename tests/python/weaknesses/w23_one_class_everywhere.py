# A class of the program is one class: enums with members, instances that go and come.
import enum
from dataclasses import dataclass

from bocpy import Cown, wait, when


class Color(enum.Enum):
    RED = 1
    BLUE = 2


@dataclass
class Point:
    x: int
    color: Color


c = Cown(Point(1, Color.RED))


@when(c)
def move(c):
    was = c.value
    c.value = Point(was.x + 1, Color.BLUE)
    return isinstance(was, Point), type(was) is Point, was.color is Color.RED


wait()
assert move.value == (True, True, True)
assert type(c.value) is Point
assert c.value == Point(2, Color.BLUE)
