"""Options of a suite: the fields of a dataclass, as a command line has them."""

import argparse
import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """What one repeat is run with; None stands for what a suite derives from the rest."""

    workers: int | None = None


def option(default: Any, kind: Callable[[str], Any], text: str) -> Any:
    """Declare a field that is an option; *kind* converts its text, ``bool`` makes it a flag."""
    return dataclasses.field(default=default, metadata={"kind": kind, "help": text})


def positive(text: str) -> int:
    """Convert a whole number above zero."""
    return _at_least(1, text)


def not_negative(text: str) -> int:
    """Convert a whole number, zero included."""
    return _at_least(0, text)


def _at_least(least: int, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a whole number: {text!r}") from None
    if number < least:
        raise argparse.ArgumentTypeError(f"must be at least {least}, not {number}")
    return number


def seconds(text: str) -> float:
    """Convert a time in seconds, zero included."""
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a number of seconds: {text!r}") from None
    if not (math.isfinite(number) and number >= 0):
        raise argparse.ArgumentTypeError(f"must be a time, zero or more, not {text}")
    return number


def duration(text: str) -> float:
    """Convert a time in seconds, above zero."""
    number = seconds(text)
    if number == 0:
        raise argparse.ArgumentTypeError("must be above zero")
    return number


def one_of(*names: str) -> Callable[[str], str]:
    """Return what converts one of *names*."""

    def convert(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"must be one of {', '.join(names)}, not {text!r}")
        return text

    return convert


_METAVARS = {positive: "N", not_negative: "N", seconds: "SECONDS", duration: "SECONDS"}


def flag(name: str) -> str:
    """Return the option for the field called *name*."""
    return "--" + name.replace("_", "-")


def add_options(
    parser: argparse._ArgumentGroup, config: type[Config], defaults: Mapping[str, Any]
) -> None:
    """Add the options of *config*; *defaults* win over those of the fields."""
    for field in dataclasses.fields(config):
        default = defaults.get(field.name, field.default)
        kind, text = field.metadata["kind"], field.metadata["help"]
        if kind is bool:
            parser.add_argument(flag(field.name), action="store_true", help=text)
            continue
        shown = text if default is None else f"{text} ({default})"
        parser.add_argument(
            flag(field.name),
            type=kind,
            default=default,
            metavar=_METAVARS.get(kind, "NAME"),
            help=shown,
        )


def config_of[C: Config](config: type[C], options: argparse.Namespace) -> C:
    """Return what the command line says about the fields of *config*."""
    return config(**{f.name: getattr(options, f.name) for f in dataclasses.fields(config)})


def arguments_of(config: Config) -> Sequence[str]:
    """Return the options that make *config* again."""
    arguments: list[str] = []
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if value is None or value is False:
            continue
        arguments.append(flag(field.name))
        if value is not True:
            arguments.append(str(value))
    return arguments
