"""The page about the C headers says what the headers say."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

HEADER = """\
/* door.h - a door
 * with two words in its title.
 *
 *     boc_door_open(&door);
 *
 * Owns      nothing, not even
 *           `itself`.
 * Threads   open    any thread
 *           close   one thread
 */
#ifndef BOC_DOOR_H
#define BOC_DOOR_H

#ifdef __cplusplus
extern "C" {
#endif

typedef struct boc_door boc_door_t;

/* Open *this* door; see boc_door_close.  BOC_ESTATE:
 * it is. */
BOC_API int boc_door_open(boc_door_t *door,
                          int how);
BOC_API int boc_door_close(boc_door_t *door);

typedef struct boc_door_size {
    int width; /* in
                  steps */
    int height;
} boc_door_size_t;

#endif
"""


@pytest.fixture(scope="module")
def c_headers():
    spec = importlib.util.spec_from_file_location(
        "c_headers", ROOT / "docs" / "_ext" / "c_headers.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def prepared(c_headers, tmp_path):
    (tmp_path / "include" / "boc").mkdir(parents=True)
    (tmp_path / "include" / "boc" / "door.h").write_text(HEADER, encoding="utf-8")
    page = c_headers.prepare(tmp_path / "include", tmp_path / "out")
    return page, (tmp_path / "out" / "boc" / "door.h").read_text(encoding="utf-8")


def test_page_has_the_comment_of_the_header(prepared):
    page, _ = prepared
    assert "boc/door.h\n----------\n\nA door with two words in its title.\n" in page
    assert "::\n\n    boc_door_open(&door);\n" in page
    assert "\n    Threads   open    any thread\n              close   one thread\n" in page
    assert page.rstrip().endswith(".. c:autodoc:: boc/door.h")


def test_comments_become_documentation(prepared):
    _, text = prepared
    assert (
        "/**\n * Open \\*this\\* door; see :c:func:`boc_door_close`.  ``BOC_ESTATE``: it is.\n */\n"
        "BOC_API int boc_door_open(boc_door_t *door,\n                          int how);\n"
    ) in text
    assert "/**\n * in steps\n */\n    int width;\n" in text


def test_declarations_without_a_comment_are_listed(prepared):
    _, text = prepared
    empty = "/**\n * \\\n */\n"
    assert empty + "typedef struct boc_door boc_door_t;" in text
    assert empty + "BOC_API int boc_door_close(boc_door_t *door);" in text
    assert empty + "    int height;" in text
    assert text.count(empty) == 4  # and the struct


def test_functions_are_those_with_the_mark(c_headers, prepared, tmp_path):
    assert c_headers.functions_of(tmp_path / "include") == {"boc_door_open", "boc_door_close"}


def test_header_without_a_title_is_refused(c_headers, tmp_path):
    (tmp_path / "boc").mkdir()
    (tmp_path / "boc" / "door.h").write_text("/* Something. */\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"door\.h: the first line"):
        c_headers.prepare(tmp_path, tmp_path / "out")


def test_every_header_of_the_library_can_be_prepared(c_headers, tmp_path):
    page = c_headers.prepare(ROOT / "include", tmp_path)
    for header in (ROOT / "include" / "boc").glob("*.h"):
        assert header.name == "boc.h" or f".. c:autodoc:: boc/{header.name}" in page
    assert len(c_headers.functions_of(ROOT / "include")) > 50
