"""Every program in the documents runs, and prints what the document says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "docs" / "index.md", *sorted(ROOT.glob("docs/guide/*.md"))]
PROGRAM = re.compile(
    r"^```python\n(?P<code>.*?)^```\n(?:```text\n(?P<output>.*?)^```)?", re.M | re.S
)


def programs():
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for match in PROGRAM.finditer(text):
            line = text.count("\n", 0, match.start()) + 2
            name = f"{document.relative_to(ROOT)}:{line}"
            yield pytest.param(match["code"], match["output"], id=name)


@pytest.mark.parametrize(("code", "output"), list(programs()))
def test_program_in_document_runs(code, output, tmp_path):
    script = tmp_path / "program.py"
    script.write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    if output is not None:
        assert done.stdout == output


def test_commands_in_page_about_benchmarks_run(tmp_path):
    page = (ROOT / "docs" / "guide" / "benchmarking.md").read_text(encoding="utf-8")
    commands = "".join(re.findall(r"^```sh\n(.*?)^```", page, re.M | re.S))
    shell, count = re.subn(
        "^bocpy-bench", f'"{sys.executable}" -m bocpy bench', commands, flags=re.M
    )
    assert count == commands.count("\n") >= 8
    done = subprocess.run(
        ["sh", "-e", "-c", shell], cwd=tmp_path, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("behaviors/s") >= 5
    assert {"before.json", "after.json", "chain.json"} <= {p.name for p in tmp_path.iterdir()}


def test_documents_have_programs():
    assert len(list(programs())) >= 8
