"""Plots as SVG, to be put into a page; with matplotlib, which is an extra."""

import importlib.util
import io
from typing import Any

HEIGHT_OF_BAR = 0.16


def is_available() -> bool:
    """Whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def svg_of(figure: Any) -> str:
    """The drawing as an element of HTML; the figure is closed."""
    from matplotlib import pyplot

    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def new_figure(width: float, height: float) -> tuple[Any, Any]:
    """A figure and its axes, drawn without a screen."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "bocpy"  # the same drawing, the same text
    from matplotlib import pyplot

    return pyplot.subplots(figsize=(width, height))


def bars(document: dict[str, Any], group: str) -> str:
    """The rows of one group as bars, from quartile to quartile a thin line; logarithmic."""
    rows = [row for row in document["rows"] if row["group"] == group]
    names = list(document["contenders"].values())
    height = 1.2 + len(rows) * (len(names) + 1) * HEIGHT_OF_BAR
    figure, axes = new_figure(10, height)
    step = len(names) + 1
    for at, name in enumerate(names):
        places, medians, below, above = [], [], [], []
        for number, row in enumerate(rows):
            cell = row["cells"][name]
            if cell["median"] is None:
                continue
            places.append(number * step + at)
            medians.append(cell["median"])
            below.append(cell["median"] - cell["low"])
            above.append(cell["high"] - cell["median"])
        axes.barh(
            places, medians, 0.9, xerr=[below, above], label=name, color=f"C{at}",
            error_kw={"lw": 0.8},
        )  # fmt: skip
    axes.set_xscale("log")
    found = [c["median"] for row in rows for c in row["cells"].values() if c["median"]]
    axes.set_xlim(left=min(found, default=1) / 3)
    axes.set_yticks([number * step + (len(names) - 1) / 2 for number in range(len(rows))])
    axes.set_yticklabels([f"{row['title']} ({row['workers']})" for row in rows])
    axes.invert_yaxis()
    units = {"ns": "nanoseconds", "B": "bytes"}
    axes.set_xlabel(f"{units[rows[0]['unit']]} per step, less is better (number of workers)")
    axes.legend(loc="lower right", fontsize=8)
    axes.grid(axis="x", alpha=0.3)
    return svg_of(figure)


def curves(title: str, unit: str, lines: dict[str, list[tuple[int, float]]]) -> str:
    """Values over the number of workers, a line for each name."""
    figure, axes = new_figure(6, 4)
    for name, points in lines.items():
        axes.plot([x for x, _ in points], [y for _, y in points], marker="o", label=name)
    axes.set_title(title)
    axes.set_xlabel("workers")
    axes.set_ylabel(unit)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    return svg_of(figure)
