"""What is measured: every row of the comparison, as data."""

from dataclasses import dataclass

LARGE_LEAST = 3


@dataclass(frozen=True)
class Row:
    """One shape with a number of workers; the most steps of a run, and the fewest."""

    shape: str
    workers: int
    program: str
    group: str
    title: str
    count: int
    least: int = 200
    unit: str = "ns"

    @property
    def pilot(self) -> int:
        """How many steps the first run does, which finds out how long one takes."""
        return self.least if self.least == LARGE_LEAST else max(self.least, self.count // 200)

    @property
    def name(self) -> str:
        """How the row is called where there is one word for it."""
        return f"{self.shape}/{self.workers}"


@dataclass(frozen=True)
class Lifecycle:
    """Something that lifecycle.py measures."""

    kind: str
    title: str
    unit: str


# Shape: title, most steps, numbers of workers.
SCHEDULING = {
    "fan_out": ("fan-out, 8 cowns", 300_000, (1, 2)),
    "fan_out_captures": ("fan-out, 8 cowns, 2 captures", 300_000, (1, 2)),
    "fan_out_1000": ("fan-out, 1000 cowns", 300_000, (1, 2)),
    "fan_out_1000_captures": ("fan-out, 1000 cowns, 2 captures", 300_000, (1, 2)),
    "hot_cown": ("one hot cown", 300_000, (2,)),
    "two_cowns": ("two cowns per behavior", 200_000, (1, 2)),
    "eight_cowns": ("eight cowns per behavior", 100_000, (2,)),
    "nested_chain": ("nested chain, an int", 300_000, (1, 2)),
}
TOGETHER = {
    "bank": ("bank: transfers among 64 accounts", 200_000, (2,)),
    "philosophers": ("five philosophers", 200_000, (2,)),
    "fork_join": ("Fibonacci, fork and join", 200_000, (2,)),
    "chains": ("two chains on two workers", 300_000, (2,)),
    "hops": ("one cown from worker to worker", 100_000, (2,)),
    "round_trip": ("round trip from main to a worker", 50_000, (2,)),
    "submit_result": ("submit a task, ask for its result", 200_000, (2,)),
}
VALUES = {
    "list_10_chain": ("nested chain, list of 10", 200_000, (1,)),
    "list_chain": ("nested chain, list of 1000", 100_000, (1, 2)),
    "dict_chain": ("nested chain, dict of 100", 100_000, (1,)),
    "dataclass_chain": ("nested chain, dataclass", 200_000, (1,)),
    "matrix_chain": ("nested chain, Matrix 16x16", 200_000, (1,)),
}
# Some contenders copy the one value of these in every step, so that few steps will do.
LARGE = {
    "bytes_untouched": ("nested chain, 64 MiB untouched", 200_000, (1,)),
    "bytes_read": ("nested chain, 64 MiB read", 100_000, (1,)),
    "matrix_64_mib_chain": ("nested chain, Matrix of 64 MiB", 100_000, (1,)),
}
MESSAGES = {
    "send_receive": ("send and receive, one thread", 500_000, (1,)),
    "ping_pong": ("messages between two workers", 100_000, (2,)),
    "board_read": ("noticeboard: read in a chain", 200_000, (1, 2)),
    "board_update": ("noticeboard: update from main", 100_000, (1,)),
}


def _rows() -> list[Row]:
    found = []
    for program, group, table in (
        ("scheduling", "Scheduling", SCHEDULING),
        ("scheduling", "Working together", TOGETHER),
        ("values", "Values", VALUES),
        ("messages", "Messages and the noticeboard", MESSAGES),
    ):
        for shape, (title, count, workers) in table.items():
            found += [Row(shape, n, program, group, title, count) for n in workers]
    for shape, (title, count, workers) in LARGE.items():
        found += [Row(shape, n, "values", "Values", title, count, LARGE_LEAST) for n in workers]
    found += [
        Row("chains_100us", 2, "scheduling", "Working together",
            "two chains, bodies of 100 us", 4_000),
        Row("index_demo", 2, "demo", "Working together", "index demo, per file", 60, 60),
        Row("queued_dropped", 1, "memory", "Memory",
            "queued behavior, result dropped", 100_000, 100_000, "B"),
        Row("queued_kept", 1, "memory", "Memory",
            "queued behavior, result kept", 100_000, 100_000, "B"),
    ]  # fmt: skip
    return sorted(found, key=lambda row: GROUPS.index(row.group))


GROUPS = (
    "Scheduling", "Working together", "Values", "Messages and the noticeboard", "Memory",
)  # fmt: skip
ROWS = _rows()

# Their time is that of the bodies, which are the same for everybody.
BODIES = ("chains_100us", "index_demo")
SHAPES = list(dict.fromkeys(row.shape for row in ROWS))

LIFECYCLE = [
    Lifecycle("import", "import of the package, ms", "ms"),
    Lifecycle("first", "first start and stop, 2 workers, ms", "ms"),
    Lifecycle("behavior", "first start, one behavior and stop, ms", "ms"),
    Lifecycle("pre_imports", "modules that the first start imports in main, ms", "ms"),
    Lifecycle("restart", "start and stop again, ms", "ms"),
    Lifecycle("behavior_again", "start, one behavior and stop again, ms", "ms"),
    Lifecycle("memory", "memory of a worker above a bare interpreter, KiB", "KiB"),
    Lifecycle("worker_memory", "memory of a worker, KiB", "KiB"),
]
