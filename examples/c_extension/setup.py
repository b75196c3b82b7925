"""Build ``_histogram`` against the headers of the installed bocpy."""

import os

from setuptools import Extension, setup

import bocpy

setup(
    name="bocpy-histogram-example",
    version="0.0.0",
    python_requires=">=3.12",
    install_requires=["bocpy"],
    py_modules=["count_bytes"],
    ext_modules=[
        Extension(
            "_histogram",
            sources=["src/_histogram.c", *(os.path.relpath(s) for s in bocpy.get_sources())],
            include_dirs=[bocpy.get_include()],
        )
    ],
)
