"""``python -m bocpy.bench``: the same as ``bocpy-bench``."""

import sys

from bocpy.bench.cli import main

if __name__ == "__main__":
    sys.exit(main())
