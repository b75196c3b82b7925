#!/usr/bin/env python3
"""Print what pyproject.toml asks for, as a requirements file: build-system and named extras."""

import sys
import tomllib
from pathlib import Path


def main(extras: list[str]) -> None:
    """Print the requirements of the build and of *extras*, one a line."""
    text = (Path(__file__).resolve().parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    wanted = list(data["build-system"]["requires"])
    for extra in extras:
        wanted += data["project"]["optional-dependencies"][extra]
    print("\n".join(wanted))


if __name__ == "__main__":
    main(sys.argv[1:])
