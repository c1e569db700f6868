"""Draw the terminal report on sample_data/ as an SVG: `make_picture.py FILE.svg`."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from scanner import scan
from scanner.report.text import print_text


def main() -> None:
    """Scan, print on a recording console, export."""
    result = replace(scan("sample_data"), duration_seconds=0.0)
    shown = [one for one in result.artifacts if "call_records" in one.path]
    console = Console(record=True, width=120, file=io.StringIO(), force_terminal=True, highlight=False, markup=False)
    console.print("$ breachscan scan sample_data", style="bold")
    print_text(result, console, sections=shown)
    svg = console.export_svg(title="breachscan", theme=MONOKAI, unique_id="report")
    Path(sys.argv[1]).write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
