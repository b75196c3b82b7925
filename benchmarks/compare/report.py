"""The result as one document, which is what is stored, and as a table on the terminal."""

from collections.abc import Sequence
from typing import Any

from contenders import Contender
from measure import Cell
from rows import BODIES, Lifecycle, Row
from targets import verdicts

Document = dict[str, Any]


def rounded(value: float | None, digits: int = 1) -> float | None:
    """*value* for JSON."""
    return None if value is None else round(value, digits)


def cell_entry(cell: Cell) -> Document:
    """All that is known of one contender in one row."""
    low, high = cell.spread or (None, None)
    return {
        "median": rounded(cell.median),
        "low": rounded(low),
        "high": rounded(high),
        "least": rounded(min(cell.values, default=None)),
        "most": rounded(max(cell.values, default=None)),
        "runs": len(cell.values),
        "steps": cell.count,
        "hangs": cell.hangs,
        "note": cell.note,
    }


def ratio(peer: float | None, own: float | None) -> float | None:
    """How many times ours is faster, or less."""
    if peer is None or own is None or own <= 0:
        return None
    return round(peer / own, 3)


def row_entries(
    rows: Sequence[Row], names: Sequence[str], cells: dict[tuple[str, str], Cell]
) -> list[Document]:
    """One entry for each row; ours is the first of *names*."""
    found = []
    for row in rows:
        by_name = {name: cells[row.name, name] for name in names}
        own, *peers = names
        ours = by_name[own].median
        found.append(
            {
                "shape": row.shape,
                "workers": row.workers,
                "title": row.title,
                "group": row.group,
                "unit": row.unit,
                "ours_ns": rounded(ours),
                "peers": {name: rounded(by_name[name].median) for name in peers},
                "ratio": {name: ratio(by_name[name].median, ours) for name in peers},
                "cells": {name: cell_entry(cell) for name, cell in by_name.items()},
            }
        )
    return found


def lifecycle_entries(
    rows: Sequence[Lifecycle], names: Sequence[str], cells: dict[tuple[str, str], Cell]
) -> list[Document]:
    """One entry for each measurement: the median of every contender."""
    return [
        {
            "kind": row.kind,
            "title": row.title,
            "unit": row.unit,
            "medians": {name: rounded(cells[row.kind, name].median, 2) for name in names},
            "cells": {name: cell_entry(cells[row.kind, name]) for name in names},
        }
        for row in rows
    ]


def make(
    contenders: Sequence[Contender],
    rows: Sequence[Row],
    cells: dict[tuple[str, str], Cell],
    lifecycle: Sequence[Lifecycle],
    lifecycle_cells: dict[tuple[str, str], Cell],
    facts: Document,
) -> Document:
    """The document; *facts* come first in it."""
    names = [contender.name for contender in contenders]
    entries = row_entries(rows, names, cells)
    keys = {contender.key: contender.name for contender in contenders}
    return {
        **facts,
        "contenders": keys,
        "rows": entries,
        "lifecycle": lifecycle_entries(lifecycle, names, lifecycle_cells),
        "targets": verdicts(entries, keys),
    }


def number(value: float) -> str:
    """*value* with about three digits, in units that fit in a column."""
    for factor, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= factor:
            scaled = value / (1e3 if letter == "k" else factor)
            return f"{scaled:.{2 if scaled < 10 else 1 if scaled < 100 else 0}f}{letter}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def cell_text(cell: Document) -> str:
    """What a cell says, for people."""
    if cell["median"] is None:
        return "hangs" if cell["hangs"] else "fails" if cell["note"] else ""
    return number(cell["median"])


def ratio_text(value: float | None) -> str:
    """A ratio, for people."""
    if value is None:
        return ""
    return f"{value:.2f}x" if value < 10 else f"{value:.0f}x"


def spread_text(cell: Document) -> str:
    """How far the runs of a cell are apart, in percent of the median."""
    if not cell["median"] or cell["runs"] < 2:
        return ""
    return f"±{50 * (cell['high'] - cell['low']) / cell['median']:.0f}%"


def line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """One line of a table: the first cell to the left, the others to the right."""
    first, *others = [text.rjust(width) for text, width in zip(cells, widths, strict=True)]
    return "  ".join([first.strip().ljust(widths[0]), *others])


def print_rows(document: Document) -> None:
    """Show what takes time, in nanoseconds per step; a ratio says how many times ours is faster."""
    names = list(document["contenders"].values())
    own, *peers = names
    head = ["ns per step (memory: bytes)", "workers", own, ""]
    for peer in peers:
        head += [peer if peer[0].isupper() or " " in peer else f"bocpy {peer}", "ratio"]
    widths = [40, 7, 8, 5] + [max(8, len(text)) for text in head[4:]]
    print(line(head, widths))
    group = ""
    for row in document["rows"]:
        if row["group"] != group:
            group = row["group"]
            print(f"\n{group}")
        cells = row["cells"]
        texts = [f"  {row['title']}", str(row["workers"])]
        texts += [cell_text(cells[own]), spread_text(cells[own])]
        for peer in peers:
            texts += [cell_text(cells[peer]), ratio_text(row["ratio"][peer])]
        texts[0] = texts[0].strip()
        print(line(texts, widths))


def print_lifecycle(document: Document) -> None:
    """Show starting and memory, with how many times less ours is."""
    for row in document["lifecycle"]:
        own, *_ = row["medians"].values()
        texts = []
        for name, value in row["medians"].items():
            if value is None:
                continue
            times = ratio(value, own) if name != "ours" else None
            texts.append(f"{name} {value:.2f}" + (f" ({times:.1f}x)" if times else ""))
        print(f"{row['title']:<56}", ", ".join(texts))


def verdict_text(target: Document) -> str:
    """One sentence about a target."""
    where = f"{target['title']}, {target['workers']} worker{'s' * (target['workers'] > 1)}"
    measured = target["measured"]
    if measured is None:
        return f"  ?       {where}: no figure against {target['against']}"
    word = "met" if target["met"] else "missed"
    if target["against"].startswith("100,000"):
        return f"  {word:<7} {where}: {measured:.0f} B, wanted {target['against']}"
    return f"  {word:<7} {where}: {measured:.2f} x {target['against']}, wanted {target['wanted']}"


def print_targets(document: Document) -> None:
    """Show what is meant to be reached."""
    print("\ntargets")
    for target in document["targets"]:
        print(verdict_text(target))


def not_faster(document: Document, published: Sequence[str]) -> list[str]:
    """The rows in which a published version is as fast as ours, and those that ours could not do.

    Where the bodies are what takes time, as fast is what is wanted.
    """
    found = []
    for row in document["rows"]:
        place = f"{row['shape']} with {row['workers']} workers"
        if row["ours_ns"] is None:
            found.append(f"no figure: {place}")
        elif row["shape"] in BODIES:
            continue
        elif any((row["ratio"].get(name) or 2.0) <= 1 for name in published):
            found.append(f"not faster: {place}")
    return found
