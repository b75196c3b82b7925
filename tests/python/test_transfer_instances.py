"""Instances, buffers, functions and classes that cross: as pickle treats them, or better."""

import array
import copyreg
import dataclasses
import enum
import functools
import gc
import operator
import pickle
import sys
import sysconfig
import warnings
import weakref

import pytest

from bocpy import Cown
from bocpy._core import _transfer_roundtrip


@dataclasses.dataclass
class Point:
    x: object
    y: object


class Slots:
    __slots__ = ("__private", "left", "right")

    def hide(self, value: object) -> None:
        self.__private = value

    def hidden(self) -> object:
        return self.__private


class SlotsAndDict(Slots):
    __slots__ = ("__dict__", "__weakref__", "left")


class WithProperty:
    @property
    def value(self) -> object:
        return self.__dict__["value"]


class WithSetattr:
    def __setattr__(self, name: str, value: object) -> None:
        raise AssertionError("decoding must not call it")


class WithNew:
    def __new__(cls, *args: object) -> "WithNew":
        self = super().__new__(cls)
        self.made = True
        return self


class WithReduce:
    def __init__(self, items: list) -> None:
        self.items = items

    def __reduce__(self) -> tuple:
        return WithReduce, (self.items,)


class WithState:
    def __getstate__(self) -> dict:
        return {"kept": self.kept}

    def __setstate__(self, state: dict) -> None:
        self.restored = state["kept"]


class WithNewargsEx:
    def __new__(cls, *, name: str) -> "WithNewargsEx":
        self = super().__new__(cls)
        self.name = name
        return self

    def __getnewargs_ex__(self) -> tuple:
        return (), {"name": self.name}


class WithGetattr:
    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return name


class Color(enum.Enum):
    RED = 1
    GREEN = "green"


class Number(enum.IntEnum):
    ONE = 1


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Outer:
    class Inner:
        pass

    class Level(enum.Enum):
        LOW = 1


class MyError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(f"code {code}")
        self.code = code

    def __reduce__(self) -> tuple:
        return MyError, (self.code,)


def module_function(value: object) -> object:
    return value


# -- instances


def test_slots_come_back_also_private_and_empty_ones() -> None:
    value = Slots()
    value.hide([1])
    value.left = value
    result = _transfer_roundtrip(value)
    assert type(result) is Slots and result.hidden() == [1] and result.left is result
    assert not hasattr(result, "right")


def test_slots_with_dict_come_back() -> None:
    value = SlotsAndDict()
    value.left, value.right, value.other = 1, 2, 3
    value.hide(4)
    result = _transfer_roundtrip(value)
    assert (result.left, result.right, result.other, result.hidden()) == (1, 2, 3, 4)
    assert result.__dict__ == {"other": 3}


def test_attribute_under_a_property_comes_back() -> None:
    value = WithProperty()
    value.__dict__["value"] = 5
    assert _transfer_roundtrip(value).value == 5


def test_attributes_are_set_without_the_classs_setattr() -> None:
    value = WithSetattr()
    value.__dict__.update({"a": 1, 2: 3})
    assert _transfer_roundtrip(value).__dict__ == {"a": 1, 2: 3}


def test_hooks_are_called_as_pickle_calls_them() -> None:
    value = WithState()
    value.kept, value.lost = [1], 2
    assert _transfer_roundtrip(value).__dict__ == {"restored": [1]}
    assert _transfer_roundtrip(WithNewargsEx(name="x")).name == "x"
    value = WithNew()
    assert _transfer_roundtrip(value).made is True
    value = WithGetattr()
    value.a = 1
    result = _transfer_roundtrip(value)
    assert result.__dict__ == {"a": 1} and result.b == "b"


def test_class_that_changes_is_looked_at_again() -> None:
    class_ = Changing
    value = class_()
    value.a = 1
    assert _transfer_roundtrip(value).a == 1
    class_.__reduce__ = lambda self: (Changing, ())
    try:
        assert not hasattr(_transfer_roundtrip(value), "a")
    finally:
        del class_.__reduce__
    copyreg.pickle(class_, lambda value: (Changing, (), {"b": 2}))
    try:
        assert _transfer_roundtrip(value).__dict__ == {"b": 2}
    finally:
        del copyreg.dispatch_table[class_]
    assert _transfer_roundtrip(value).__dict__ == {"a": 1}


class Changing:
    pass


def test_class_that_was_replaced_does_not_pass_for_the_new_one() -> None:
    module = sys.modules[__name__]
    old = Replaced
    value = old()
    assert type(_transfer_roundtrip(value)) is old
    module.Replaced = type("Replaced", (), {"__module__": __name__})
    try:
        assert type(_transfer_roundtrip(value)) is old
        assert type(_transfer_roundtrip(module.Replaced())) is module.Replaced
    finally:
        module.Replaced = old
    assert type(_transfer_roundtrip(value)) is old


class Replaced:
    pass


def test_enum_members_are_singletons() -> None:
    members = [*Color, *Number, *Access, Outer.Level.LOW, Access.READ | Access.WRITE]
    for result, member in zip(_transfer_roundtrip(members), members, strict=True):
        assert result is member


def test_exceptions_keep_type_args_and_attributes() -> None:
    error = ValueError("text", 5)
    error.add_note("note")
    result = _transfer_roundtrip(error)
    assert type(result) is ValueError and result.args == ("text", 5)
    assert result.__notes__ == ["note"]
    assert _transfer_roundtrip(MyError(3)).code == 3
    group = ExceptionGroup("group", [KeyError("a"), OSError(2, "no file")])
    result = _transfer_roundtrip(group)
    assert [type(each) for each in result.exceptions] == [KeyError, FileNotFoundError]


def test_callables_come_back_callable() -> None:
    upper, second, partial = _transfer_roundtrip(
        ["abc".upper, operator.itemgetter(1), functools.partial(module_function, 5)]
    )
    assert (upper(), second("ab"), partial()) == ("ABC", "b", 5)


def test_bound_methods_keep_their_object() -> None:
    value = Slots()
    value.hide(3)
    method, owner = _transfer_roundtrip([value.hidden, value])
    assert method() == 3 and method.__self__ is owner


def test_cowns_travel_by_handle() -> None:
    cown = Cown([1])
    point = Point(cown, {"deep": [(cown,)]})
    result = _transfer_roundtrip(point)
    assert result.x == cown and result.y["deep"][0][0] is result.x
    assert _transfer_roundtrip(cown) == cown
    assert _transfer_roundtrip({cown: 1}) == {cown: 1}
    assert _transfer_roundtrip(WithReduce([cown])).items == [cown]


# -- buffers


def test_memoryview_keeps_its_type_and_shape() -> None:
    base = bytearray(range(24))
    for view in (
        memoryview(b"abc"),
        memoryview(b"abcdef")[2:4],
        memoryview(base),
        memoryview(base)[4:8],
        memoryview(base)[::2],
        memoryview(base)[::-1],
        memoryview(base).cast("i"),
        memoryview(base).cast("i")[1:3],
        memoryview(base).cast("h", (3, 4)),
        memoryview(base).cast("i")[0:0],
        memoryview(base).toreadonly(),
        memoryview(array.array("d", [1.0, 2.0, 3.0]))[1:],
        memoryview(array.array("d", [1.0]))[1:],
        memoryview(b""),
    ):
        result = _transfer_roundtrip(view)
        assert type(result) is memoryview
        assert result.tolist() == view.tolist()
        assert (result.format, result.shape, result.readonly) == (
            view.format,
            view.shape,
            view.readonly,
        )


def test_views_of_one_buffer_stay_connected() -> None:
    base = bytearray(8)
    first, second, whole = _transfer_roundtrip(
        [memoryview(base)[2:4], memoryview(base).cast("H"), base]
    )
    whole[2] = 7
    assert first[0] == 7 and second[1] == 7
    first, second = _transfer_roundtrip([memoryview(base)[:4], memoryview(base)[:4]])
    first[0] = 9
    assert second[0] == 9


def test_view_that_occurs_twice_stays_one_beside_others_of_its_buffer() -> None:
    base = bytearray(8)
    view = memoryview(base)[2:4]
    first, same, other = _transfer_roundtrip([view, view, memoryview(base)])
    assert same is first
    assert len(other) == 8
    other[2] = 7
    assert first[0] == 7


def test_array_keeps_its_type_code() -> None:
    for code in "bBhHiIlLqQfd":
        value = array.array(code, [1, 2, 3])
        result = _transfer_roundtrip(value)
        assert result == value and result.typecode == code
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert _transfer_roundtrip(array.array("u", "abc")).tounicode() == "abc"


class Exporter:
    def __init__(self, data: bytearray) -> None:
        self.data = data

    def __reduce_ex__(self, protocol: int) -> tuple:
        assert protocol == 5
        return Exporter, (pickle.PickleBuffer(self.data),)


def test_protocol_5_buffers_cross() -> None:
    result = _transfer_roundtrip([Exporter(bytearray(b"x" * 100)), Exporter(b"y")])
    assert result[0].data == bytearray(b"x" * 100) and type(result[0].data) is bytearray
    assert result[1].data == b"y" and type(result[1].data) is bytes


# -- classes and functions by value


def test_local_function_comes_back_as_itself() -> None:
    offset = 5

    def add(value: int) -> int:
        return value + offset

    result = _transfer_roundtrip([add, {"again": add}])
    assert result[0] is add and result[1]["again"] is add
    double = lambda value: value * 2  # noqa: E731
    assert _transfer_roundtrip(double) is double
    assert _transfer_roundtrip(functools.partial(double, 4))() == 8


def test_local_class_comes_back_as_itself() -> None:
    class Base:
        def name(self) -> str:
            return "base"

    class Local(Base):
        def name(self) -> str:
            return super().name() + "!"

    value = Local()
    value.items = [value]
    result = _transfer_roundtrip(value)
    assert type(result) is Local and result.items[0] is result and result.name() == "base!"
    assert _transfer_roundtrip([Base, Local]) == [Base, Local]


@pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")) and sys.version_info < (3, 14),
    reason="classes live for ever in the free-threaded CPython 3.13 once there were two threads",
)
def test_local_class_is_freed_with_its_last_instance() -> None:
    def make() -> "weakref.ref[type]":
        class Local:
            def me(self) -> type:
                return Local

        assert type(_transfer_roundtrip(Local())) is Local
        return weakref.ref(Local)

    reference = make()
    gc.collect()
    assert reference() is None
