"""The example of a real extension: a histogram filled by bodies without the GIL."""

import os
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import bocpy

EXAMPLE = Path(__file__).parents[2] / "examples" / "c_extension"
CODE = EXAMPLE / "src" / "_histogram.c"


def test_program_counts_what_one_thread_counts(
    extension: typing.Callable[..., Path], tmp_path: Path
) -> None:
    folder = extension("histogram", CODE)
    package = Path(bocpy.__file__).parents[1]
    path = os.pathsep.join([str(folder), str(package), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, EXAMPLE / "count_bytes.py", "--megabytes", "3", "--workers", "2"],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    first, last = done.stdout.splitlines()
    assert first.startswith("3145728 bytes, most often 98 ")
    assert last == "equal to the count of one thread: yes"


def test_file_that_is_missing_and_values_that_are_no_histograms(
    extension: typing.Callable[..., Path], tmp_path: Path
) -> None:
    extension("histogram", CODE)
    import _histogram

    bocpy.start()
    missing = os.fspath(tmp_path / "missing")
    with pytest.raises(OSError, match="cannot be read"):
        _histogram.count_file(bocpy.Cown(_histogram.Histogram()), missing, 0, 1).result(60)
    with pytest.raises(TypeError, match="does not hold a Histogram"):
        _histogram.merge([bocpy.Cown(1)]).result(60)
    with pytest.raises(TypeError, match="expected a Cown"):
        _histogram.merge([1])
    bocpy.wait(60)
    with pytest.raises(RuntimeError, match="not running"):
        _histogram.merge([])


def test_exported_histogram_is_copied_at_the_end_of_a_body(
    extension: typing.Callable[..., Path],
) -> None:
    extension("histogram", CODE)
    from _histogram import Histogram

    histogram = Histogram()
    histogram.add(b"aab")
    with memoryview(histogram) as view:
        assert (view[97], view[98], view.format, view.nbytes) == (2, 1, "q", 2048)
        with pytest.raises(BufferError):
            bocpy.Cown(histogram)
    bocpy.start()
    cown = bocpy.Cown(histogram)
    with cown as value:
        kept = memoryview(value)
    kept[97] = 50
    assert memoryview(cown.unwrap())[97] == 2
    kept.release()
    bocpy.wait(60)
