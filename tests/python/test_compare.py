"""The harness of `make compare`: what it does with what contenders say, and that all can run."""

import ast
import itertools
import json
import os
import subprocess
import sys
import types
from dataclasses import replace
from pathlib import Path

import pytest

HARNESS = Path(__file__).resolve().parents[2] / "benchmarks" / "compare"
sys.path.insert(0, str(HARNESS))

import compare  # noqa: E402
import contenders  # noqa: E402
import page  # noqa: E402
import plots  # noqa: E402
import programs  # noqa: E402
import report  # noqa: E402
import scaling  # noqa: E402
from contenders import Contender, peer_keys  # noqa: E402
from environments import Base  # noqa: E402
from launch import Fails, Hangs, launch  # noqa: E402
from measure import Bench, Cell, Limits, measure, measure_lifecycle, steps_for  # noqa: E402
from rows import BODIES, LIFECYCLE, ROWS, Row  # noqa: E402
from targets import TARGETS, Limit, verdicts  # noqa: E402

import bocpy  # noqa: E402
from bocpy.bench import cli  # noqa: E402

ROW = Row("shape", 1, "scheduling", "Scheduling", "a shape", 10_000, 1000)
FAST = Row("fast", 1, "scheduling", "Scheduling", "a fast shape", 100_000)
OTHER = Row("other", 2, "scheduling", "Scheduling", "<another> shape", 10_000, 1000)


class Fake:
    """A contender that answers from a list, or always the same; None is a hang."""

    def __init__(self, name, *answers):
        self.name = name
        self.key = name
        self.answers = itertools.cycle(answers)
        self.calls = []

    def run(self, row, count, limit):
        self.calls.append((row.name, count, limit))
        answer = next(self.answers)
        if answer is None:
            raise Hangs
        if isinstance(answer, Exception):
            raise answer
        return {"total": count, "count": count, **answer}

    def lifecycle(self, row, limit):
        return self.run(ROW, 1, limit)


def run(*fakes, rows=(ROW,), rounds=3):
    ticks = itertools.count()
    return measure(fakes, rows, rounds, 1e6, Bench(Limits(), lambda: float(next(ticks))))


def test_median_and_quartiles_are_those_of_the_rounds():
    fake = Fake("one", {"value": 100}, {"value": 1}, {"value": 2}, {"value": 4}, {"value": 5})
    cell = run(fake, rounds=4)[ROW.name, "one"]
    assert cell.values == [1, 2, 4, 5]  # the pilot round is not among them
    assert cell.median == 3
    assert cell.spread == (1.75, 4.25)


def test_pilot_runs_grow_until_they_tell_enough():
    fake = Fake("one", {"value": 50}, {"value": 20}, {"value": 100})
    cell = run(fake, rows=(FAST,), rounds=1)[FAST.name, "one"]
    assert [count for _, count, _ in fake.calls] == [500, 5000, 50_000]
    assert cell.values == [100]


def test_a_single_run_has_no_spread():
    assert Cell([7.0]).spread == (7.0, 7.0)
    assert Cell().median is None
    assert Cell().spread is None


@pytest.mark.parametrize(
    ("pilot_ns", "steps"), [(1, 10_000), (500, 2000), (1e6, 1000), (0.0, 10_000)]
)
def test_steps_fill_the_time_within_what_the_row_allows(pilot_ns, steps):
    assert steps_for(ROW, pilot_ns, 1e6) == steps


def test_contender_that_hangs_twice_is_not_started_again():
    fake, other = Fake("hangs", None), Fake("works", {"value": 1})
    cells = run(fake, other)
    assert len(fake.calls) == 2
    assert cells[ROW.name, "hangs"].median is None
    assert cells[ROW.name, "hangs"].gave_up
    assert len(other.calls) == 4
    assert cells[ROW.name, "works"].median == 1


def test_contender_that_hangs_once_keeps_its_figure():
    fake = Fake("one", {"value": 100}, None, {"value": 3}, {"value": 4})
    cell = run(fake)[ROW.name, "one"]
    assert cell.values == [3, 4]
    assert cell.hangs == 1
    assert cell.median == 3.5


def test_hangs_are_counted_for_each_row():
    fake = Fake("hangs", None)
    run(fake, rows=(ROW, OTHER))
    assert [name for name, _, _ in fake.calls].count(OTHER.name) == 2


def test_limit_follows_the_slowest_run_that_ended():
    limits = Limits()
    assert limits.of("row") == 10
    limits.note("row", 3.0)
    limits.note("row", 1.0)
    assert limits.of("row") == 60
    assert limits.of("another") == 10


def test_wrong_total_is_no_figure(capsys):
    fake = Fake("one", {"value": 1}, {"value": 1, "total": 3, "count": 4})
    cell = run(fake)[ROW.name, "one"]
    assert cell.median is None
    assert cell.note == "did 3 of 4 steps"
    assert len(fake.calls) == 2
    assert "did 3 of 4" in capsys.readouterr().err


def test_missing_shape_and_failure_leave_an_empty_cell():
    missing, failing = Fake("cannot", {"missing": True}), Fake("breaks", Fails("no such thing"))
    cells = run(missing, failing)
    assert cells[ROW.name, "cannot"].note == ""
    assert cells[ROW.name, "breaks"].note == "fails: no such thing"
    assert len(missing.calls) == len(failing.calls) == 1


def test_contenders_take_turns():
    order = []
    fakes = [Fake(name, {"value": 1}) for name in "abc"]
    for fake in fakes:
        fake.run = lambda row, count, limit, name=fake.name: (
            order.append(name) or {"value": 1, "total": count, "count": count}
        )
    run(*fakes, rounds=2)
    assert "".join(order) == "abcbcacab"


def test_program_that_does_not_end_is_ended_with_its_children(tmp_path, monkeypatch):
    program, mark = tmp_path / "program.py", tmp_path / "pid"
    program.write_text(
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(mark)!r} + '.new', 'w').write(str(child.pid))\n"
        f"os.rename({str(mark)!r} + '.new', {str(mark)!r})\n"
        "time.sleep(600)\n"
    )
    waits = subprocess.Popen.wait

    def wait_for_mark(process, timeout=None):
        if timeout is None:
            return waits(process)
        while not mark.exists():
            assert process.poll() is None
        raise subprocess.TimeoutExpired("program", timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", wait_for_mark)
    with pytest.raises(Hangs):
        launch([sys.executable, str(program)], dict(os.environ), 10)
    state = Path(f"/proc/{mark.read_text()}/stat")
    while state.exists() and state.read_text().rpartition(")")[2].split()[0] not in "ZX":
        pass  # the signal is on its way; a time limit of pytest's ends this if it is not


@pytest.mark.parametrize(
    ("program", "said"),
    [("raise SystemExit(3)", "exit status 3"), ("1 / 0", "division by zero"), ("", "status 0")],
)
def test_program_without_an_answer_fails_with_what_it_said(program, said):
    with pytest.raises(Fails, match=said):
        launch([sys.executable, "-c", program], dict(os.environ), 60)


def test_last_line_is_the_answer():
    command = [sys.executable, "-c", "print('noise'); print('{\"value\": 1}')"]
    assert launch(command, dict(os.environ), 60) == {"value": 1}


def document(rounds=3):
    """A document with figures, a hang, an empty cell and a failure."""
    contenders = [
        Contender(key, name, Path(sys.executable), HARNESS)
        for key, name in (("ours", "ours"), ("bocpy-0.6.0", "0.6.0"), ("threads", "Threads"))
    ]
    cells = {}
    for row in ROWS:
        cells[row.name, "ours"] = Cell([100.0, 110.0, 120.0], 500)
        cells[row.name, "0.6.0"] = Cell([1000.0, 1100.0, 1200.0], 500)
        cells[row.name, "Threads"] = Cell(is_over=True)
    cells["send_receive/1", "0.6.0"] = Cell([1.0], 500, hangs=2, is_over=True)
    cells["fan_out/1", "Threads"] = Cell(note="fails: <reason>", is_over=True)
    lifecycle = {
        (row.kind, each.name): Cell([1.0, 2.0, 3.0]) for row in LIFECYCLE for each in contenders
    }
    facts = {"python": "3.13.0", "machine": "some", "date": "2026-01-01", "rounds": rounds}
    return report.make(contenders, ROWS, cells, LIFECYCLE, lifecycle, facts)


def test_document_keeps_the_fields_that_others_read():
    entry = document()["rows"][0]
    assert (entry["shape"], entry["workers"]) == ("fan_out", 1)
    assert entry["ours_ns"] == 110
    assert entry["peers"] == {"0.6.0": 1100, "Threads": None}
    assert entry["ratio"] == {"0.6.0": 10, "Threads": None}
    assert document()["lifecycle"][0]["medians"]["ours"] == 2
    json.dumps(document())


def test_page_has_every_row_and_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(plots, "is_available", lambda: False)
    html = page.render(document())
    for row in ROWS:
        assert f"<td>{row.title}</td><td>{row.workers}</td>" in html
    for row in LIFECYCLE:
        assert row.title in html
    assert "hangs" in html
    assert "fails" in html
    assert "&lt;reason&gt;" in html
    assert "matplotlib is not installed" in html
    assert "class='missed'" in html


def test_page_has_a_plot_for_each_group(monkeypatch):
    monkeypatch.setattr(plots, "is_available", lambda: True)
    monkeypatch.setattr(plots, "bars", lambda document, group: f"<svg>{group}</svg>")
    html = page.render(document())
    for row in ROWS:
        assert f"<svg>{row.group}</svg>" in html


def test_table_on_the_terminal_has_every_row(capsys):
    report.print_rows(document())
    report.print_lifecycle(document())
    report.print_targets(document())
    said = capsys.readouterr().out
    for row in (*ROWS, *LIFECYCLE):
        assert row.title in said
    assert "missed  fan-out, 8 cowns, 1 worker: 10.00 x 0.6.0, wanted 15" in said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.25, "0.2"),
        (99, "99.0"),
        (800, "800"),
        (25_000, "25.0k"),
        (4.2e7, "42.0M"),
        (3e9, "3.00G"),
    ],
)
def test_numbers_are_short(value, said):
    assert report.number(value) == said


def test_targets_speak_of_rows_that_exist():
    shapes = {row.shape for row in ROWS}
    assert {target.shape for target in TARGETS} <= shapes


def test_target_is_met_from_its_factor_on():
    rows = [
        {"shape": "two_cowns", "workers": 1, "title": "t", "ours_ns": 1, "ratio": {"0.6.0": ratio}}
        for ratio in (7.99, 8.0, None)
    ]
    found = verdicts(rows, {"bocpy-0.6.0": "0.6.0"})
    assert [entry["met"] for entry in found] == [False, True, None]


def test_limit_is_met_up_to_its_most():
    (limit,) = [t for t in TARGETS if isinstance(t, Limit) and t.shape == "queued_dropped"]
    rows = [
        {"shape": "queued_dropped", "workers": 1, "title": "t", "ours_ns": size, "ratio": {}}
        for size in (limit.most, limit.most + 1)
    ]
    assert [entry["met"] for entry in verdicts(rows, {})] == [True, False]


def test_only_published_versions_decide_about_the_exit_code():
    found = document()
    assert report.not_faster(found, ["0.6.0"]) == []
    found["rows"][0]["ratio"] = {"0.6.0": 0.9, "Threads": 5.0}
    assert report.not_faster(found, ["0.6.0"]) == ["not faster: fan_out with 1 workers"]
    assert report.not_faster(found, ["Threads"]) == []
    for row in found["rows"]:
        if row["shape"] in BODIES:
            row["ratio"]["0.6.0"] = 0.99
    assert len(report.not_faster(found, ["0.6.0"])) == 1
    found["rows"][1]["ours_ns"] = None
    assert "no figure: fan_out with 2 workers" in report.not_faster(found, [])


def test_captures_are_taken_out_of_behaviors_only():
    source = (
        "def plain(a, b=1):\n    return a\n"
        "def schedule(cown, n):\n    @when(cown)\n    def behavior(c, n=n):\n        return n\n"
    )
    tree = ast.parse(programs.without_captures(source))
    functions = {f.name: f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef)}
    assert len(functions["plain"].args.defaults) == 1
    assert [a.arg for a in functions["behavior"].args.args] == ["c"]


def test_capture_of_something_else_is_refused():
    with pytest.raises(ValueError, match="m captures something else"):
        programs.without_captures("@when(c)\ndef behavior(c, m=n):\n    pass\n")


def test_every_row_names_a_shape_of_its_program():
    for row in ROWS:
        source = (HARNESS / f"shapes_{row.program}.py").read_text(encoding="utf-8")
        assert f"\ndef {row.shape}(count, workers" in source, row.name


def test_extras_are_contenders_where_they_are_installed(monkeypatch):
    base = Base(Path("python"), "3.14.0", (3, 14), True, "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name == "distributed" or None)
    assert peer_keys(base) == ["threads", "processes", "interpreters", "plain_threads", "dask"]
    assert base.label == "3.14.0t"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The programs, as contenders run them."""
    folder = tmp_path_factory.mktemp("programs")
    programs.write(folder)
    return folder


#: One of each kind of work; all of them run in `make compare-smoke`.
SOME = ("fan_out", "fork_join", "chains_100us", "ping_pong", "list_chain")


@pytest.mark.parametrize("shape", SOME)
@pytest.mark.parametrize("key", ["ours", "threads", "plain_threads", "processes"])
def test_program_counts_its_steps(written, shape, key):
    row = next(row for row in ROWS if row.shape == shape)
    folder = written / ("explicit" if key == "ours" else "peers")
    package = Path(bocpy.__file__).absolute().parent.parent
    contender = Contender(key, key, Path(sys.executable), folder, (package,))
    result = contender.run(row, 20, 250)
    assert result["total"] == result["count"] > 0
    assert result["value"] > 0


STAND_IN = {
    "dask": """
from concurrent.futures import ThreadPoolExecutor
class Client:
    def __init__(self, n_workers, **options):
        self.pool = ThreadPoolExecutor(n_workers)
    def submit(self, function, *arguments, pure):
        return self.pool.submit(function, *arguments)
""",
    "ray": """
from concurrent.futures import ThreadPoolExecutor
class Reference:
    def __init__(self, future):
        self.future = lambda: future
class Remote:
    def __init__(self, function):
        self.remote = lambda *arguments: Reference(pool.submit(function, *arguments))
remote = Remote
def init(num_cpus, **options):
    global pool
    pool = ThreadPoolExecutor(num_cpus)
""",
}


@pytest.mark.parametrize(("key", "module"), [("dask", "distributed"), ("ray", "ray")])
@pytest.mark.parametrize("shape", ["two_cowns", "submit_result", "chains_100us"])
def test_adapter_runs_with_a_stand_in(written, tmp_path, key, module, shape):
    (tmp_path / f"{module}.py").write_text(STAND_IN[key])
    row = next(row for row in ROWS if row.shape == shape)
    contender = Contender(key, key, Path(sys.executable), written / "peers", (tmp_path,))
    result = contender.run(row, 20, 250)
    assert result["total"] == result["count"] == 20


def test_shape_that_a_contender_cannot_do_is_missing(written):
    row = next(row for row in ROWS if row.shape == "hops")
    contender = Contender("threads", "threads", Path(sys.executable), written / "peers")
    assert contender.run(row, 20, 250) == {"missing": True}


def test_version_that_cannot_be_installed_is_left_out_without_a_gil_only(monkeypatch):
    def fail(*arguments):
        raise subprocess.CalledProcessError(1, "pip")

    monkeypatch.setattr(contenders.programs, "write", lambda folder: None)
    monkeypatch.setattr(contenders, "published", fail)
    monkeypatch.setattr(contenders, "peer_keys", lambda base: [])
    base = Base(Path(sys.executable), "3.13.0", (3, 13), True, "")
    assert [each.key for each in contenders.gather(base, Path(), [])] == ["ours"]
    with pytest.raises(subprocess.CalledProcessError):
        contenders.gather(replace(base, is_free_threaded=False), Path(), [])


def test_lifecycle_of_pools(written):
    contender = Contender("threads", "threads", Path(sys.executable), written / "peers")
    cells = measure_lifecycle([contender], LIFECYCLE, 1, Limits(80))
    answered = {kind for (kind, _), cell in cells.items() if cell.median is not None}
    assert answered == {row.kind for row in LIFECYCLE} - {"memory"}


def test_smoke_run_has_each_shape_once():
    options = compare.parse(["--smoke"])
    shapes = [row.shape for row in compare.rows_for(options)]
    assert len(shapes) == len(set(shapes))
    assert options.rounds == 1
    assert "bocpy-newest" in options.without


def test_rounds_follow_the_options():
    assert compare.parse([]).rounds == 7
    assert compare.parse(["--quick"]).rounds == 5
    assert compare.parse(["--rounds", "2"]).rounds == 2
    with pytest.raises(SystemExit):
        compare.parse(["--rounds", "0"])


def test_scaling_has_a_row_for_each_number_of_workers():
    rows = scaling.rows_for([1, 2])
    assert {row.workers for row in rows} == {1, 2}
    assert len(rows) == 2 * len(scaling.SHAPES)


def test_efficiency_is_against_one_worker():
    entries = [
        {"shape": "chains_100us", "workers": n, "ours_ns": ns, "peers": {}, "cells": {}}
        for n, ns in ((1, 100.0), (2, 50.0), (4, 31.25))
    ]
    assert scaling.efficiencies(entries, "ours") == {"chains_100us": {1: 1.0, 2: 1.0, 4: 0.8}}


def test_bench_compare_without_a_checkout_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["--compare", "--quick"]) == 2
    assert "in a checkout of bocpy only" in capsys.readouterr().err


def test_bench_compare_finds_the_checkout_and_passes_options_on(monkeypatch):
    calls = []
    monkeypatch.chdir(HARNESS)
    monkeypatch.setattr(
        subprocess,
        "run",
        lambda command, check: calls.append(command) or types.SimpleNamespace(returncode=7),
    )
    assert cli.main(["--compare", "--quick", "--only", "bank"]) == 7
    assert calls == [[sys.executable, HARNESS / "compare.py", "--quick", "--only", "bank"]]
