"""The program ``bocpy-bench``."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bocpy.bench import checkout, child, comparison, document, sweep, table
from bocpy.bench.options import Config, add_options, config_of, positive
from bocpy.bench.suite import Suite

SUITES = ("chain", "fanout", "messages", "noticeboard")

# Tells the children to embed the counters, which their own options do not say.
_STATS_VARIABLE = "BOCPY_BENCH_EMIT_SCHED_STATS"

_DONE, _POINT_FAILED, _INTERRUPTED = 0, 1, 130
_EXIT = "Exit status: 0; 1 if a point failed; 2 for wrong options; 130 after Ctrl-C."


def suite_called(name: str) -> Suite:
    """Return one of `SUITES`."""
    suite: Suite = importlib.import_module(f"bocpy.bench.{name}").SUITE
    return suite


def main(
    arguments: Sequence[str] | None = None,
    *,
    suite: str | None = None,
    prog: str = "bocpy-bench",
) -> int:
    """Run the program; return the exit status. A *suite* that is given is the only one."""
    if arguments is None:
        arguments = document.command_line()
    if "--compare" in arguments:  # a program of its own, with a parser of its own
        return checkout.compare([each for each in arguments if each != "--compare"])
    chosen = suite_called(suite or _suite_of(arguments))
    parser = _parser(chosen, prog, "--quick" in arguments, is_fixed=suite is not None)
    options = parser.parse_args(arguments)
    base = config_of(chosen.config, options)
    if options.json_stdout:
        with_stats = chosen.name == "fanout" or os.environ.get(_STATS_VARIABLE) == "1"
        child.run_here(chosen, chosen.resolve(base), with_stats=with_stats)
        return _DONE
    try:
        if options.print_table is not None:
            return _show(document.load(options.print_table), options.compare_with)
        values = _values(chosen, options)
        points = sweep.plan(chosen, base, options.sweep_axis, values)
        old = None
        if options.compare_with is not None:
            old = document.load(options.compare_with)
            comparison.check(old, chosen.name, options.sweep_axis)
    except (ValueError, argparse.ArgumentTypeError, document.DocumentError) as error:
        parser.error(str(error))
    return _measure(chosen, base, values, points, options, old, list(arguments))


def _suite_of(arguments: Sequence[str]) -> str:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--suite", choices=SUITES, default=SUITES[0])
    name: str = parser.parse_known_args(arguments)[0].suite
    return name


def _parser(suite: Suite, prog: str, quick: bool, *, is_fixed: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog, description=suite.description, epilog=_EXIT, allow_abbrev=False
    )
    if not is_fixed:
        parser.add_argument(
            "--suite", choices=SUITES, default=suite.name, help="what is measured (chain)"
        )
    runs = parser.add_argument_group("what runs")
    runs.add_argument(
        "--sweep-axis",
        choices=[*suite.axes, "none"],
        default=suite.axis,
        help=f"what is varied ({suite.axis})",
    )
    runs.add_argument(
        "--sweep-values", metavar="VALUE,VALUE...", help="its values (depend on the axis)"
    )
    runs.add_argument(
        "--repeats", type=positive, default=1, help="processes for each point, one at a time (1)"
    )
    runs.add_argument(
        "--quick", action="store_true", help="small and short: shows that it works, not how fast"
    )
    shows = parser.add_argument_group("what is written")
    shows.add_argument(
        "--output", type=Path, metavar="FILE", help=f"results (results/{suite.stem}-HOST-TIME.json)"
    )
    shows.add_argument(
        "--table",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="print a table (if stdout is a terminal)",
    )
    shows.add_argument("--quiet", action="store_true", help="no table, no path of the results")
    shows.add_argument(
        "--emit-scheduler-stats",
        action="store_true",
        help="counters of each worker and queue in the results",
    )
    shows.add_argument(
        "--print-table", type=Path, metavar="FILE", help="show results of before, run nothing"
    )
    shows.add_argument(
        "--compare-with", type=Path, metavar="FILE", help="show ratios to results of before"
    )
    shows.add_argument(
        "--compare",
        action="store_true",
        help="in a checkout: beside published versions and pools; takes the options of that",
    )
    shows.add_argument("--json-stdout", action="store_true", help=argparse.SUPPRESS)
    group = parser.add_argument_group(f"options of the suite {suite.name}")
    add_options(group, suite.config, suite.quick if quick else {})
    return parser


def _values(suite: Suite, options: argparse.Namespace) -> list[Any]:
    """Return the values to sweep."""
    text: str | None = options.sweep_values
    if options.sweep_axis == "none":
        if text:
            raise ValueError("--sweep-values without an axis to sweep")
        return []
    axis = suite.axes[options.sweep_axis]
    if text is None:
        values = list(axis.values())
        return values[:2] if options.quick and not axis.are_kinds else values
    try:
        return [axis.parse(token.strip()) for token in text.split(",")]
    except argparse.ArgumentTypeError as error:
        raise ValueError(f"--sweep-values {text}: {error}") from None


def _measure(
    suite: Suite,
    base: Config,
    values: Sequence[Any],
    points: list[sweep.Point],
    options: argparse.Namespace,
    old: document.Document | None,
    arguments: list[str],
) -> int:
    os.environ[_STATS_VARIABLE] = "1" if options.emit_scheduler_stats else "0"
    path = options.output or document.default_path(suite.stem)
    described = sweep.describe(suite, base, options.sweep_axis, values)
    result = document.new(suite.name, suite.unit, suite.latency, described, arguments)
    result["metadata"]["warnings"] += sweep.warnings(points, options.repeats)
    finished = sweep.Sweep(suite, points, options.repeats, path).run(result)
    with_table = sys.stdout.isatty() if options.table is None else options.table
    if not options.quiet:
        if with_table:
            print(table.render(result))
        print(f"results: {path}", file=sys.stderr)
    failed = any(point["error"] for point in result["points"])
    if old is not None:
        print(comparison.render(old, result))
    if not finished:
        return _INTERRUPTED
    return _POINT_FAILED if failed else _DONE


def _show(result: document.Document, compare_with: Path | None) -> int:
    if compare_with is None:
        print(table.render(result))
    else:
        old = document.load(compare_with)
        comparison.check(old, result["suite"], result["sweep"]["axis"])
        print(comparison.render(old, result))
    return _DONE


if __name__ == "__main__":
    sys.exit(main())
