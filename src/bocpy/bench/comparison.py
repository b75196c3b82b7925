"""The table of two documents, point by point."""

from collections.abc import Sequence
from typing import Any

from bocpy.bench.document import Document, DocumentError
from bocpy.bench.summary import interval_of_ratio, ratio
from bocpy.bench.table import align, number


def render(old: Document, new: Document) -> str:
    """Return throughputs of *old* and *new* side by side, and how sure their ratio is."""
    before = {point["value"]: point for point in old["points"]}
    unit = f"{new['unit']}/s"
    header = [new["sweep"]["axis"], f"old {unit}", f"new {unit}", "ratio", "95 % interval", ""]
    rows = [
        _row(before[point["value"]], point) for point in new["points"] if point["value"] in before
    ]
    if not rows:
        return "nothing to compare: no point in common"
    lines = align([header, *rows])
    for difference in differences(old, new):
        lines.append(f"not the same: {difference}")
    return "\n".join(lines)


def check(old: Document, suite: str, axis: str) -> None:
    """See that *old* has what can be compared.

    Raises:
        DocumentError: if it is of another suite or axis.
    """
    for what, was, is_now in (
        ("suite", old["suite"], suite),
        ("axis", old["sweep"]["axis"], axis),
    ):
        if was != is_now:
            raise DocumentError(f"cannot compare: its {what} is {was}, not {is_now}")


def differences(old: Document, new: Document) -> list[str]:
    """Return what else differs, so that the ratios may have other causes."""
    found = []
    for name in ("hostname", "physical_cpu_count", "python_version", "free_threaded"):
        was, is_now = old["metadata"][name], new["metadata"][name]
        if was != is_now:
            found.append(f"{name} {was}, {is_now}")
    before = old["sweep"]["fixed"]
    for name, value in new["sweep"]["fixed"].items():
        if before.get(name) != value:
            found.append(f"{name} {before.get(name)}, {value}")
    return found


def _row(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    value = new["value"] or "-"
    if old["error"] is not None or new["error"] is not None:
        return [
            value,
            *("ERROR" if p["error"] else number(p["throughput_mean"]) for p in (old, new)),
        ]
    share = ratio(new["throughput_mean"], old["throughput_mean"])
    interval = interval_of_ratio(_throughputs(old), _throughputs(new))
    row = [value, number(old["throughput_mean"]), number(new["throughput_mean"])]
    row.append("-" if share is None else f"{share:.3f}")
    if interval is None:
        return [*row, "-", "too few repeats"]
    return [*row, f"{interval[0]:.3f} to {interval[1]:.3f}", verdict(interval)]


def verdict(interval: tuple[float, float]) -> str:
    """Say what an interval of a ratio shows."""
    if interval[0] > 1:
        return "faster"
    return "slower" if interval[1] < 1 else "no difference shown"


def _throughputs(point: dict[str, Any]) -> Sequence[float]:
    return [repeat["throughput"] for repeat in point["repeats"]]
