"""``bocpy-index`` on small trees, good and bad."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bocpy.examples import _source_index as source_index
from bocpy.examples import index as index_program
from bocpy.examples._index_behaviors import run_behaviors
from bocpy.examples._progress import draw_plain
from bocpy.examples.index import Row, share_of_processes

VERDICT = "parallel result equals sequential: yes"


def run(*options: str, rc: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the program with *options* and check its exit code."""
    command = [sys.executable, "-P", "-X", "utf8", "-m", "bocpy.examples.index", *options]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=100)
    assert done.returncode == rc, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def index(*paths: Path, workers: int = 2, rc: int = 0) -> dict[str, Any]:
    """Index *paths*, check the verdict, and return what was written as JSON."""
    out = paths[0].parent / "report.json"
    options = ["--repeat", "1", "--workers", str(workers), "--json", str(out)]
    done = run(*options, *map(str, paths), rc=rc)
    assert done.stdout.splitlines()[-1] == VERDICT
    assert done.stderr == ""
    report: dict[str, Any] = json.loads(out.read_text())
    return report


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a package with a broken, an empty and a non-UTF-8 file and a loop of links."""
    root = tmp_path / "shop"
    (root / "back").mkdir(parents=True)
    (root / "__init__.py").write_text("import os\n")
    (root / "front.py").write_text(
        "import os.path\n"
        "from . import back\n"
        "from .back import store, nothing\n"
        "class Till:\n"
        "    def ring(self):\n"
        "        print(len(self.drawer), self.drawer.count())\n"
        "        print()\n"
        "        self.bells[0]()\n"
        "async def ring(): pass\n"
    )
    (root / "back" / "__init__.py").write_text("")
    (root / "back" / "store.py").write_text("from .. import front\nfrom .... import beyond\n")
    (root / "broken.py").write_text("def broken(:\n    pass\n")
    (root / "empty.py").write_bytes(b"")
    (root / "latin.py").write_bytes(b"name = 'caf\xe9'\n")
    (root / "cookie.py").write_bytes(b"# coding: latin-1\nname = print('caf\xe9')\n")
    (root / "notes.txt").write_text("not Python (")
    (root / "back" / "loop").symlink_to(root, target_is_directory=True)
    return root


def test_tree_is_counted_exactly(tree: Path) -> None:
    report = index(tree)
    assert report["files"] == 8
    assert report["most_called"] == {"print": 3, "count": 1, "len": 1}
    assert report["calls"] == 5
    assert report["definitions"] == 3
    assert report["hubs"] == {
        "shop": 2,  # front and back.store import it relatively
        "os": 2,
        "os.path": 1,
        "shop.back": 1,
        "shop.back.store": 1,
        "shop.front": 1,
    }
    assert report["lines"] == sum(
        file.read_bytes().count(b"\n") for file in tree.rglob("*.py") if "loop" not in file.parts
    )


def test_files_that_do_not_parse_are_listed_with_the_reason(tree: Path) -> None:
    report = index(tree)
    failures = {Path(path).name: reason for path, reason in report["failures"].items()}
    assert set(failures) == {"broken.py", "latin.py"}
    assert "line 1" in failures["broken.py"]
    assert "utf-8" in failures["latin.py"].lower()


def test_findings_and_table_are_printed(tree: Path) -> None:
    done = run("--repeat", "1", "--workers", "3", "--top", "1", str(tree))
    assert f"{tree}: 8 files, " in done.stdout
    assert re.search(r"^  print +3 +0$", done.stdout, re.MULTILINE)
    assert not re.search(r"^  len ", done.stdout, re.MULTILINE)
    assert re.search(r"^  os +2$", done.stdout, re.MULTILINE)
    assert "files that cannot be read or parsed: 2" in done.stdout
    assert f"  {tree / 'broken.py'}: line 1: " in done.stdout
    for mode in ("sequential", "two processes", "1 worker", "2 workers", "3 workers"):
        assert re.search(rf"^{mode} +\d+\.\d+ +\d+\.\d+ +[\d,]+ +[\d.,]+$", done.stdout, re.M)
    assert re.search(r"two workers reach \d+\.\d\d of the speed-up of two", done.stdout)


def test_quiet_prints_only_the_table_and_the_verdict(tree: Path) -> None:
    done = run("--quiet", "--repeat", "2", "--workers", "1", str(tree))
    assert "most called" not in done.stdout
    assert "sequential" in done.stdout
    assert "best of 2 interleaved rounds" in done.stdout
    assert "two workers reach" not in done.stdout
    assert done.stdout.splitlines()[-1] == VERDICT


def test_json_holds_every_time_of_every_row(tree: Path) -> None:
    out = tree / "report.json"
    run("--repeat", "2", "--workers", "2", "--json", str(out), str(tree))
    report = json.loads(out.read_text())
    assert report["equal"] is True
    assert [row["mode"] for row in report["rows"]] == [
        "sequential",
        "two processes",
        "1 worker",
        "2 workers",
    ]
    for row in report["rows"]:
        assert len(row["seconds"]) == 2
        assert row["best"] == min(row["seconds"]) > 0
    assert report["rows"][0]["speed_up"] == 1
    assert report["two_workers_per_two_processes"] > 0


def test_one_file_and_overlapping_trees_are_counted_once(tree: Path) -> None:
    front = tree / "front.py"
    assert index(front)["files"] == 1
    assert index(front)["hubs"]["shop"] == 1
    assert index(tree, front, tree / "back", tree / "back" / "loop")["files"] == 8


def test_tree_in_which_nothing_parses_is_no_error(tmp_path: Path) -> None:
    root = tmp_path / "bad"
    root.mkdir()
    (root / "null.py").write_bytes(b"a = 1\0\n")
    (root / "indent.py").write_text("  a\n b\n")
    (root / "dangling.py").symlink_to("nowhere.py")
    (root / "itself.py").symlink_to("itself.py")
    report = index(root)
    assert len(report["failures"]) == report["files"] == 4
    assert report["most_called"] == report["hubs"] == {}


def test_deeply_nested_source_is_listed_or_indexed_the_same_everywhere(tmp_path: Path) -> None:
    root = tmp_path / "deep"
    root.mkdir()
    (root / "brackets.py").write_text("(" * 500 + ")" * 500)
    (root / "signs.py").write_text("a = " + "-" * 100_000 + "1")
    (root / "sum.py").write_text("a = " + "+".join(["f()"] * 500))
    report = index(root)
    assert "brackets.py" in {Path(path).name for path in report["failures"]}
    assert report["most_called"] == {"f": 500}


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes only there")
def test_file_name_that_is_not_text_is_printed_escaped(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path / "names")
    os.mkdir(root)
    with open(os.path.join(root, b"caf\xe9.py"), "wb") as file:
        file.write(b"def (")
    done = run("--repeat", "1", str(tmp_path / "names"))
    assert r"caf\udce9.py: line 1: " in done.stdout
    assert VERDICT in done.stdout


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    root = tmp_path / "odd"
    (root / "folder.py").mkdir(parents=True)
    os.mkfifo(root / "pipe.py")
    (root / "good.py").write_text("print()\n")
    assert index(root)["files"] == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["/no/such/tree"], "no such file or directory: /no/such/tree"),
        (["--workers", "0"], "at least 1"),
        (["--top", "many"], "whole number"),
        (["--repeat", "-1"], "at least 1"),
        (["--json", "/no/such/folder/out.json", __file__], "cannot write"),
        (["--unknown"], "unrecognized arguments"),
    ],
)
def test_bad_command_line_is_refused_with_a_reason(options: list[str], message: str) -> None:
    done = run(*options, rc=2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_tree_without_python_files_is_refused(tmp_path: Path) -> None:
    assert "no Python files" in run(str(tmp_path), rc=2).stderr


def test_interrupt_ends_with_the_exit_code_of_a_shell(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(batches: object, report: int = -1) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(index_program, "run_sequential", interrupted)
    assert index_program.main([str(tree)]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_failure_of_a_batch_is_raised_in_main(tree: Path) -> None:
    sources = source_index.find_sources([str(tree)])
    batches = source_index.make_batches(sources, 3)
    with pytest.raises(OSError, match="descriptor"):
        run_behaviors(batches, 2, report=10**6)


def test_plain_bar_follows_the_reports_and_is_wiped(capsys: pytest.CaptureFixture[str]) -> None:
    source, report = os.pipe()
    os.write(report, b"..")
    os.close(report)
    draw_plain("label", 4, source)
    os.close(source)
    states = capsys.readouterr().err.split("\r")
    assert states[1] == f"label [{'.' * 40}]   0%"
    assert states[2] == f"label [{'#' * 20}{'.' * 20}]  50%"
    assert states[3].strip() == states[4] == ""


def test_without_terminal_nobody_reports() -> None:
    code = (
        "from bocpy.examples._progress import progress\n"
        "with progress('label', 1) as report: print(report)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert (done.stdout, done.stderr) == ("-1\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_terminal_gets_a_bar_for_every_run(tree: Path) -> None:
    import pty

    terminal, other_end = pty.openpty()
    command = [sys.executable, "-P", "-m", "bocpy.examples.index", "-r", "1", "-w", "2", str(tree)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=other_end) as process:
        os.close(other_end)
        drawn = b""
        try:
            while part := os.read(terminal, 4096):
                drawn += part
        except OSError:
            pass  # so Linux says that nobody has the other end open
        assert process.stdout is not None
        lines = process.stdout.read().decode().splitlines()
    os.close(terminal)
    assert process.returncode == 0
    assert lines[-1] == VERDICT
    for mode in (b"sequential", b"two processes", b"1 worker", b"2 workers"):
        assert b"round 1 of 1, " + mode in drawn


def test_difference_is_reported_and_is_the_exit_code(tree: Path) -> None:
    code = (
        "import sys\n"
        "from bocpy.examples import index\n"
        "def wrong(batches, workers, report=-1):\n"
        "    shards, summary, seconds = index.run_sequential(batches, report)\n"
        "    shards[0][0]['unheard_of'] = 1\n"
        "    return shards, summary, seconds\n"
        "index.run_behaviors = wrong\n"
        "if __name__ == '__main__':\n"
        "    sys.exit(index.main(sys.argv[1:]))\n"
    )
    script = tree.parent / "wrong.py"
    script.write_text(code)
    command = [sys.executable, str(script), "--repeat", "1", "--quiet", str(tree)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines()[-1] == "parallel result equals sequential: no"


def test_batches_hold_every_source_once_and_are_balanced() -> None:
    sources = [(f"{k}.py", str(k), "", 1000 * k) for k in range(1, 101)]
    batches = source_index.make_batches(sources, 7)
    assert sorted(source for batch in batches for source in batch) == sorted(sources)
    loads = [sum(source[3] for source in batch) for batch in batches]
    assert len(loads) == 7
    assert max(loads) < 1.05 * min(loads)


def test_batches_are_never_empty() -> None:
    assert source_index.make_batches([("a.py", "a", "", 1)], 9) == [[("a.py", "a", "", 1)]]


@pytest.mark.parametrize(
    ("statement", "package", "expected"),
    [
        ("import a.b.c", "", {"a", "a.b", "a.b.c"}),
        ("from a import b, c", "", {"a", "a.b"}),
        ("from a import *", "", {"a"}),
        ("from . import b", "a", {"a", "a.b"}),
        ("from .x import y", "a.b", {"a", "a.b", "a.b.x"}),
        ("from .. import b", "a.x", {"a", "a.b"}),
        ("from ... import b", "a.x", set()),
        ("from . import b", "", set()),
    ],
)
def test_imports_are_resolved(statement: str, package: str, expected: set[str]) -> None:
    import ast

    tree = ast.parse(statement)
    assert source_index.scan(tree, package, frozenset({"a", "a.b"}), {}, {}) == expected


def test_share_of_processes_is_the_ratio_of_the_best_times() -> None:
    rows = [
        Row("two processes", 2, lambda report: None, [3.0, 2.0]),  # type: ignore[arg-type]
        Row("2 workers", 2, lambda report: None, [2.5, 4.0]),  # type: ignore[arg-type]
    ]
    assert share_of_processes(rows) == 0.8
    assert share_of_processes(rows[:1]) is None
