"""`breachscan inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from scanner.cli import patterns_option
from scanner.cli.exits import exit_of
from scanner.cli.progress import Watch
from scanner.cli.reading import limits_of, passwords_of, reading_options
from scanner.cli.streams import standard_output
from scanner.options import ScanOptions

EPILOG = """\b
Examples:
  breachscan inspect drop.zip
  breachscan inspect crm.sqlite
"""


@click.command("inspect", epilog=EPILOG, short_help="Show what a file holds: containers, members, tables.")
@click.argument("path", metavar="PATH")
@patterns_option
@click.option("--reveal", is_flag=True, help="Show names that hold identifiers whole.")
@reading_options
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@click.pass_context
def command(
    context: click.Context, /, path: str, patterns: Path | None, reveal: bool, quiet: bool, **reading: Any
) -> None:
    """Show what a file holds: containers, members, tables, with format, rows and what could not be read."""
    from scanner.pipeline import scan
    from scanner.report.inspect import write_tree

    watch = Watch([path], verbosity=0, quiet=quiet)
    options = ScanOptions(patterns=patterns, samples=0, passwords=passwords_of(reading), limits=limits_of(reading))
    try:
        result = scan(path, options=options, observer=watch)
    finally:
        watch.done()
    out = standard_output()
    write_tree(result, out, reveal=reveal)
    out.flush()
    context.exit(exit_of(result.artifacts))
