"""What bocpy is meant to reach, as data, and whether it did."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Target:
    """In all rows of *shape* ours is *factor* times faster than the contender with that key."""

    shape: str
    contender: str
    factor: float


@dataclass(frozen=True)
class Limit:
    """In all rows of *shape* ours stays below *most*, in the unit of the row."""

    shape: str
    most: float
    words: str


MIB = 1 << 20
TARGETS: tuple[Target | Limit, ...] = (
    Target("fan_out", "bocpy-0.6.0", 15),
    Target("nested_chain", "bocpy-0.6.0", 8),
    Target("two_cowns", "bocpy-0.6.0", 8),
    Target("list_chain", "bocpy-0.6.0", 30),
    Target("fan_out", "bocpy-newest", 8),
    Target("nested_chain", "bocpy-newest", 8),
    Target("list_chain", "bocpy-newest", 20),
    Target("bytes_untouched", "bocpy-newest", 1000),
    Target("submit_result", "threads", 5),
    Target("chains_100us", "processes", 0.9),
    Limit("queued_dropped", 20 * MIB / 100_000, "100,000 in 20 MiB"),
    Limit("queued_kept", 40 * MIB / 100_000, "100,000 in 40 MiB"),
)


def verdicts(rows: list[dict[str, Any]], names: dict[str, str]) -> list[dict[str, Any]]:
    """One entry for each target and row that it speaks of; *names* are those of contenders by key.

    ``met`` is None where a side has no figure.
    """
    found = []
    for target in TARGETS:
        for row in rows:
            if row["shape"] != target.shape:
                continue
            entry = {"shape": row["shape"], "workers": row["workers"], "title": row["title"]}
            if isinstance(target, Limit):
                measured = row["ours_ns"]
                entry |= {"against": target.words, "wanted": target.most, "measured": measured}
                entry["met"] = None if measured is None else measured <= target.most
            elif target.contender not in names:
                continue
            else:
                name = names[target.contender]
                measured = row["ratio"].get(name)
                entry |= {"against": name, "wanted": target.factor, "measured": measured}
                entry["met"] = None if measured is None else measured >= target.factor
            found.append(entry)
    return found
