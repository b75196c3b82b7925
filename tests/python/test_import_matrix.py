"""Four workers import and use the standard library at once, three starts in a row.

CPython before 3.14 has modules that crash a process this way unless main goes first. Each run is a
process of its own; ``BOCPY_IMPORT_RUNS`` says how many, and ``make test-long`` sets it to 50. See
``interpreters`` in ``conftest.py`` for which interpreters.
"""

import os
import subprocess
from pathlib import Path

import pytest

RUNS = int(os.environ.get("BOCPY_IMPORT_RUNS", "2"))

# A process that takes longer hangs.
LIMIT_S = 120

PROGRAM = r"""
import sys

from bocpy import receive, send, start, wait, when

WORKERS, STARTS = 4, 3

# Of these some versions refuse some; what matters is what it does to the process.
MODULES = '''
    array asyncio bisect bz2 calendar concurrent.futures configparser contextvars csv ctypes curses
    datetime dbm decimal email.mime.text fractions gzip hashlib hmac html http.client
    importlib.metadata ipaddress json locale logging.handlers lzma mmap multiprocessing plistlib
    queue random readline secrets select shelve smtplib socket sqlite3 ssl statistics struct
    subprocess tarfile tempfile tomllib tracemalloc unittest urllib.request uuid
    xml.etree.ElementTree zipfile zlib zoneinfo _curses _elementtree pyexpat cProfile
'''.split()


def import_all():
    import importlib
    refused = []
    for name in MODULES:
        try:
            importlib.import_module(name)
        except (ImportError, AttributeError):  # zoneinfo of 3.12 raises the latter
            refused.append(name)
    return refused


def use_some():
    import asyncio, datetime, decimal, hashlib, hmac, json, secrets, sqlite3, ssl, zlib
    moment = datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc)
    assert moment.isoformat() == "2020-01-02T00:00:00+00:00"
    assert str(decimal.Decimal("1.10") * 3) == "3.30"
    assert hashlib.sha256(b"x", usedforsecurity=False).hexdigest().startswith("2d711642")
    assert len(hmac.new(b"key", b"x", "sha1").digest()) == len(secrets.token_bytes(20))
    assert zlib.decompress(zlib.compress(b"x" * 99, level=1)) == b"x" * 99
    assert json.loads(json.dumps({"a": [1]}, indent=1)) == {"a": [1]}
    with sqlite3.connect(":memory:") as connection:
        assert connection.execute("select 6 * 7").fetchone() == (42,)
    connection.close()
    ssl.create_default_context()

    async def add():
        await asyncio.sleep(0)
        return 3

    assert asyncio.run(add()) == 3


for _ in range(STARTS):
    start(WORKERS)
    results = []
    for _ in range(WORKERS):

        @when()
        def body():
            send("here", 0)
            receive("go")  # so that no worker runs two
            refused = import_all()
            use_some()
            return refused

        results.append(body)
    for _ in range(WORKERS):
        receive("here")
    for _ in range(WORKERS):
        send("go", 0)
    refused = [result.result() for result in results]
    assert all(names == refused[0] for names in refused), refused
    assert len(refused[0]) < 15, refused[0]
    wait(raise_errors=True)
print("done")
"""


@pytest.mark.timeout(LIMIT_S * 2 + RUNS * 20)
def test_every_process_ends_well(interpreter, tmp_path: Path) -> None:
    python, environment = interpreter
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    failed = []
    for _ in range(RUNS):
        done = subprocess.run(
            [*python, path],
            env=environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        if (done.returncode, done.stdout, done.stderr) != (0, "done\n", ""):
            failed.append((done.returncode, done.stdout, done.stderr))
    assert failed == []
