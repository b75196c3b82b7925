"""Command-line options that the examples have in common."""

import argparse
import logging

from bocpy import start


def positive(text: str) -> int:
    """Convert an option that must be a whole number above zero."""
    return at_least(1, text)


def not_negative(text: str) -> int:
    """Convert an option that must be a whole number, zero included."""
    return at_least(0, text)


def at_least(least: int, text: str) -> int:
    """Convert an option that must be a whole number, *least* or more."""
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a whole number: {text!r}") from None
    if number < least:
        raise argparse.ArgumentTypeError(f"must be at least {least}, not {number}")
    return number


def seconds(text: str) -> float:
    """Convert an option that must be a time in seconds, at most an hour."""
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a number of seconds: {text!r}") from None
    if not 0.0 <= number <= 3600.0:
        raise argparse.ArgumentTypeError(f"must be between 0 and 3600 seconds, not {text}")
    return number


def log_level(text: str) -> int:
    """Convert the name of a logging level, in any case, or its number."""
    if text.isdecimal():
        return int(text)
    level = logging.getLevelNamesMapping().get(text.upper())
    if level is None:
        raise argparse.ArgumentTypeError(f"not a logging level: {text!r}")
    return level


def add_runtime_options(
    parser: argparse.ArgumentParser, default_level: int = logging.WARNING
) -> None:
    """Add ``--workers`` and ``--loglevel`` to *parser*."""
    name = logging.getLevelName(default_level)
    parser.add_argument(
        "-w", "--workers", type=positive, help="number of workers (what bocpy finds best)"
    )
    parser.add_argument(
        "-l", "--loglevel", type=log_level, default=default_level, help=f"logging level ({name})"
    )


def start_runtime(options: argparse.Namespace) -> None:
    """Configure logging and start the workers as *options* say."""
    logging.basicConfig(level=options.loglevel)
    if options.workers is not None:
        start(options.workers)
