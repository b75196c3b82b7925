"""The extension of the guide page on the C ABI, built from its pieces, does what the page says."""

import os
import re
import subprocess
import sys
import typing
from pathlib import Path

import bocpy

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "c_abi.md"
C = re.compile(r"^```c\n(.*?)^```", re.M | re.S)
PROGRAM = re.compile(r"^```\{code-block\} python\n(from .*?)^```\n```text\n(.*?)^```", re.M | re.S)


def test_extension_of_the_guide_works(
    extension: typing.Callable[..., Path], tmp_path: Path
) -> None:
    text = PAGE.read_text(encoding="utf-8")
    source = tmp_path / "_tally.c"
    source.write_text("".join(C.findall(text)), encoding="utf-8")
    folder = extension("tally", source)
    ((code, output),) = PROGRAM.findall(text)
    script = tmp_path / "program.py"
    script.write_text(code, encoding="utf-8")
    package = str(Path(bocpy.__file__).parents[1])
    path = os.pathsep.join([str(folder), package, os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == output
    assert done.stderr == ""
