"""Measure how fast behaviors can be handed out: producers with many children on fresh cowns.

It is the suite ``fanout`` of ``bocpy-bench``, with the same options.
"""

import sys

from bocpy.bench import cli


def main() -> int:
    """Run the program; return the exit status."""
    return cli.main(suite="fanout", prog="python -m bocpy.examples.fanout_benchmark")


if __name__ == "__main__":
    sys.exit(main())
