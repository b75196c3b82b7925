"""Call Matrix with random arguments, right and wrong, until the time is up.

``python fuzz_matrix.py [--seconds N | --rounds N] [--seed S] [--first F]``: round F of seed S is
always the same. Each round has a few matrices, some of them over memory that they share with each
other, an array or an exported buffer, and calls that read and write them by all kinds of keys, make
new ones of buffers and DLPack capsules, and name each other as operand, mask, `out`. Whatever is
wrong with an argument must be one of the documented exceptions; a crash, a SystemError or a shape
that lies ends the run, and the last line names the round. `make fuzz` runs it with the extension
modules built for the address sanitizer.
"""

import argparse
import array
import copy
import ctypes
import faulthandler
import math
import pickle
import random
import struct
import sys
from time import monotonic

from bocpy import Matrix

ALLOWED = (TypeError, ValueError, IndexError, OverflowError, BufferError, MemoryError, KeyError,
           RuntimeError, AttributeError, AssertionError, NotImplementedError)  # fmt: skip
HUGE = [2**62, 2**63 - 1, 2**63, 10**100]  # too large to be tried, whatever multiplies them

type Anything = object


class Sub(Matrix):
    """A subclass travels, copies and pickles by other ways than Matrix."""


class Item:
    """An index and a number whose code changes what is indexed."""

    def __init__(self, target: Matrix, value: int) -> None:
        self.target, self.value = target, value

    def meddle(self) -> None:
        try:
            self.target.transpose(in_place=True)
            self.target.__init__(2, 3, 7.0)  # type: ignore[misc]
        except ALLOWED:
            pass

    def __index__(self) -> int:
        self.meddle()
        return self.value

    def __float__(self) -> float:
        self.meddle()
        return float(self.value)


def integer(rng: random.Random) -> int:
    if rng.random() < 0.04:
        return rng.choice(HUGE) * rng.choice((1, -1))
    return rng.randint(-6, 9)


def number(rng: random.Random) -> float | int:
    return rng.choice([
        rng.uniform(-10, 10), float(rng.randint(-3, 3)), rng.randint(-3, 3), math.nan, math.inf,
        -math.inf, -0.0, 5e-324, 1e308, True,
    ])  # fmt: skip


def piece(rng: random.Random, target: Matrix) -> Anything:
    """A part of a key."""
    kind = rng.random()
    if kind < 0.02:
        return Item(target, rng.randint(-2, 3))
    if kind < 0.04:
        return [0, Item(target, rng.randint(-2, 3)), 1]
    if kind < 0.35:
        return integer(rng)
    if kind < 0.7:
        ends = [rng.choice([None, integer(rng)]) for _ in range(3)]
        return slice(*ends)
    if kind < 0.95:
        return [integer(rng) if rng.random() < 0.1 else rng.randint(0, 2)
                for _ in range(rng.randint(0, 70 if kind < 0.75 else 4))]  # fmt: skip
    return rng.choice([None, 1.5, "x", ..., (0, 1), object()])


def key(rng: random.Random, target: Matrix) -> Anything:
    if rng.random() < 0.4:
        return piece(rng, target)
    if rng.random() < 0.1:  # around the ends, where indices wrap
        return tuple(rng.choice((0, -1, length - 1, length, -length, -length - 1))
                     for length in target.shape)  # fmt: skip
    return tuple(piece(rng, target) for _ in range(rng.choice([2, 2, 2, 2, 1, 3, 0])))


def matrix(rng: random.Random) -> Matrix:
    rows = rng.choice([1, 1, 2, 3, 3, 5, 17])
    columns = rng.choice([1, 1, 2, 3, 3, 8, 33])
    if rng.random() < 0.002:  # long enough to leave the GIL
        rows, columns = rng.choice([(1, 70_000), (300, 300), (70_000, 1)])
        return Matrix(rows, columns, number(rng))
    cls = Sub if rng.random() < 0.1 else Matrix
    return cls(rows, columns, [number(rng) for _ in range(rows * columns)])


def overlapping(rng: random.Random) -> list[Matrix]:
    """Matrices over the same memory, one a few elements behind the other."""
    values = array.array("d", [number(rng) for _ in range(40)])
    view = memoryview(values)
    shared = [Matrix.from_buffer(view)]
    for _ in range(2):
        rows, columns = rng.randint(1, 4), rng.randint(1, 4)
        first = rng.randint(0, 40 - rows * columns)
        part = view[first : first + rows * columns].cast("B").cast("d", (rows, columns))
        shared.append(Matrix.from_buffer(part))
    return shared


FORMATS = "d f e b B h H i I l L q Q ? n N c P".split()
NUMBERS = [ctypes.c_double, ctypes.c_float, ctypes.c_int16, ctypes.c_uint64, ctypes.c_bool]


def foreign(rng: random.Random) -> Anything:
    """An array of numbers in the byte order of either kind of machine."""
    kind = rng.choice(NUMBERS)
    kind = getattr(kind, rng.choice(["__ctype_be__", "__ctype_le__"]), kind)
    rows, columns = rng.randint(0, 3), rng.randint(0, 4)
    return rng.choice([kind, kind * columns, (kind * columns) * rows, ((kind * 2) * 2) * 2])()


class Buffer:
    """What __buffer__ returns is a view with a shape, a format and strides of all kinds."""

    def __init__(self, rng: random.Random) -> None:
        form = rng.choice(FORMATS)
        size = struct.calcsize(form)
        rows, columns = rng.randint(1, 4), rng.randint(1, 5)
        memory: bytearray | bytes = bytearray(rng.randbytes(rows * columns * size))
        if rng.random() < 0.2:
            memory = bytes(memory)
        view = memoryview(memory)
        if rng.random() < 0.7:
            view = view.cast(form, (rows, columns)) if rng.random() < 0.6 else view.cast(form)
        if rng.random() < 0.4:
            step = rng.choice([-3, -2, -1, 1, 2, 3])
            view = view[slice(rng.choice([None, 0, 1, -1]), None, step)]
        self.view = view

    def __buffer__(self, flags: int) -> memoryview:
        return self.view


class Tensor:
    """A producer of DLPack: of a good capsule, a used one, or none."""

    def __init__(self, rng: random.Random, source: Matrix) -> None:
        self.kind = rng.random()
        self.source = source

    def __dlpack_device__(self) -> Anything:
        if self.kind < 0.1:
            return (2, 0)
        return None if self.kind < 0.2 else (1, 0)

    def __dlpack__(self, **options: Anything) -> Anything:
        if self.kind < 0.3:
            return object()
        capsule = self.source.__dlpack__(**(options if self.kind < 0.8 else {}))
        if self.kind < 0.4:
            Matrix.from_dlpack(Given(capsule))  # which makes it a used one
        return capsule


class Given:
    def __init__(self, capsule: Anything) -> None:
        self.capsule = capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)

    def __dlpack__(self, **options: Anything) -> Anything:
        return self.capsule


def from_memory(rng: random.Random, pool: list[Matrix]) -> Anything:
    """Make a matrix of a buffer or a tensor, and an operand of one."""
    source = rng.choice(pool)
    kind = rng.random()
    flag = {"copy": rng.random() < 0.5} if rng.random() < 0.7 else {}
    cls = Sub if rng.random() < 0.2 else Matrix
    if kind < 0.35:
        return cls.from_buffer(Buffer(rng), **flag)
    if kind < 0.45:
        plain = [source, memoryview(source), array.array("h", range(6)), b"12345678", foreign(rng)]
        return cls.from_buffer(rng.choice(plain), **flag)
    if kind < 0.6:
        return source + Buffer(rng) if rng.random() < 0.5 else cls.vector(Buffer(rng))
    if kind < 0.8:
        return cls.from_dlpack(Tensor(rng, source), **flag)
    if kind < 0.95:
        return cls.from_dlpack(source, **flag)
    versions = [None, (0, 8), (1, 0), (1, 2), (9, 9), (1,), "x", (-1, 0)]
    options = {
        "max_version": rng.choice(versions), "stream": rng.choice([None, None, 1]),
        "copy": rng.choice([None, True, False, 3]),
        "dl_device": rng.choice([None, (1, 0), (2, 0), (1,), 5]),
    }  # fmt: skip
    named = rng.sample(sorted(options), rng.randint(0, 4))
    return source.__dlpack__(**{name: options[name] for name in named})


UNPICKLE = pickle.loads(pickle.dumps(Matrix(1, 1))).__reduce_ex__(4)[0]


def pickled(rng: random.Random, source: Matrix) -> Anything:
    """There and back, sometimes with a byte of the header or the elements changed."""
    if rng.random() < 0.5:
        buffers: list[pickle.PickleBuffer] = []
        protocol = rng.randint(0, 5)
        out_of_band = buffers.append if protocol == 5 and rng.random() < 0.5 else None
        text = pickle.dumps(source, protocol, buffer_callback=out_of_band)
        return pickle.loads(text, buffers=buffers)
    if type(source) is not Matrix:
        return rng.choice([copy.copy, copy.deepcopy])(source)
    _, parts = source.__reduce_ex__(rng.randint(2, 4))[:2]
    changed = [bytearray(part) for part in parts]
    for _ in range(rng.randint(0, 3)):
        where = rng.choice(changed)
        if where:
            where[rng.randrange(len(where))] = rng.choice([0, 1, 255, 62, 60])
    if rng.random() < 0.2:
        changed[-1] = changed[-1][: rng.randint(0, len(changed[-1]))]
    return UNPICKLE(*changed)


def anything(rng: random.Random, pool: list[Matrix]) -> Anything:
    """An operand, a list of indices, an axis, a flag - or nothing of the kind."""
    kind = rng.random()
    if kind < 0.45:
        return rng.choice(pool)
    if kind < 0.6:
        return number(rng)
    if kind < 0.7:
        return integer(rng)
    if kind < 0.85:
        return [rng.randint(-3, 3) for _ in range(rng.randint(0, 9))]
    return rng.choice([
        None, None, (), "text", b"12345678", memoryview(b"abc"), object(), {}, {1, 2}, 1j,
        range(3), (2, 3), [[1, 2], [3, 4]], iter([1.0, 2.0]), Matrix, memoryview(rng.choice(pool)),
        bytearray(64), Item(rng.choice(pool), 1), [1.0, Item(rng.choice(pool), 2)], Buffer(rng),
        foreign(rng),
    ])  # fmt: skip


NAMES = [name for name in dir(Matrix) if not name.startswith("_") and name != "from_dlpack"] + [
    "__add__", "__sub__", "__mul__", "__truediv__", "__matmul__", "__iadd__", "__isub__",
    "__imul__", "__itruediv__", "__radd__", "__rmatmul__", "__eq__", "__lt__", "__ge__", "__neg__",
    "__abs__", "__contains__", "__iter__", "__repr__", "__str__", "__sizeof__", "__copy__",
    "__reduce_ex__", "__init__", "__format__", "__dlpack__", "__array_priority__",
]  # fmt: skip
KEYWORDS = ["axis", "out", "in_place", "where", "as_matrix", "accumulate", "largest", "size", "min",
            "max", "values", "k", "value", "as_column", "rtol", "equal_nan", "copy"]  # fmt: skip
WITH_OUT = ["add", "subtract", "multiply", "divide", "negate", "abs", "sqrt", "clip", "take",
            "where", "sign", "take_along_axis", "normalize", "fma", "scaled_add"]  # fmt: skip


def with_out(rng: random.Random, pool: list[Matrix]) -> Anything:
    """Results that go where an operand is, or beside it."""
    target = rng.choice(pool)
    count = rng.choice([0, 1, 1, 2, 2, 3])
    arguments = [rng.choice([rng.choice(pool), target, 1.5, [0], [0, 1]]) for _ in range(count)]
    named = {rng.choice(["out", "out", "in_place"]): rng.choice([target, rng.choice(pool), True])}
    return getattr(target, rng.choice(WITH_OUT))(*arguments, **named)


def call(rng: random.Random, pool: list[Matrix]) -> Anything:
    kind = rng.random()
    target = rng.choice(pool)
    if kind < 0.15:
        return target[key(rng, target)]
    if kind < 0.3:
        target[key(rng, target)] = anything(rng, pool)
        return None
    if kind < 0.32:
        del target[key(rng, target)]
        return None
    if kind < 0.36:
        return with_out(rng, pool)
    if kind < 0.44:
        return from_memory(rng, pool)
    if kind < 0.53:
        return Matrix(*(rng.choice([integer(rng), rng.randint(1, 4), anything(rng, pool)])
                        for _ in range(rng.randint(0, 3))))  # fmt: skip
    if kind < 0.55:
        return pickled(rng, target)
    if kind < 0.57:
        return Matrix.__new__(Matrix)
    attribute = getattr(target, rng.choice(NAMES))
    if rng.random() < 0.7:
        return sensible(rng, pool)
    if not callable(attribute):
        return attribute
    arguments = [anything(rng, pool) for _ in range(rng.choice([0, 0, 1, 1, 1, 2, 2, 3]))]
    named = {name: anything(rng, pool) for name in rng.sample(KEYWORDS, rng.choice([0, 0, 1, 2]))}
    return attribute(*arguments, **named)


def check(found: Matrix) -> None:
    """What a matrix says of itself goes together."""
    assert found.rows >= 1 and found.columns >= 1
    assert found.size == found.rows * found.columns == len(list(found.values()))


# What the parameters of each method are, so that most calls get through: o(perand), a(xis),
# n(umber), m(ask), i(ndices), p(laces), k (a small count), s(ize), f(lag), c (to concat).
SENSIBLE = {
    "sum": "am", "mean": "am", "min": "am", "max": "am", "magnitude": "am", "argmin": "amf",
    "magnitude_squared": "am", "argmax": "amf", "topk": "kafmf", "vecdot": "oa", "cross": "oa",
    "normalize": "af", "perpendicular": "af", "angle": "a", "fma": "oof", "scaled_add": "nof",
    "less": "o", "less_equal": "o", "greater": "o", "greater_equal": "o", "equal": "o",
    "not_equal": "o", "add": "o", "subtract": "o", "multiply": "o", "divide": "o",
    "__matmul__": "o",
    "__iadd__": "o", "__imul__": "o", "__rsub__": "o", "__eq__": "o", "__lt__": "o", "clip": "nn",
    "take": "ia", "put": "ioaf", "take_along_axis": "pa", "put_along_axis": "poaf",
    "repeat_interleave": "ka", "transpose": "f", "copy": "", "values": "", "allclose": "oonnf",
    "where": "ooo", "concat": "ca", "zeros": "s", "ones": "s", "full": "sn", "uniform": "nns",
    "normal": "nns", "vector": "if",
}  # fmt: skip


def operand(rng: random.Random, target: Matrix, pool: list[Matrix]) -> Anything:
    """Something that goes with the target, more often than not."""
    rows, columns = target.shape
    kind = rng.random()
    if kind < 0.3:
        return rng.choice([target, target, rng.choice(pool)])
    if kind < 0.4:
        return number(rng)
    if kind < 0.5:
        return [number(rng) for _ in range(columns)]
    turned = (columns, min(rows, 40))  # for products, which would be too large otherwise
    shape = rng.choice([(rows, columns), (1, columns), (rows, 1), (1, 1), turned])
    return Matrix(*shape, number(rng))


def parameter(rng: random.Random, kind: str, target: Matrix, pool: list[Matrix]) -> Anything:
    rows, columns = target.shape
    length = rng.choice([rows, columns])
    match kind:
        case "o":
            return operand(rng, target, pool)
        case "a":
            return rng.choice([0, 1, -1, -2, None])
        case "n":
            return number(rng)
        case "m":
            return rng.choice([None, None, True, target, Matrix(1, columns, 1), Matrix(rows, 1)])
        case "i":
            return [rng.randrange(-length, length) for _ in range(rng.randint(1, 6))]
        case "p":
            groups = rng.choice([rows, columns])
            places = [rng.randrange(-length, length) for _ in range(groups * rng.randint(1, 2))]
            return rng.choice([places[:groups], Matrix(len(places) // groups, groups, places)])
        case "k":
            return rng.randint(1, min(length, 40))  # what is long is not repeated as often
        case "s":
            return (rng.randint(1, 5), rng.randint(1, 5))
        case "c":
            return [operand(rng, target, pool) for _ in range(rng.randint(1, 3))]
        case _:
            return rng.random() < 0.5


def sensible(rng: random.Random, pool: list[Matrix]) -> Anything:
    """A call as it is meant to be, or nearly."""
    target = rng.choice(pool)
    name = rng.choice(list(SENSIBLE))
    arguments = [parameter(rng, kind, target, pool) for kind in SENSIBLE[name]]
    required = {"add": 1, "fma": 2, "scaled_add": 2, "where": 3, "allclose": 2}.get(name, 0)
    count = rng.randint(required, len(arguments)) if rng.random() < 0.5 else len(arguments)
    named = {"out": rng.choice([target, *pool])} if rng.random() < 0.1 else {}
    return getattr(target, name)(*arguments[:count], **named)


CALLS = 60  # of a round
LONG = 5000  # elements; longer ones stay as few as they are


def one_round(seed: int, number_of: int) -> None:
    rng = random.Random(f"{seed} {number_of}")
    pool = [matrix(rng) for _ in range(4)]
    while sum(each.size > LONG for each in pool) > 1:  # which may give a very large one together
        pool.pop()
    if rng.random() < 0.3:
        pool += overlapping(rng)
    exported: list[Anything] = []
    for _ in range(CALLS):
        if rng.random() < 0.05:
            exported = [memoryview(rng.choice(pool))] if rng.random() < 0.5 else []
        try:
            result = call(rng, pool)
        except ALLOWED:
            continue
        if rng.random() < 0.02:
            exported.append(result)  # capsules and iterators live on
        if isinstance(result, Matrix) and result.acquired and hasattr(result, "rows"):
            check(result)
            if result.size <= LONG:
                pool[rng.randrange(len(pool))] = result
    for each in pool:
        check(each)


def main() -> None:
    faulthandler.enable()
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    end = monotonic() + options.seconds
    done = 0
    while done < options.rounds if options.rounds is not None else monotonic() < end:
        number_of = options.first + done
        try:
            one_round(options.seed, number_of)
        except BaseException:
            print(f"failed: --seed {options.seed} --first {number_of} --rounds 1", file=sys.stderr)
            raise
        done += 1
    print(f"{done} rounds, {done * CALLS} calls of seed {options.seed}, nothing found")


if __name__ == "__main__":
    main()
