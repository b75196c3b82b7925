"""Configuration of Sphinx."""

import sys
import tomllib
from pathlib import Path

from hawkmoth.util import compiler
from sphinx.util import logging

_DOCS = Path(__file__).resolve().parent
_PYPROJECT = _DOCS.parent / "pyproject.toml"
sys.path.insert(0, str(_DOCS / "_ext"))

import c_headers  # noqa: E402

project = "bocpy"
author = "The bocpy authors"
copyright = "2026, the bocpy authors"
release = tomllib.loads(_PYPROJECT.read_text(encoding="utf-8"))["project"]["version"]
version = release

extensions = [
    "figures",
    "hawkmoth",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "_ext"]

html_theme = "furo"
html_title = f"bocpy {release}"

myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_numpy_docstring = False

# The C reference comes from copies of the public headers.
_HEADERS = _DOCS.parent / "build" / "docs" / "headers"
hawkmoth_root = str(_HEADERS)
hawkmoth_autoconf = []
hawkmoth_clang = [*compiler.get_include_args("cc"), f"-I{_HEADERS}", "-std=c11"]
_C_REFERENCE = c_headers.prepare(_DOCS.parent / "include", _HEADERS)


def _add_c_reference(_app, docname, source):
    if docname == "reference_c":
        source[0] += _C_REFERENCE


def _check_c_reference(_app, env):
    documented = {entry[0] for entry in env.get_domain("c").get_objects()}
    for name in sorted(c_headers.functions_of(_DOCS.parent / "include") - documented):
        logging.getLogger(__name__).warning("%s is not in the C reference", name)


def setup(app):
    """Connect what this file adds."""
    app.connect("source-read", _add_c_reference)
    app.connect("env-check-consistency", _check_c_reference)
