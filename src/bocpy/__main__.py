"""The commands ``python -m bocpy``: ``bench``, ``doctor``, ``info``."""

import argparse
import json
import sys

_DOCTOR = """\
Tells what loads in workers: each module is imported by two workers at once, in a process of
its own. Without names, a selection of the standard library is tried."""

_EXIT = """\
Exit status: 0, or 1 if a module crashes or hangs, or if a module that was named is refused or
missing."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bocpy", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("bench", add_help=False, help="how fast it is; the same as bocpy-bench")
    info = commands.add_parser("info", help="versions, workers, build")
    info.add_argument("--json", action="store_true", help="print one JSON object")
    doctor = commands.add_parser(
        "doctor", help="what loads in workers", description=_DOCTOR, epilog=_EXIT
    )
    doctor.add_argument("modules", nargs="*", metavar="MODULE", help="dotted name of a module")
    doctor.add_argument("--json", action="store_true", help="print one JSON object")
    doctor.add_argument(
        "--timeout", type=float, default=60.0, metavar="SECONDS", help="for each module (60)"
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return the exit status."""
    if arguments is None:
        arguments = sys.argv[1:]
    if arguments[:1] == ["bench"]:  # has a parser of its own, for each suite
        from bocpy.bench import cli

        return cli.main(arguments[1:], prog="python -m bocpy bench")
    options = _parser().parse_args(arguments)
    if options.command == "info":
        from bocpy import _info

        facts = _info.collect()
        print(json.dumps(facts, indent=2) if options.json else _info.describe(facts))
        return 0
    from bocpy import _doctor

    return _doctor.run(options.modules, options.timeout, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
