"""Runs one program of a contender: in a session of its own, with a limit of time."""

import contextlib
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any


class Hangs(Exception):
    """The program did not end within its limit."""


class Fails(Exception):
    """The program ended without the answer, or with a wrong one."""


def launch(command: Sequence[str], environment: Mapping[str, str], limit: float) -> dict[str, Any]:
    """Run *command* and return the JSON object that is its last line.

    Its output goes to files: whatever it leaves behind may hold them open, and is ended.

    Raises:
        Hangs: after *limit* seconds.
        Fails: if it fails, or says nothing.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, stdout=output, stderr=errors, env=environment, start_new_session=True
        )
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            raise Hangs from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        lines = output.read().splitlines()
        if status != 0 or not lines:
            errors.seek(0)
            said = errors.read().strip().splitlines() or [f"exit status {status}"]
            raise Fails(said[-1])
        result = json.loads(lines[-1])
        assert isinstance(result, dict)
        return result
