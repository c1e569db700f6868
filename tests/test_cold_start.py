"""What must not be loaded before it is needed: help and completion answer at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("numba", "pandas", "pyarrow", "numpy", "rich")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["completion", "bash"], ["patterns", "--help"]])
def test_a_command_that_scans_nothing_loads_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys, scanner.cli\n"
        f"try: scanner.cli.main({arguments!r}, prog_name='breachscan')\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        f"sys.exit(', '.join(set({HEAVY!r}) & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_help_of_scan_loads_no_kernels() -> None:
    program = (
        "import sys, scanner.cli\n"
        "try: scanner.cli.main(['scan', '--help'], prog_name='breachscan')\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "sys.exit(', '.join({'numba', 'pandas', 'pyarrow', 'numpy'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


TINY = {
    "calls.csv": "caller,called,start,duration\n" + "03001234567,03217654321,2024-03-01 10:11:12,61\n" * 12,
    "calls.json": '[{"a": "03001234567", "b": [1]}, {"a": "03217654321", "c": null}, {"a": "03001234567" "d"}]',
    "calls.ndjson": '{"a": 923001234567}\n{"a": 923217654321,}\n',
    "chat.txt": "Please ring 0300-1874562 before noon.\nHe did not come.\n" * 3,
}


@pytest.mark.parametrize("name", TINY)
def test_a_small_file_is_scanned_without_what_only_large_or_other_files_need(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(TINY[name], encoding="utf-8")
    unused = {"numba", "pandas", "rich", "sqlite3", "fastavro", "python_calamine", "py7zr", "cryptography"}
    unused |= {"pyarrow.compute", "importlib.metadata", "tempfile", "secrets"}
    program = (
        "import sys, scanner.cli\n"
        "from scanner import pipeline\n"
        "from scanner.errors import InternalError\n"
        f"loaded = lambda: ', '.join({unused!r} & set(sys.modules))\n"
        "finish = pipeline.finish\n"
        "def checked(*given):\n"  # in the worker
        "    done = finish(*given)\n"
        "    if loaded(): raise InternalError(loaded())\n"
        "    return done\n"
        "pipeline.finish = checked\n"
        f"try: scanner.cli.main(['scan', {str(tmp_path)!r}, '--format', 'json'], prog_name='breachscan')\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "sys.exit(loaded() or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["artifacts"][0]["identifiers"]["msisdn"]["distinct"] >= 1
