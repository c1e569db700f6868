"""`breachscan compare`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scanner.cli import patterns_option
from scanner.cli.exits import Exit, exit_of
from scanner.cli.progress import Watch
from scanner.cli.streams import standard_output
from scanner.errors import OptionError
from scanner.options import ScanOptions

if TYPE_CHECKING:
    from scanner.score.comparison import Side

#: A report is looked for in files up to this size, in bytes.
_LARGEST_REPORT = 1 << 30
_REPORT_HEAD = 4096

EPILOG = """\b
Examples:
  breachscan compare first.csv second.parquet     whom both hold, on exact sets
  breachscan compare seized/a seized/b --format json
  breachscan compare old.json new.json            two reports of `scan --format json`

\b
Exit status:
  0  compared
  2  the command line or a rule pack was wrong
  3  a side could be read only in part or not at all
  4  the scanner itself failed
"""


def _report(path: str) -> dict[str, Any] | None:
    """The report that a file holds, None where it is data."""
    file = Path(path)
    if not file.is_file() or file.stat().st_size > _LARGEST_REPORT:
        return None
    with file.open("rb") as stream:
        head = stream.read(_REPORT_HEAD)
    if b'"schema_version"' not in head or b'"breachscan"' not in head:
        return None
    try:
        found = json.loads(file.read_bytes())
    except ValueError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("summary"), dict):
        return None
    return found


@click.command("compare", epilog=EPILOG, short_help="Show two files, folders or reports side by side.")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@patterns_option
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@click.pass_context
def command(context: click.Context, a: str, b: str, format_: str, patterns: Path | None, quiet: bool) -> None:
    """Show A and B side by side: subscribers in both and in one only, structure, severity.

    A and B are files or folders of data, or reports of `scan --format json`. A report does not hold the sets that an
    exact count of shared subscribers needs; name the data for it.
    """
    from scanner.report.compare import comparison_document, write_comparison
    from scanner.score.comparison import compare

    sides, status = [], Exit.OK
    for path in (a, b):
        side, ended = _side(path, patterns, quiet)
        sides.append(side)
        status = max(status, ended)
    found = compare(*sides)
    out = standard_output(json=format_ == "json")
    if format_ == "json":
        out.write(json.dumps(comparison_document(found), ensure_ascii=False, indent=1) + "\n")
    else:
        write_comparison(found, out)
    out.flush()
    context.exit(status)


def _side(path: str, patterns: Path | None, quiet: bool) -> tuple[Side, Exit]:
    from scanner.report.compare import side_of_report, side_of_scan

    found = _report(path)
    if found is not None:
        try:
            return side_of_report(path, found), Exit.OK
        except (KeyError, TypeError, ValueError):
            raise OptionError(f"{path} looks like a report and is not one of version 1; scan the data again") from None
    from scanner.packs import load_pack
    from scanner.pipeline import conclude, scan_iter

    options = ScanOptions(patterns=patterns)
    watch = Watch([path], verbosity=0, quiet=quiet)
    try:
        finished = list(scan_iter(path, options=options, observer=watch))
    finally:
        watch.done()
    artifacts, summary = conclude(finished, load_pack(patterns), options)
    return side_of_scan(path, artifacts, summary, [one.holding for one in finished]), exit_of(artifacts)
