"""Count the bytes of a large file on all cores, in C bodies that run without the GIL.

Without ``--file`` a file of random bytes is made first, and removed at the end::

    python count_bytes.py --megabytes 100
"""

import argparse
import os
import random
import sys
import tempfile
import time

from _histogram import Histogram, count_file, merge

from bocpy import WORKER_COUNT, Cown, start, wait

MEGABYTE = 1 << 20


def make_file(path: str, size: int) -> None:
    """Write *size* bytes that do not occur equally often."""
    block = random.Random(1).randbytes(MEGABYTE).replace(b"\x00", b"b")
    with open(path, "wb") as file:
        for left in range(size, 0, -MEGABYTE):
            file.write(block[:left])


def count(path: str, size: int, part_count: int) -> list[int]:
    """Return how often each byte occurs in the file at *path*, counted in slices of 1 MB."""
    parts = [Cown(Histogram()) for _ in range(part_count)]
    counted = [
        count_file(parts[number % part_count], path, begin, min(MEGABYTE, size - begin))
        for number, begin in enumerate(range(0, size, MEGABYTE))
    ]
    total = merge(parts).result()
    for cown in counted:
        cown.result()  # raises what a body failed with
    return memoryview(total).tolist()


def count_here(path: str) -> list[int]:
    """Return the same, counted by this thread."""
    histogram = Histogram()
    with open(path, "rb") as file:
        while block := file.read(MEGABYTE):
            histogram.add(block)
    return memoryview(histogram).tolist()


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(description="Count bytes on all cores.")
    parser.add_argument("--megabytes", type=int, default=100, help="size of the file that is made")
    parser.add_argument("--file", help="count this file instead")
    parser.add_argument("--workers", type=int, help="number of workers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.file or os.path.join(folder, "bytes")
        if not options.file:
            make_file(path, options.megabytes * MEGABYTE)
        size = os.path.getsize(path)
        began = time.perf_counter()
        here = count_here(path)
        alone = time.perf_counter() - began
        workers = options.workers or WORKER_COUNT
        start(workers)
        began = time.perf_counter()
        bins = count(path, size, min(64, 2 * workers))
        together = time.perf_counter() - began
        wait()
    common = max(range(256), key=bins.__getitem__)
    print(f"{size} bytes, most often {common} ({bins[common]} times)")
    print(f"one thread {alone:.2f} s, {workers} workers {together:.2f} s", file=sys.stderr)
    print(f"equal to the count of one thread: {'yes' if bins == here else 'no'}")
    return 0 if bins == here and sum(bins) == size else 1


if __name__ == "__main__":
    sys.exit(main())
