"""Standard output as reports need it."""

from __future__ import annotations

import io
import sys
from typing import IO


def standard_output(*, json: bool = False) -> IO[str]:
    """Standard output: UTF-8 for JSON, else the terminal's encoding with what it cannot show escaped."""
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper):
        if json:
            out.reconfigure(encoding="utf-8", errors="strict", newline="\n")
        else:
            out.reconfigure(errors="backslashreplace")
    return out
