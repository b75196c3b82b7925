"""Measure how the runtime scales: chains of behaviors on rings of matrices.

It is the suite ``chain`` of ``bocpy-bench``, with the same options.
"""

import sys

from bocpy.bench import cli


def main() -> int:
    """Run the program; return the exit status."""
    return cli.main(suite="chain", prog="python -m bocpy.examples.benchmark")


if __name__ == "__main__":
    sys.exit(main())
