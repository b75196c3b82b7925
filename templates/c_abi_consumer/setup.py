"""Build the extension: where the headers are, and what has to be compiled besides."""

import os
import sys

from setuptools import Extension, setup

import bocpy

setup(
    ext_modules=[
        Extension(
            "_bocpy_probe",
            # setuptools wants the names of sources relative to this file.
            sources=["src/_bocpy_probe.c", *map(os.path.relpath, bocpy.get_sources())],
            include_dirs=[bocpy.get_include()],
            extra_compile_args=["/std:c11"] if sys.platform == "win32" else ["-std=c11"],
        )
    ]
)
