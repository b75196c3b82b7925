"""Figures that stand for many: mean and spread, intervals, percentiles, evenness."""

import math
import statistics
from collections.abc import Sequence
from typing import Any

PERCENTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99_9": 0.999}


def throughput_summary(values: Sequence[float]) -> dict[str, float | None]:
    """Return mean and spread of the repeats of a point; one repeat has no spread."""
    several = len(values) > 1
    return {
        "throughput_mean": statistics.fmean(values) if values else None,
        "throughput_stdev": statistics.stdev(values) if several else None,
        "throughput_min": min(values) if several else None,
        "throughput_max": max(values) if several else None,
        "throughput_ci95": interval_of_mean(values),
    }


def interval_of_mean(values: Sequence[float]) -> float | None:
    """Return the half width of the 95 % interval of the mean, None for fewer than two values."""
    if len(values) < 2:
        return None
    error = statistics.stdev(values) / math.sqrt(len(values))
    return student_975(len(values) - 1) * error


def interval_of_ratio(old: Sequence[float], new: Sequence[float]) -> tuple[float, float] | None:
    """Return the 95 % interval of *new* over *old*, by Welch's test on the logarithms.

    None if either has fewer than two values: then nothing says how far they spread.
    """
    if min(len(old), len(new)) < 2 or min(*old, *new) <= 0:
        return None
    logs = [[math.log(value) for value in values] for values in (old, new)]
    errors = [statistics.variance(values) / len(values) for values in logs]
    middle = statistics.fmean(logs[1]) - statistics.fmean(logs[0])
    if sum(errors) == 0:
        return math.exp(middle), math.exp(middle)
    freedom = sum(errors) ** 2 / sum(
        error**2 / (len(values) - 1) for error, values in zip(errors, logs, strict=True)
    )
    half = student_975(freedom) * math.sqrt(sum(errors))
    return math.exp(middle - half), math.exp(middle + half)


def student_975(freedom: float) -> float:
    """Return the 97.5 % quantile of Student's t: exact for 1 and 2, to 0.2 % from 3 on.

    Between them it is that of the whole number below, so that intervals are never too narrow.
    From 3 on it is the expansion in 1 / *freedom* (Fisher and Cornish, 1960).
    """
    if freedom < 2:
        return math.tan(0.475 * math.pi)
    if freedom < 3:
        return 0.95 * math.sqrt(2 / (1 - 0.95**2))
    z = statistics.NormalDist().inv_cdf(0.975)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom ** (power + 1) for power, term in enumerate(terms))


def evenness(values: Sequence[float]) -> dict[str, float | None]:
    """Return the coefficient of variation and Gini's coefficient: 0 if all are the same."""
    total = sum(values)
    if not total:
        return {"fairness_cv": None, "fairness_gini": None}
    count = len(values)
    weighted = sum((2 * place - count + 1) * value for place, value in enumerate(sorted(values)))
    return {
        "fairness_cv": statistics.pstdev(values) * count / total,
        "fairness_gini": weighted / (count * total),
    }


def ratio(part: float, whole: float) -> float | None:
    """Return *part* over *whole*, None if there is no whole."""
    return part / whole if whole else None


def contention(workers: Sequence[dict[str, Any]], completed: int) -> dict[str, Any]:
    """Return what the counters of the workers say about queues, thefts and sharing."""

    def total(name: str) -> int:
        return sum(int(worker[name]) for worker in workers)

    if not workers:
        return {}
    producer = max(workers, key=lambda w: w["pushed_local"] + w["dispatched_to_pending"])
    pushes = producer["pushed_local"] + producer["dispatched_to_pending"]
    pops = [worker["popped_local"] + worker["popped_via_steal"] for worker in workers]
    return {
        "producer_worker_index": producer["worker_index"],
        "producer_pushed_local": producer["pushed_local"],
        "producer_dispatched_to_pending": producer["dispatched_to_pending"],
        "producer_enqueue_cas_retries": producer["enqueue_cas_retries"],
        "enq_retry_ratio": ratio(producer["enqueue_cas_retries"], pushes),
        "steal_yield": ratio(total("popped_via_steal"), completed),
        "idle_ratio": ratio(total("steal_failures"), total("steal_attempts")),
        "enqueue_cas_retries": total("enqueue_cas_retries"),
        "dequeue_cas_retries": total("dequeue_cas_retries"),
        "parked": total("parked"),
        **evenness(pops),
        "worker_pop_min": min(pops),
        "worker_pop_max": max(pops),
        "worker_pop_mean": statistics.fmean(pops),
        "worker_pop_counts": pops,
    }
