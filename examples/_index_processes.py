"""The index made by separate processes: the yardstick for the one made in behaviors.

Nothing is shared between processes, so this is what the machine can do for that many
interpreters. Their start-up is not part of the time: the clock starts when all of them are warmed
up and know their work, and stops when the caller has the whole merged index.
"""

import time
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait

from ._source_index import (
    Outcome,
    Shard,
    Source,
    Summary,
    index_batch,
    index_batches,
    merge_shard,
    merge_summaries,
    module_names,
    new_shards,
    tell,
)


def run_processes(batches: list[list[Source]], count: int = 2, report: int = -1) -> Outcome:
    """Index an equal share of *batches* in each of *count* processes.

    Raises:
        EOFError: if a process died.
    """
    context = get_context("spawn")
    modules = module_names(batches)
    links: list[Connection] = []
    processes = []
    try:
        for index in range(count):
            link, remote = context.Pipe()
            links.append(link)
            process = context.Process(target=serve, args=(remote,), daemon=True)
            process.start()
            processes.append(process)
            remote.close()
            link.send((batches[index::count], modules))
        for link in links:
            link.recv()
        began = time.perf_counter()
        for link in links:
            link.send(None)
        shards, summary = collect(links, report)
        return shards, summary, time.perf_counter() - began
    finally:
        for link in links:
            link.close()
        for process in processes:
            process.join()


def serve(link: Connection) -> None:
    """Index one share in a process of its own; *link* leads to ``run_processes``."""
    try:
        share, modules = link.recv()
        if share:
            index_batch(share[0], modules)
        link.send(None)  # ready
        link.recv()  # go
        link.send(index_batches(share, modules, lambda: link.send(None)))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        pass  # the other end has gone, or is going


def collect(links: list[Connection], report: int) -> tuple[list[Shard], Summary]:
    """Merge what the processes at the other ends of *links* send."""
    shards = new_shards()
    summaries: list[Summary] = []
    pending = list(links)
    while pending:
        for link in wait(pending):
            assert isinstance(link, Connection)
            answer = link.recv()
            if answer is None:
                tell(report)
                continue
            parts, summary = answer
            summaries.append(summary)
            for shard, part in zip(shards, parts, strict=True):
                merge_shard(shard, part)
            pending.remove(link)
    return shards, merge_summaries(summaries)
