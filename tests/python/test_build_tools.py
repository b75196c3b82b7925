"""The checks of the build find what they are there for."""

import ctypes
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import bocpy

ROOT = Path(__file__).resolve().parents[2]
CHECK_LAYERS = ROOT / "tools" / "check_layers.py"


def check_layers(root):
    return subprocess.run(
        [sys.executable, CHECK_LAYERS, root], capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        ("src/core/alloc.c", "#include <Python.h>", "Python.h below the binding"),
        ("src/platform/posix/clock.c", '#include "core/alloc.h"', "may not include core/"),
        ("src/python/py_cown.c", '#include "core/cown/cown.h"', "may not include core/"),
        ("src/core/sched/pool.c", '#include "core/cown/cown.h"', "sched may not include"),
        ("src/core/slab.c", '#include "core/sched/pool.h"', "may not include core/sched"),
        ("src/core/cown/cown.c", '#  include "../alloc.h"', "not by ../"),
        ("include/boc/cown.h", "#include <bocpy/bocpy.h>", "may not include bocpy/"),
    ],
)
def test_include_that_points_up_is_reported(tmp_path, file, line, said):
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(f"/* a file */\n{line}\n", encoding="utf-8")
    done = check_layers(tmp_path)
    assert done.returncode == 1
    assert f"{file}:2: " in done.stdout
    assert said in done.stdout


def test_include_that_points_down_is_accepted(tmp_path):
    path = tmp_path / "src" / "core" / "cown" / "cown.c"
    path.parent.mkdir(parents=True)
    path.write_text(
        '#include "core/sched/pool.h"\n#include "platform/atomic.h"\n#include <boc/cown.h>\n',
        encoding="utf-8",
    )
    assert check_layers(tmp_path).returncode == 0


def test_symbol_of_python_in_library_is_reported(tmp_path):
    nm = tmp_path / "nm"
    nm.write_text("#!/bin/sh\necho '                 U malloc'\necho '  U Py_IncRef'\n")
    nm.chmod(0o755)
    check = ["sh", ROOT / "tools" / "check_symbols.sh", nm, "libboc.a"]
    done = subprocess.run(check, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "refers to CPython" in done.stderr


def test_version_is_the_one_of_pyproject():
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert bocpy.__version__ == data["project"]["version"]
    assert re.match(r"\d+\.\d+\.\d+$", bocpy.__version__)


def test_version_of_the_headers_is_the_one_of_pyproject():
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    header = (ROOT / "include" / "boc" / "version.h").read_text(encoding="utf-8")
    numbers = re.findall(r"^#define BOC_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$", header, re.M)
    assert ".".join(numbers) == data["project"]["version"]


@pytest.mark.parametrize(
    ("exported", "said"),
    [
        ("boc_cown_new boc_runtime_start", None),
        ("boc_cown_new boc_runtime_start boc__slab_allocate", "> boc__slab_allocate"),
        ("boc_cown_new", "< boc_runtime_start"),
    ],
)
def test_exports_that_differ_from_the_headers_are_reported(tmp_path, exported, said):
    header = tmp_path / "x.h"
    header.write_text(
        "BOC_API BOC_MUST_CHECK int boc_cown_new(int (*ops)(void *),\n  int x);\n"
        "BOC_API void *boc_runtime_start(void);\nint boc_payload_drop(int);\n",
        encoding="utf-8",
    )
    nm = tmp_path / "nm"
    lines = "".join(f"echo '0000000000001f20 T {name}'\n" for name in exported.split())
    nm.write_text(f"#!/bin/sh\n{lines}", encoding="utf-8")
    nm.chmod(0o755)
    check = ["sh", ROOT / "tools" / "check_exports.sh", nm, "libboc.so", header]
    done = subprocess.run(check, capture_output=True, text=True, timeout=60)
    assert done.returncode == (0 if said is None else 1)
    assert said is None or said in done.stderr


def test_examples_in_c_are_short_and_use_public_headers_only():
    examples = sorted((ROOT / "examples" / "c").glob("*.c"))
    assert len(examples) >= 6
    for example in examples:
        lines = example.read_text(encoding="utf-8").splitlines()
        assert len(lines) < 150, example
        assert not [line for line in lines if line.startswith('#include "')], example


@pytest.mark.skipif(sys.platform != "linux", reason="says how the linker of Linux is called")
@pytest.mark.parametrize("name", ["_core", "_matrix"])
def test_extension_exports_nothing_but_its_entry(name):
    library = ctypes.CDLL(importlib.import_module(f"bocpy.{name}").__file__)
    assert getattr(library, f"PyInit_{name}")
    # A libboc that the program has loaded must not meet the copy inside the extension.
    for symbol in ("boc_cown_new", "boc_behavior_schedule", "boc_runtime_start"):
        assert not hasattr(library, symbol), symbol
