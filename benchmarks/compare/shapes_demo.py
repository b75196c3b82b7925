"""The index demo for every bocpy: files are parsed in behaviors, and the counts merged.

Written like shapes_scheduling.py; the work itself is in demo_work.py.
"""

from demo_work import batches_of, merge, new_shards, outcome, parse, size_of
from shape_tools import Clock, finish

from bocpy import Cown, when


def index_into(parts, batch, names):
    @when(parts)
    def index(group, batch=batch, names=names):
        for part, shard in zip(group, parse(batch, names), strict=True):
            part.value = shard


def merge_into(shard, parts):
    @when(shard, parts)
    def add(whole, group):
        whole.value = merge(whole.value, [part.value for part in group])


def end_with_size(shards, target):
    @when(shards)
    def end(group, target=target):
        finish(target, sum(size_of(shard.value) for shard in group))


def index_demo(count, workers):
    """Index *count* files of the standard library."""
    batches, names = batches_of(count, workers)
    shards = [Cown(shard) for shard in new_shards()]
    clock = Clock()
    rows = []
    for batch in batches:
        rows.append([Cown(None) for _ in shards])
        index_into(rows[-1], batch, names)
    for number, shard in enumerate(shards):
        merge_into(shard, [parts[number] for parts in rows])
    end_with_size(shards, clock.target)
    return outcome(batches, *clock.stop())
