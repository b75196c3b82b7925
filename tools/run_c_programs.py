#!/usr/bin/env python3
"""Compile and run every C program of a document, and compare what it prints.

A program is a block of C with a main function; a block of text right behind it is its output. A
block whose first line is a comment with the name of a header is that header, for the programs
after it. A program that calls boc_seeds_run is run with the seeded library too.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

BLOCK = re.compile(r"^```c\n(?P<code>.*?)^```\n(?:```text\n(?P<output>.*?)^```)?", re.M | re.S)
HEADER = re.compile(r"/\* (\w+\.h) \*/\n")
WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def run(command: list[str], work: Path) -> tuple[int, str]:
    """Run *command* in *work*; its exit status, and all that it printed."""
    done = subprocess.run(
        command, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=250
    )
    return done.returncode, done.stdout


def check(code: str, output: str, options: argparse.Namespace, work: Path) -> str:
    """Compile and run *code*; what is wrong, or nothing."""
    (work / "program.c").write_text(code, encoding="utf-8")
    libraries = [options.library] + ([options.seeded] if "boc_seeds_run" in code else [])
    for library in libraries:
        compiler = [options.cc, *WARNINGS, "-I", options.include, "-o", "program", "program.c"]
        status, said = run([*compiler, library, "-pthread"], work)
        if status == 0:
            status, said = run(["./program"], work)
        if status != 0 or said != output:
            return f"with {Path(library).name}: status {status}, printed\n{said}"
    return ""


def main() -> int:
    """Check the document that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("document", type=Path)
    for option in ("--cc", "--include", "--library", "--seeded"):
        parser.add_argument(option, required=True)
    options = parser.parse_args()
    text = options.document.read_text(encoding="utf-8")
    programs = failures = 0
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for block in BLOCK.finditer(text):
            where = f"{options.document}:{text.count(chr(10), 0, block.start()) + 2}"
            header = HEADER.match(block["code"])
            if header:
                (work / header[1]).write_text(block["code"], encoding="utf-8")
                continue
            programs += 1
            problem = check(block["code"], block["output"] or "", options, work)
            if problem:
                failures += 1
                print(f"{where}: {problem}", file=sys.stderr)
    print(f"{options.document.name}: {programs} programs, {failures} failed")
    return 1 if failures or not programs else 0


if __name__ == "__main__":
    sys.exit(main())
