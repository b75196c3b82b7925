"""The table of a document of results."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from bocpy.bench.document import Document


def render(document: Document) -> str:
    """Return the table: a line for each point."""
    axis = document["sweep"]["axis"]
    header = [axis if axis != "none" else "", f"{document['unit']}/s", "stdev", "95 % +-"]
    scaling = _first_of_scaling(document)
    if scaling:
        header += ["speedup", "efficiency"]
    header += ["p50 us", "p90 us", "p99 us", "p99.9 us", "cores busy", "peak MiB"]
    rows = [_row(point, scaling) for point in document["points"]]
    lines = [*_title(document), *align([header, *rows])]
    if axis == "workers" and not scaling:
        lines.append("no speedup: the first point has no figure, or the run was interrupted")
    return "\n".join(lines)


def _title(document: Document) -> Iterator[str]:
    facts = document["metadata"]
    yield (
        f"{document['suite']}: bocpy {facts['bocpy_version']}, "
        f"{facts['python_implementation']} {facts['python_version']}, "
        f"{facts['physical_cpu_count'] or facts['cpu_count']} cores; latency {document['latency']}"
    )


def _first_of_scaling(document: Document) -> dict[str, Any] | None:
    """Return the point that speedups refer to, None if there are none to show."""
    points = document["points"]
    if document["sweep"]["axis"] != "workers" or document["metadata"]["interrupted"]:
        return None
    usable = points and points[0]["error"] is None and points[0]["throughput_mean"]
    return points[0] if usable else None


def _row(point: dict[str, Any], first: dict[str, Any] | None) -> list[str]:
    value = point["value"] or "-"
    if point["error"] is not None:
        return [value, "ERROR"]
    mean = point["throughput_mean"]
    row = [value, number(mean), number(point["throughput_stdev"])]
    row.append(number(point["throughput_ci95"]))
    if first:
        speedup, efficiency = scaling(point, first)
        row += [f"{speedup:.2f}x", f"{efficiency:.0%}"]
    repeats = point["repeats"]
    for name in ("p50", "p90", "p99", "p99_9"):
        found = [repeat["latency_ns"][name] for repeat in repeats if repeat["latency_ns"]]
        row.append(number(median(found) / 1000 if found else None))
    busy = [r["cpu"]["busy_cores"] for r in repeats if r["cpu"]["busy_cores"] is not None]
    row.append(f"{median(busy):.2f}" if busy else "-")
    peaks = [r["memory"]["peak_rss_bytes"] for r in repeats if r["memory"]["peak_rss_bytes"]]
    row.append(number(max(peaks) / 2**20 if peaks else None))
    return row


def scaling(point: dict[str, Any], first: dict[str, Any]) -> tuple[float, float]:
    """Return how much faster *point* is than *first*, and that by how many more workers it has."""
    speedup = point["throughput_mean"] / first["throughput_mean"]
    return speedup, speedup * first["inputs"]["workers"] / point["inputs"]["workers"]


def number(value: float | None) -> str:
    """Return a figure with one decimal, or a dash."""
    return "-" if value is None else f"{value:,.1f}"


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return lines with bars between the columns and a rule under the first; cells may lack."""
    columns = len(rows[0])
    full = [[*row, *[""] * (columns - len(row))] for row in rows]
    widths = [max(len(row[column]) for row in full) for column in range(columns)]
    lines = [" | ".join(map(str.rjust, row, widths)).rstrip() for row in full]
    return [lines[0], "-+-".join("-" * width for width in widths), *lines[1:]]
