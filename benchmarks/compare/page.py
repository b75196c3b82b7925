"""The result as a page: one HTML file with tables and, where matplotlib is installed, plots."""

from collections.abc import Sequence
from html import escape

import plots
from report import Document, cell_text, ratio_text, spread_text, verdict_text

STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em }
table { border-collapse: collapse; margin: 1em 0; font-variant-numeric: tabular-nums }
th, td { padding: .2em .7em; text-align: right; border-bottom: 1px solid #ddd }
th:first-child, td:first-child { text-align: left }
small { color: #666 }
.missed { color: #b00020 } .met { color: #00701a }
svg { max-width: 100%; height: auto }
"""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; its cells are HTML already."""
    first = "".join(f"<th>{text}</th>" for text in head)
    others = "".join(
        "<tr>" + "".join(f"<td>{text}</td>" for text in row) + "</tr>\n" for row in rows
    )
    return f"<table>\n<tr>{first}</tr>\n{others}</table>"


def group_table(document: Document, group: str) -> str:
    """The rows of one group: median and spread of each contender, and ratios."""
    own, *peers = document["contenders"].values()
    rows = []
    for row in document["rows"]:
        if row["group"] != group:
            continue
        cells = row["cells"]
        texts = [escape(row["title"]), str(row["workers"])]
        for name in (own, *peers):
            cell = cells[name]
            title = escape(cell["note"] or f"{cell['runs']} runs of {cell['steps']:,} steps")
            text = f"<span title='{title}'>{cell_text(cell)}</span>"
            texts.append(f"{text} <small>{spread_text(cell)}</small>")
            if name != own:
                texts.append(ratio_text(row["ratio"][name]))
        rows.append(texts)
    head = ["", "workers", escape(own)]
    for peer in peers:
        head += [escape(peer), "ratio"]
    return table(head, rows)


def lifecycle_table(document: Document) -> str:
    """Starting and memory."""
    names = list(document["contenders"].values())
    rows = []
    for row in document["lifecycle"]:
        values = [row["medians"][name] for name in names]
        texts = ["" if value is None else f"{value:,.2f}" for value in values]
        rows.append([escape(row["title"]), *texts])
    return table(["", *map(escape, names)], rows)


def target_list(document: Document) -> str:
    """What is meant to be reached."""
    lines = []
    for target in document["targets"]:
        kind = "met" if target["met"] else "missed"
        lines.append(f"<li class='{kind}'>{escape(verdict_text(target).strip())}</li>")
    return f"<ul>{''.join(lines)}</ul>"


def render(document: Document) -> str:
    """The whole page."""
    title = f"bocpy side by side, CPython {document['python']}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(document['machine'])}; {document['date']}; {document['rounds']} rounds. "
        "Nanoseconds per step, or bytes for memory: median, and half the distance of the quartiles "
        "in percent. A ratio says how many times ours is faster. An empty cell: that contender "
        "cannot do it.</p>",
    ]
    if not plots.is_available():
        parts.append(
            "<p>There are no plots, since matplotlib is not installed: "
            "<code>pip install bocpy[bench]</code>.</p>"
        )
    for group in dict.fromkeys(row["group"] for row in document["rows"]):
        parts.append(f"<h2>{escape(group)}</h2>")
        if plots.is_available():
            parts.append(plots.bars(document, group))
        parts.append(group_table(document, group))
    if document["lifecycle"]:
        parts += ["<h2>Starting, and memory of workers</h2>", lifecycle_table(document)]
    if document["targets"]:
        parts += ["<h2>Targets</h2>", target_list(document)]
    body = "\n".join(parts)
    return (
        f"<!doctype html>\n<html lang='en'>\n<meta charset='utf-8'>\n<title>{escape(title)}</title>"
        f"\n<style>{STYLE}</style>\n{body}\n</html>\n"
    )
