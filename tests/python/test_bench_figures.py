"""The figures of ``bocpy.bench``: percentiles, intervals, what counts, what is recorded."""

import json
import math
import random
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from bocpy import Cown, _core, start
from bocpy.bench import child, comparison, document, options, suite, summary, table
from bocpy.bench.chain import ChainConfig
from bocpy.bench.chain import resolve as resolve_chain
from bocpy.bench.fanout import FanoutConfig
from bocpy.bench.fanout import resolve as resolve_fanout
from bocpy.bench.work import chain, crew, payload, plan, record, result
from bocpy.bench.work.histogram import Histogram, bucket_of, middle_of


def test_every_bucket_is_narrow_and_in_order() -> None:
    times = [*range(5000), *(3**power for power in range(8, 40))]
    buckets = [bucket_of(ns) for ns in times]
    assert buckets == sorted(buckets)
    for ns, bucket in zip(times, buckets, strict=True):
        assert abs(middle_of(bucket) - ns) <= ns / 128
    assert [middle_of(bucket_of(ns)) for ns in range(128)] == list(range(128))


def test_percentiles_are_those_of_the_sorted_times() -> None:
    chance = random.Random(1)
    times = [round(chance.lognormvariate(9, 2)) for _ in range(5000)]
    halves = [Histogram(), Histogram()]
    for index, ns in enumerate(times):
        halves[index % 2].add(ns)
    histogram = halves[0]
    histogram.merge(halves[1])
    histogram.merge(Histogram())
    assert histogram.count() == len(times)
    assert (histogram.least, histogram.most) == (min(times), max(times))
    assert histogram.total == sum(times)
    ordered = sorted(times)
    for share in (0.01, *summary.PERCENTILES.values(), 1.0):
        exact = ordered[math.ceil(share * len(times)) - 1]
        assert histogram.percentile(share) == pytest.approx(exact, rel=1 / 64)


def test_percentiles_of_one_time_are_it() -> None:
    histogram = Histogram()
    histogram.merge(Histogram())
    histogram.add(1_000_003)
    assert {histogram.percentile(share) for share in (0.0, 0.5, 1.0)} == {1_000_003}
    with pytest.raises(ValueError, match="no times"):
        Histogram().percentile(0.5)


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (10, 2.228), (30, 2.042), (1e6, 1.960)],
)
def test_quantiles_of_student_are_those_of_the_tables(freedom: float, quantile: float) -> None:
    assert summary.student_975(freedom) == pytest.approx(quantile, rel=2e-3)
    assert summary.student_975(freedom) >= summary.student_975(freedom + 0.5)


def test_intervals_contain_the_mean_as_often_as_they_say() -> None:
    chance = random.Random(7)
    hits = ratio_hits = 0
    for _ in range(2000):
        old = [chance.gauss(100, 3) for _ in range(5)]
        new = [chance.gauss(120, 6) for _ in range(5)]
        half = summary.interval_of_mean(old)
        low, high = summary.interval_of_ratio(old, new)
        hits += abs(statistics.fmean(old) - 100) <= half
        ratio_hits += low <= 1.2 <= high
    assert 0.935 < hits / 2000 < 0.965
    assert 0.935 < ratio_hits / 2000 < 0.98


def test_single_repeats_have_no_spread_and_no_interval() -> None:
    assert summary.throughput_summary([5.0]) == {
        "throughput_mean": 5.0,
        "throughput_stdev": None,
        "throughput_min": None,
        "throughput_max": None,
        "throughput_ci95": None,
    }
    assert summary.throughput_summary([])["throughput_mean"] is None
    assert summary.interval_of_ratio([1.0], [1.0, 2.0]) is None
    assert summary.interval_of_ratio([2.0, 2.0], [4.0, 4.0]) == pytest.approx((2, 2))
    assert comparison.verdict((1.1, 2)) == "faster"
    assert comparison.verdict((0.1, 0.9)) == "slower"
    assert comparison.verdict((0.9, 1.1)) == "no difference shown"


def test_evenness_is_zero_for_equal_shares() -> None:
    assert summary.evenness([3, 3, 3]) == {"fairness_cv": 0, "fairness_gini": 0}
    uneven = summary.evenness([0, 0, 0, 8])
    assert uneven["fairness_cv"] == pytest.approx(math.sqrt(3))
    assert uneven["fairness_gini"] == pytest.approx(0.75)
    assert summary.evenness([0, 0])["fairness_cv"] is None


def test_efficiency_refers_to_the_workers_of_the_first_point() -> None:
    first = {"throughput_mean": 10.0, "inputs": {"workers": 2}}
    point = {"throughput_mean": 20.0, "inputs": {"workers": 8}}
    assert table.scaling(point, first) == (2.0, 0.5)
    assert table.scaling(first, first) == (1.0, 1.0)


def test_counters_are_differences_and_moments_are_not() -> None:
    before = [{"worker_index": 1, "parked": 5, "last_steal_attempt_ns": 7}]
    after = [
        {"worker_index": 1, "parked": 9, "last_steal_attempt_ns": 8},
        {"worker_index": 2, "parked": 3, "last_steal_attempt_ns": 0},
    ]
    assert result.difference(before, after, "worker_index") == [
        {"worker_index": 1, "parked": 4, "last_steal_attempt_ns": 8},
        {"worker_index": 2, "parked": 3, "last_steal_attempt_ns": 0},
    ]


@pytest.mark.parametrize(("rows", "columns"), [(16, 16), (3, 5), (1, 1), (7, 1)])
def test_values_stay_between_0_and_1_however_long_it_runs(rows: int, columns: int) -> None:
    matrices = [payload.make(rows, columns) for _ in range(3)]
    mixed = payload.mix_all(matrices, 3000)
    assert mixed.shape == (rows, columns)
    assert 0 <= mixed.min() <= mixed.max() <= 1 + 1e-9
    assert list(mixed.sum(axis=1).values()) == pytest.approx([1] * rows)


@pytest.fixture
def shared() -> Iterator[dict[str, int]]:
    """Let steps run in main; the test sets the moments at which the window begins and ends."""
    moments = {"begin_ns": 0, "end_ns": 1 << 62}
    plan._plan = None
    yield moments
    plan._plan = None
    record._mine = record.Record()


def take_step(moments: dict[str, int], state: tuple[int, ...]) -> tuple[object, tuple[int, ...]]:
    ring = [Cown(payload.make(2, 2)) for _ in range(5)]
    plan._plan = chain.Plan(
        rings=[ring],
        ring_size=5,
        group_size=2,
        stride=2,
        iterations=1,
        latency_every=2,
        **moments,
    )
    cown = Cown(state)
    following = chain.take_step(cown, plan._plan.windows[0][state[1]])
    places = None if following is None else [ring.index(slot) for slot in following]
    return places, cown.value


def test_step_in_the_window_counts(shared: dict[str, int]) -> None:
    following, state = take_step(shared, (0, 1, 4, 3, 0))
    assert following == [3, 0]
    assert state == (0, 3, 5, 4, 0)
    assert record.mine().latencies.count() == 0


def test_step_whose_latency_is_wanted_records_it(shared: dict[str, int]) -> None:
    following, state = take_step(shared, (0, 4, 5, 3, 1))
    assert following == [1, 3]
    assert state[:4] == (0, 1, 6, 4)
    assert state[4] > 0  # the next one's is wanted, too
    assert record.mine().latencies.count() == 1


def test_step_before_the_window_does_not_count(shared: dict[str, int]) -> None:
    shared["begin_ns"] = (1 << 62) - 1
    following, state = take_step(shared, (0, 0, 0, 0, 1))
    assert following == [2, 4]
    assert state == (0, 2, 1, 0, 0)
    assert record.mine().latencies.count() == 0


def test_step_after_the_window_is_the_last_and_does_not_count(shared: dict[str, int]) -> None:
    shared["end_ns"] = 1
    following, state = take_step(shared, (0, 0, 6, 6, 0))
    assert following is None
    assert state == (0, 2, 7, 6, 0)


@pytest.mark.usefixtures("runtime")
def test_every_worker_is_called_once() -> None:
    start(3)
    for _ in range(20):
        assert sorted(crew.each(3, _core.worker_index)) == [0, 1, 2]
        assert record.take(3).latencies.count() == 0


@pytest.mark.usefixtures("runtime")
def test_call_that_fails_in_a_worker_raises_in_main() -> None:
    start(2)
    with pytest.raises(RuntimeError, match="worker .: .*ZeroDivisionError"):
        crew.each(2, fail)


def fail() -> float:
    return 1 / 0


@pytest.mark.parametrize(
    ("stdout", "says"),
    [
        ("", "not framed"),
        (f"{child._BEGIN}\n{{}}\n", "not framed"),
        (f"{child._BEGIN}\nx\n{child._END}\n", "no JSON"),
        (f"{child._BEGIN}\n[]\n{child._END}\n", "no JSON object"),
    ],
)
def test_bad_frame_is_an_error_with_the_end_of_stderr(stdout: str, says: str) -> None:
    with pytest.raises(child.ChildError, match=says) as caught:
        child._unframe(stdout, "a" * 1000 + "the end\n")
    assert len(caught.value.stderr_tail) == 400
    assert caught.value.stderr_tail.endswith("the end")


def test_frame_may_stand_among_what_others_print() -> None:
    text = f"hello\n{child._BEGIN}\n{{\n}}\n{child._END}\nbye\n"
    assert child._unframe(text, "") == {}


def test_child_that_hangs_is_given_up() -> None:
    from dataclasses import replace

    from bocpy.bench.chain import SUITE

    impatient = replace(SUITE, timeout_s=lambda config: 1e-6)
    with pytest.raises(child.ChildError, match="no result after"):
        child.spawn(impatient, resolve_chain(ChainConfig()))


def test_automatic_sizes_follow_the_workers() -> None:
    config = resolve_chain(ChainConfig(workers=4))
    assert (config.chains_per_ring, config.rings, config.warmup) == (8, 16, 0.5)
    assert config.latency_every == 1
    assert resolve_chain(ChainConfig(null_payload=True)).latency_every == 16
    assert resolve_chain(ChainConfig(group_size=8)).chains_per_ring == 2
    fanout = resolve_fanout(FanoutConfig())
    assert (fanout.workers, fanout.producers, fanout.fanout_width) == (4, 1, 16)
    assert fanout.warmup_steps == 100


@pytest.mark.parametrize(
    ("cap", "steps"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (64, [1, 2, 4, 8, 16])]
)
def test_workers_are_swept_up_to_the_cores(cap: int, steps: list[int]) -> None:
    assert suite.worker_steps(cap) == steps


def test_arguments_make_the_same_configuration_again() -> None:
    import argparse

    config = resolve_chain(ChainConfig(workers=3, null_payload=True, warmup=0.25))
    parser = argparse.ArgumentParser()
    options.add_options(parser.add_argument_group(), ChainConfig, {})
    parsed = parser.parse_args(options.arguments_of(config))
    assert options.config_of(ChainConfig, parsed) == config


def test_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    document.write({"a": 1}, path)
    with pytest.raises(TypeError):
        document.write({"a": object()}, path)
    assert json.loads(path.read_text()) == {"a": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.json"]


def test_commit_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOCPY_BENCH_GIT_SHA", "abc")
    assert document.git_sha() == "abc"
