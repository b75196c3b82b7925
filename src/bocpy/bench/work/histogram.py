"""Counts of times, in buckets whose width is a share of the time."""

_BITS = 7  # a bucket is at most 1/64 of its times wide
_HALF = 1 << (_BITS - 1)


class Histogram:
    """How often each time was seen: exact below 128 ns, to one in 64 above.

    Adding is cheap, and the size does not grow with the number of times.
    """

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.least = 0
        self.most = 0
        self.total = 0

    def add(self, ns: int) -> None:
        """Count one time."""
        counts = self.counts
        if not counts:
            self.least = self.most = ns
        elif ns < self.least:
            self.least = ns
        elif ns > self.most:
            self.most = ns
        self.total += ns
        bucket = bucket_of(ns)
        counts[bucket] = counts.get(bucket, 0) + 1

    def merge(self, other: "Histogram") -> None:
        """Add all times of *other*."""
        if not other.counts:
            return
        self.least = min(self.least, other.least) if self.counts else other.least
        self.most = max(self.most, other.most)
        self.total += other.total
        for bucket, count in other.counts.items():
            self.counts[bucket] = self.counts.get(bucket, 0) + count

    def count(self) -> int:
        """Return how many times there are."""
        return sum(self.counts.values())

    def percentile(self, share: float) -> float:
        """Return the time that the *share* of all, from 0 to 1, do not exceed."""
        wanted = share * self.count()
        seen = 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= wanted:
                return min(max(middle_of(bucket), self.least), self.most)
        raise ValueError("percentile: there are no times")


def bucket_of(ns: int) -> int:
    """Return the number of the bucket of a time: its leading bits, and how many others it has."""
    shift = ns.bit_length() - _BITS
    return ns if shift <= 0 else shift * _HALF + (ns >> shift)


def middle_of(bucket: int) -> float:
    """Return the time in the middle of a bucket."""
    if bucket < 2 * _HALF:
        return bucket
    shift = bucket // _HALF - 1
    least = (bucket - shift * _HALF) << shift
    return least + ((1 << shift) - 1) / 2
