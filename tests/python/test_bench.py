"""``bocpy-bench``, run as a user runs it, with durations that only show that it works."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import bocpy
from bocpy.bench import cli
from bocpy.bench.suite import physical_cores

TINY = {
    "chain": ("--warmup", "0.01", "--iters", "2", "--rings", "2", "--ring-size", "16"),
    "fanout": ("--producer-steps", "5", "--min-time", "0"),
    "messages": ("--warmup", "0.01"),
    "noticeboard": ("--warmup", "0.01"),
}
SHORT = ("--duration", "0.05")
# In the shortest time a loaded machine may give us nothing; then the next one is tried.
DURATIONS = (0.05, 0.5, 5.0, 50.0)
UNITS = {
    "chain": "behaviors",
    "fanout": "children",
    "messages": "messages",
    "noticeboard": "calls",
}


def bench(
    folder: Path, *arguments: str, rc: int = 0, module: tuple[str, ...] = ("bocpy", "bench")
) -> subprocess.CompletedProcess[str]:
    """Run the program in *folder* and check its exit status."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", *module, *arguments],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=200,
    )
    assert done.returncode == rc, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def tiny(folder: Path, suite: str, *arguments: str, rc: int = 0) -> dict[str, Any]:
    """Run a suite with its tiny options, until all have counted; return the results."""
    options = ("--suite", suite, *TINY[suite], *arguments, "--output", "out.json")
    for duration in DURATIONS:
        timed = () if suite == "fanout" else ("--duration", str(duration))
        bench(folder, *options, *timed, rc=rc)
        document: dict[str, Any] = json.loads((folder / "out.json").read_text())
        repeats = [repeat for point in document["points"] for repeat in point["repeats"]]
        if all(repeat["throughput"] and repeat["latency_ns"] for repeat in repeats):
            break
    return document


@pytest.mark.parametrize("suite", TINY)
def test_suite_writes_document_and_table(suite: str, tmp_path: Path) -> None:
    values = ["1", "2"] if suite == "chain" else ["2"]
    axis = ("--sweep-axis", "workers", "--sweep-values", ",".join(values), "--repeats", "2")
    document = tiny(tmp_path, suite, *axis, "--emit-scheduler-stats")
    assert os.listdir(tmp_path) == ["out.json"]  # nothing temporary is left
    assert document["schema_version"] == 2
    assert (document["suite"], document["unit"]) == (suite, UNITS[suite])
    facts = document["metadata"]
    assert facts["bocpy_version"] == bocpy.__version__
    assert facts["argv"][0] == "--suite"
    assert not facts["interrupted"]
    assert facts["finished_at"] >= facts["started_at"]
    assert document["sweep"]["axis"] == "workers"
    assert document["sweep"]["values"] == values
    assert "workers" not in document["sweep"]["fixed"]
    assert [str(point["inputs"]["workers"]) for point in document["points"]] == values
    for point in document["points"]:
        check_point(point, suite)

    shown = bench(tmp_path, "--print-table", "out.json").stdout
    title, header, rule, *rows = shown.splitlines()
    assert title.startswith(f"{suite}: bocpy {bocpy.__version__}")
    assert [cell.strip() for cell in header.split("|")][:2] == ["workers", f"{UNITS[suite]}/s"]
    assert "speedup" in header
    assert set(rule) == {"-", "+"}
    assert [row.split("|")[0].strip() for row in rows] == values
    assert "1.00x" in rows[0]
    assert "100%" in rows[0]


def check_point(point: dict[str, Any], suite: str) -> None:
    assert point["error"] is None
    assert [repeat["repeat_index"] for repeat in point["repeats"]] == [0, 1]
    low, high = point["throughput_min"], point["throughput_max"]
    assert 0 < low <= point["throughput_mean"] <= high
    assert point["throughput_ci95"] >= 0
    for repeat in point["repeats"]:
        completed = repeat[f"completed_{UNITS[suite]}"]
        assert repeat["throughput"] == pytest.approx(completed / repeat["elapsed_s"])
        latency = repeat["latency_ns"]
        names = ["min", "p50", "p90", "p99", "p99_9", "max"]
        assert sorted(latency[name] for name in names) == [latency[name] for name in names]
        assert repeat["memory"]["peak_rss_bytes"] > 1 << 20
        assert repeat["cpu"]["user_s"] >= 0
        assert repeat["context_switches"]["voluntary"] >= 0
        assert len(repeat["scheduler_stats"]) == point["inputs"]["workers"]
        assert min(min(worker.values()) for worker in repeat["scheduler_stats"]) >= 0
        assert "enq_retry_ratio" in repeat["derived"]
        assert isinstance(repeat["queue_stats"], list)


@pytest.mark.parametrize("pattern", ["one-to-one", "fan-in", "selective", "ping-pong"])
def test_every_pattern_of_messages_gets_messages_through(pattern: str, tmp_path: Path) -> None:
    options = ("--sweep-axis", "none", "--pattern", pattern, "--size", "100", "--capacity", "4")
    (point,) = tiny(tmp_path, "messages", *options)["points"]
    assert point["value"] is None
    assert point["repeats"][0]["completed_messages"] > 0


def test_noticeboard_by_default_does_both_patterns(tmp_path: Path) -> None:
    read, update = tiny(tmp_path, "noticeboard")["points"]
    assert (read["value"], update["value"]) == ("read", "update")
    assert read["repeats"][0]["writes"] >= 0
    assert update["repeats"][0]["writes"] == 0


def test_chain_counts_the_window_and_nothing_else(tmp_path: Path) -> None:
    (point,) = tiny(tmp_path, "chain", "--null-payload", "--sweep-values", "2")["points"]
    (repeat,) = point["repeats"]
    assert repeat["elapsed_s"] in DURATIONS  # whatever happened before and after
    assert repeat["completed_behaviors"] == pytest.approx(
        repeat["throughput"] * repeat["elapsed_s"]
    )
    assert repeat["uncounted_behaviors"] > 0  # every chain's last step, at least
    assert repeat["counters_window_s"] > 0


def test_fanout_repeats_work_that_is_too_small(tmp_path: Path) -> None:
    options = ("--producer-steps", "1", "--fanout-width", "3", "--warmup-steps", "2")
    axis = ("--sweep-axis", "producers", "--sweep-values", "2", "--min-time", "0.02")
    (point,) = tiny(tmp_path, "fanout", *options, *axis)["points"]
    (repeat,) = point["repeats"]
    assert repeat["elapsed_s"] >= 0.02
    assert repeat["completed_children"] == repeat["rounds"] * 2 * 3
    assert repeat["uncounted_children"] == 2 * 2 * 3


@pytest.mark.parametrize(
    ("suite", "options", "values"),
    [
        (
            "chain",
            ("--sweep-axis", "payload", "--sweep-values", "3x5,1x1"),
            ["3x5", "1x1"],
        ),
        ("chain", ("--sweep-axis", "none", "--rings", "70", "--null-payload"), [None]),
        ("chain", ("--sweep-axis", "group-size", "--sweep-values", "8"), ["8"]),
        ("fanout", ("--sweep-axis", "none", "--payload-rows", "2", "--payload-cols", "7"), [None]),
        ("noticeboard", ("--sweep-axis", "keys", "--sweep-values", "63"), ["63"]),
    ],
)
def test_unusual_sizes_run(
    suite: str, options: tuple[str, ...], values: list[str | None], tmp_path: Path
) -> None:
    points = tiny(tmp_path, suite, *options)["points"]
    assert [point["value"] for point in points] == values
    assert all(point["throughput_mean"] > 0 for point in points)


def test_steps_that_raise_fail_the_point_and_the_program(tmp_path: Path) -> None:
    huge = ("--payload-rows", "1000000000", "--payload-cols", "1000000000")
    document = tiny(tmp_path, "fanout", *huge, "--sweep-values", "1,2", rc=1)
    assert len(document["points"]) == 2  # the second is tried all the same
    for point in document["points"]:
        assert point["error"]["message"] == "exit status 1"
        assert "behaviors failed; the first: MemoryError" in point["error"]["stderr_tail"]
        assert len(point["error"]["stderr_tail"]) <= 400
        assert point["throughput_mean"] is None
    shown = bench(tmp_path, "--print-table", "out.json").stdout
    assert shown.count("ERROR") == 2
    assert "no speedup" in shown


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a copy of the package, to be run from there."""
    folder = tmp_path_factory.mktemp("tree")
    source = Path(bocpy.__file__).parent
    leave_out = shutil.ignore_patterns("__pycache__", "examples", "include")
    shutil.copytree(source, folder / "bocpy", ignore=leave_out)
    return folder


def bench_in_tree(folder: Path, tree: Path, *arguments: str, rc: int) -> dict[str, Any]:
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from bocpy.bench.cli import main; "
    options = ("--sweep-axis", "none", *TINY["chain"], *SHORT, "--quiet", "--output", "out.json")
    done = subprocess.run(
        [sys.executable, "-I", "-c", code + "sys.exit(main())", tree, *options, *arguments],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=200,
    )
    assert done.returncode == rc, done.stderr
    assert done.stdout == ""
    return json.loads((folder / "out.json").read_text())


def test_source_tree_that_is_not_installed_measures_itself(tree: Path, tmp_path: Path) -> None:
    work = tree / "bocpy" / "bench" / "work" / "chain.py"
    text = work.read_text()
    work.write_text(text.replace('"uncounted_behaviors"', '"of_the_tree"'))
    try:
        document = bench_in_tree(tmp_path, tree, rc=0)
    finally:
        work.write_text(text)
    assert document["points"][0]["repeats"][0]["of_the_tree"] >= 0


def test_chain_with_a_step_that_raises_fails(tree: Path, tmp_path: Path) -> None:
    work = tree / "bocpy" / "bench" / "work" / "chain.py"
    text = work.read_text()
    work.write_text(text.replace("    steps += 1\n", "    steps += 1\n    assert steps != 1\n"))
    try:
        document = bench_in_tree(tmp_path, tree, rc=1)
    finally:
        work.write_text(text)
    (point,) = document["points"]
    assert "AssertionError" in point["error"]["stderr_tail"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--ring-size", "4", "--sweep-axis", "group-size"], "--group-size 4"),
        (["--chains-per-ring", "40", "--ring-size", "20"], "--chains-per-ring 40"),
        (["--suite", "noticeboard", "--keys", "64"], "--keys 64"),
        (["--sweep-axis", "none", "--sweep-values", "1"], "--sweep-values"),
        (["--sweep-values", "1,x"], "not a whole number: 'x'"),
        (["--sweep-values", "0"], "at least 1"),
        (["--sweep-values", ""], "not a whole number"),
        (["--sweep-axis", "payload", "--sweep-values", "4"], "not ROWSxCOLUMNS"),
        (["--sweep-axis", "keys"], "invalid choice"),
        (["--suite", "nothing"], "invalid choice"),
        (["--duration", "0"], "above zero"),
        (["--warmup", "nan"], "must be a time"),
        (["--repeats", "0"], "at least 1"),
        (["--print-table", "missing.json"], "missing.json"),
        (["--compare-with", "other.json"], "schema version 1, not 2"),
        (["--compare-with", "list.json"], "not a result"),
    ],
)
def test_wrong_options_end_with_2_before_anything_runs(
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("other.json").write_text('{"schema_version": 1, "points": []}')
    Path("list.json").write_text("[]")
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments, "--output", "out.json"])
    assert ended.value.code == 2
    assert says in capsys.readouterr().err
    assert not Path("out.json").exists()


def test_results_are_compared_point_by_point(tmp_path: Path) -> None:
    options = ("--suite", "fanout", *TINY["fanout"], "--quiet")
    bench(tmp_path, *options, "--sweep-values", "1,2", "--repeats", "2", "--output", "old.json")
    document = json.loads((tmp_path / "old.json").read_text())
    for point in document["points"]:
        for repeat in point["repeats"]:
            repeat["throughput"] *= 1000
        point["throughput_mean"] *= 1000
    (tmp_path / "fast.json").write_text(json.dumps(document))
    show = ("--suite", "fanout", "--print-table")
    done = bench(tmp_path, *show, "fast.json", "--compare-with", "old.json")
    header, _, *rows = [line.split("|") for line in done.stdout.splitlines()]
    assert [cell.strip() for cell in header][:4] == [
        "workers",
        "old children/s",
        "new children/s",
        "ratio",
    ]
    for row in rows:
        low, high = map(float, row[4].split("to"))
        assert low <= float(row[3]) == 1000.0 <= high

    more = ("--sweep-values", "1", "--compare-with", "old.json", "--fanout-width", "2")
    done = bench(tmp_path, *options, *more, "--output", "new.json")
    assert "too few repeats" in done.stdout
    assert "not the same: fanout_width None, 2" in done.stdout
    other = ("--suite", "messages", "--compare-with", "old.json")
    assert "its suite is fanout" in bench(tmp_path, *other, rc=2).stderr


def test_interrupted_sweep_keeps_what_is_finished(tmp_path: Path) -> None:
    options = (*TINY["chain"], *SHORT, "--sweep-values", ",".join("1" * 500), "--table")
    running = subprocess.Popen(
        [sys.executable, "-m", "bocpy.bench", *options, "--output", "out.json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )
    with running:
        given_up = time.monotonic() + 200
        while not (tmp_path / "out.json").exists() and time.monotonic() < given_up:
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        shown, _ = running.communicate(timeout=200)
    assert running.returncode == 130
    document = json.loads((tmp_path / "out.json").read_text())
    assert document["metadata"]["interrupted"]
    assert document["metadata"]["finished_at"]
    assert 1 <= len(document["points"]) < 500
    assert all(point["error"] is None and point["repeats"] for point in document["points"])
    assert "speedup" not in shown.splitlines()[1]
    assert "or the run was interrupted" in shown


def test_warnings_are_said_and_kept(tmp_path: Path) -> None:
    many = physical_cores() + 1
    done = bench(tmp_path, *TINY["chain"], *SHORT, "--sweep-values", f"{many},1", "--quiet")
    assert f"warning: {many} workers on " in done.stderr
    assert "warning: a duration of 0.05 s is short" in done.stderr
    assert "warning: one repeat has no spread" in done.stderr
    assert "results:" not in done.stderr
    (written,) = (tmp_path / "results").glob("benchmark-*.json")
    said = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    kept = json.loads(written.read_text())["metadata"]["warnings"]
    assert [f"warning: {warning}" for warning in kept] == said


@pytest.mark.parametrize(
    ("name", "options"),
    [("benchmark", (*TINY["chain"], *SHORT)), ("fanout_benchmark", TINY["fanout"])],
)
def test_example_module_is_the_suite(name: str, options: tuple[str, ...], tmp_path: Path) -> None:
    done = bench(
        tmp_path,
        *options,
        *("--sweep-axis", "none", "--table"),
        module=(f"bocpy.examples.{name}",),
    )
    assert done.stdout.startswith(("chain: ", "fanout: "))
    assert len(list((tmp_path / "results").iterdir())) == 1
    done = bench(tmp_path, "--suite", "messages", rc=2, module=(f"bocpy.examples.{name}",))
    assert "unrecognized arguments: --suite" in done.stderr


def test_help_has_the_options_of_the_suite(tmp_path: Path) -> None:
    assert "--chains-per-ring" in bench(tmp_path, "--help").stdout
    assert "--write-interval" in bench(tmp_path, "--suite", "noticeboard", "--help").stdout
    assert "bench" in bench(tmp_path, "--help", module=("bocpy",)).stdout


def test_import_of_bocpy_imports_no_benchmark(tmp_path: Path) -> None:
    code = "import sys, bocpy; print([name for name in sys.modules if 'bench' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
