"""What ``python -m bocpy info`` prints: versions, workers, build."""

import os
import platform
import sys
import sysconfig
from typing import Any

from bocpy import WORKER_COUNT, __version__, _core

type Facts = dict[str, dict[str, Any]]


def collect() -> Facts:
    """Return the facts by subject."""
    physical, logical = _core._cpu_counts()
    return {
        "bocpy": {
            "version": __version__,
            "location": os.path.dirname(os.path.abspath(__file__)),
        },
        "python": {
            "implementation": platform.python_implementation(),
            "version": platform.python_version(),
            "build": " ".join(platform.python_build()).strip(),
            "compiler": platform.python_compiler(),
            "executable": sys.executable,
            "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        },
        "workers": {
            "default": WORKER_COUNT,
            "BOCPY_WORKERS": os.environ.get("BOCPY_WORKERS"),
            "physical_cores": physical or None,
            "logical_cpus": logical,
            "transfer": _core._transfer_mode(),
        },
        "build": {"extension": _core.__file__, **_core._build()},
        "system": {"platform": platform.platform(), "machine": platform.machine()},
    }


def describe(facts: Facts) -> str:
    """Return *facts* as lines of text."""
    lines = []
    for subject, pairs in facts.items():
        lines.append(subject)
        for name, value in pairs.items():
            label = name.replace("_", " ") if name.islower() else name
            lines.append(f"  {label:<16} {_text(value)}")
    return "\n".join(lines)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)
