"""The work of the index demo, as every contender does it; the functions are the example's."""

from _source_index import (
    SKIPPED,
    TESTS,
    find_sources,
    index_batch,
    make_batches,
    merge_shard,
    module_names,
    new_shards,
    run_sequential,
    standard_library,
)

BATCHES_PER_WORKER = 8


def batches_of(count, workers):
    """Deal *count* files, from all over the standard library, into batches; and their names."""
    sources = find_sources(standard_library(), SKIPPED | TESTS)
    some = sources[:: max(1, len(sources) // count)][:count]
    batches = make_batches(some, BATCHES_PER_WORKER * workers)
    return batches, module_names(batches)


def parse(batch, names):
    """Index the files of one batch: a list of shards."""
    return index_batch(batch, names)[0]


def merge(into, parts):
    """Add the counts of *parts*, the same shard of several batches, to *into*; return it."""
    for part in parts:
        merge_shard(into, part)
    return into


def size_of(shard):
    """How much was counted in one shard."""
    return sum(sum(table.values()) for table in shard)


def outcome(batches, total, nanoseconds):
    """What the shape returns: all files, if the total is that of a run in one thread."""
    expected = sum(size_of(shard) for shard in run_sequential(batches)[0])
    files = sum(len(batch) for batch in batches)
    return files if total == expected else -1, nanoseconds, files


__all__ = ["batches_of", "merge", "new_shards", "outcome", "parse", "size_of"]
