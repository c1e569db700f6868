"""What must not be loaded before it is needed: help and completion answer at once."""

from __future__ import annotations

import subprocess
import sys

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
