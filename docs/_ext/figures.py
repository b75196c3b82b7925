"""The directive ``figures``: tables made from the results that `make compare` has kept.

Its argument is a group of rows, or ``machine``, ``starting``, ``targets`` or ``scaling``.  Pages
never say a figure themselves.
"""

import json
import sys
from pathlib import Path
from typing import Any

from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[2]
HARNESS = ROOT / "benchmarks" / "compare"
RESULTS = HARNESS / "results"
sys.path.insert(0, str(HARNESS))

import report  # noqa: E402

Document = dict[str, Any]


def results(pattern: str = "[0-9]*.json") -> list[tuple[Path, Document]]:
    """What was kept, the newest version of Python first."""
    files = sorted(RESULTS.glob(pattern), key=lambda path: len(path.stem), reverse=True)
    files.sort(key=lambda path: [int(n) for n in path.stem.split("-")[-1].split(".")], reverse=True)
    return [(path, json.loads(path.read_text(encoding="utf-8"))) for path in files]


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown; the first column to the left."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def shown(name: str) -> str:
    """How a contender is called in the head of a table."""
    return f"bocpy {name}" if name[0].isdigit() else name


def group_table(document: Document, group: str) -> str:
    """The rows of one group: medians, and how many times ours is faster."""
    own, *peers = document["contenders"].values()
    rows = []
    for row in document["rows"]:
        if row["group"] != group:
            continue
        cells = row["cells"]
        texts = [row["title"], str(row["workers"])]
        texts.append(f"{report.cell_text(cells[own])} {report.spread_text(cells[own])}".strip())
        for peer in peers:
            times = report.ratio_text(row["ratio"][peer])
            text = report.cell_text(cells[peer])
            texts.append(f"{text} ({times})" if times else text)
        rows.append(texts)
    return table(["", "workers", "this version", *map(shown, peers)], rows)


def starting_table(document: Document) -> str:
    """What starting takes."""
    names = list(document["contenders"].values())
    rows = []
    for row in document["lifecycle"]:
        values = [row["medians"][name] for name in names]
        rows.append([row["title"], *("" if v is None else f"{v:,.1f}" for v in values)])
    return table(["", "this version", *map(shown, names[1:])], rows)


def targets_table(document: Document) -> str:
    """What is meant to be reached, and what was."""
    rows = []
    for target in document["targets"]:
        measured, is_limit = target["measured"], target["against"].startswith("100,000")
        unit = " B" if is_limit else ""
        against = target["against"] if is_limit else f"{shown(target['against'])}"
        wanted = f"{target['wanted']:.0f}{unit}" if is_limit else f"{target['wanted']:g}x"
        figure = "" if measured is None else f"{measured:.{0 if is_limit else 2}f}{unit or 'x'}"
        word = "met" if target["met"] else "missed"
        rows.append([target["title"], str(target["workers"]), against, wanted, figure, word])
    return table(["", "workers", "against", "wanted", "measured", ""], rows)


def scaling_table(document: Document) -> str:
    """Medians and efficiencies over the number of workers."""
    names = list(document["contenders"].values())
    rows = []
    for row in document["rows"]:
        texts = [row["title"], str(row["workers"])]
        for name in names:
            share = document["efficiency"][name].get(row["shape"], {}).get(str(row["workers"]))
            text = report.cell_text(row["cells"][name])
            texts.append(text if share is None else f"{text} ({share:.2f})")
        rows.append(texts)
    return table(["", "workers", "this version", *map(shown, names[1:])], rows)


def machine_line(document: Document) -> str:
    """Where and when."""
    return f"{document['machine']}; {document['date']}; {document['rounds']} rounds.\n"


KINDS = {"machine": machine_line, "starting": starting_table, "targets": targets_table}


def markdown(kind: str) -> str:
    """What the directive shows: one part for each version of Python.

    Raises:
        ValueError: if nothing of that kind was kept.
    """
    pattern = "scaling-*.json" if kind == "scaling" else "[0-9]*.json"
    parts = []
    for _, document in results(pattern):
        if kind == "scaling":
            text = scaling_table(document)
        elif kind in KINDS:
            text = KINDS[kind](document)
        elif any(row["group"] == kind for row in document["rows"]):
            text = group_table(document, kind)
        else:
            raise ValueError(f"no rows in the group {kind}")
        parts.append(f"CPython {document['python']}\n\n{text}")
    if not parts and kind != "scaling":
        raise ValueError("no results in benchmarks/compare/results")
    return "\n\n".join(parts)


class Figures(SphinxDirective):
    """Puts the tables of one kind into a page."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        """Return the nodes."""
        for path, _ in results("*.json"):
            self.env.note_dependency(str(path))
        try:
            text = markdown(self.arguments[0])
        except ValueError as error:
            raise self.error(str(error)) from None
        return self.parse_text_to_nodes(text)


def setup(app):
    """Add the directive."""
    app.add_directive("figures", Figures)
    return {"parallel_read_safe": True}
