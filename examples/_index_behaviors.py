"""The index made in behaviors.

Each batch of files is a behavior without cowns of its own to wait for, so all of them can run at
once. It spreads its counts over one cown per shard; when the batches are done, one behavior per
shard merges them. Each count moves between interpreters once, and no two merges share a cown.
"""

import time

from bocpy import Cown, start, wait, when

from ._source_index import (
    Outcome,
    Shard,
    Source,
    Summary,
    index_batch,
    merge_shard,
    merge_summaries,
    module_names,
    new_shards,
    tell,
)


def run_behaviors(batches: list[list[Source]], workers: int, report: int = -1) -> Outcome:
    """Index *batches* on *workers* workers.

    The start-up of the workers is not part of the time: the clock starts when all of them are
    warmed up and one of them knows the work; it runs until the last behavior has finished, and
    while the caller reads the merged shards.

    Raises:
        BaseException: whatever a behavior raised.
    """
    modules = module_names(batches)
    shards = [Cown(shard) for shard in new_shards()]
    start(workers)
    warm = [warm_up(batches[0], modules) for _ in range(workers)]

    @when(warm)
    def begin(warm: list[Cown[None]]) -> tuple[float, Cown[tuple[Summary, float]]]:
        for each in warm:
            each.result()
        now = time.perf_counter()
        return now, schedule(batches, modules, shards, report)

    wait()
    began, finish = begin.result()
    summary, ended = finish.result()
    resumed = time.perf_counter()
    merged = [shard.value for shard in shards]
    return merged, summary, ended - began + time.perf_counter() - resumed


def warm_up(batch: list[Source], modules: frozenset[str]) -> Cown[None]:
    """Schedule one batch for nothing: it makes a worker import what it needs."""

    @when()
    def warmed() -> None:
        index_batch(batch, modules)

    return warmed


def schedule(
    batches: list[list[Source]],
    modules: frozenset[str],
    shards: list[Cown[Shard]],
    report: int,
) -> Cown[tuple[Summary, float]]:
    """Schedule the whole job: the batches, the merge of each shard, and the end.

    Returns:
        A cown that will hold the summary and the time at which all was done.
    """
    parts = [[Cown(part) for part in new_shards()] for _ in batches]
    summaries = [
        index(batch, modules, row, report) for batch, row in zip(batches, parts, strict=True)
    ]
    merged = [merge(shard, [row[k] for row in parts]) for k, shard in enumerate(shards)]

    @when(summaries, merged)
    def finish(summaries: list[Cown[Summary]], merged: list[Cown[None]]) -> tuple[Summary, float]:
        for each in merged:
            each.result()
        return merge_summaries(each.result() for each in summaries), time.perf_counter()

    return finish


def index(
    batch: list[Source], modules: frozenset[str], parts: list[Cown[Shard]], report: int
) -> Cown[Summary]:
    """Schedule the index of one batch, its counts spread over *parts*."""

    @when(parts)
    def indexed(parts: list[Cown[Shard]]) -> Summary:
        shards, summary = index_batch(batch, modules)
        for part, shard in zip(parts, shards, strict=True):
            part.value = shard
        tell(report)
        return summary

    return indexed


def merge(shard: Cown[Shard], parts: list[Cown[Shard]]) -> Cown[None]:
    """Schedule the merge of *parts*, the same shard of every batch, into *shard*."""

    @when(shard, parts)
    def merged(shard: Cown[Shard], parts: list[Cown[Shard]]) -> None:
        total = shard.value
        for part in parts:
            merge_shard(total, part.value)

    return merged
