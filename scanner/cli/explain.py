"""`breachscan explain`."""

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
  breachscan explain seized/cdr.csv
  breachscan explain seized/cdr.csv | less
"""


@click.command("explain", epilog=EPILOG, short_help="Show why each column and structure of a file was judged so.")
@click.argument("path", metavar="PATH")
@patterns_option
@click.option("--reveal", is_flag=True, help="Show identifiers whole.")
@reading_options
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@click.pass_context
def command(
    context: click.Context, /, path: str, patterns: Path | None, reveal: bool, quiet: bool, **reading: Any
) -> None:
    """Show why each column and structure of a file was judged so.

    Every reason is a number: above 0 it speaks for the type, below 0 against it. Columns without a type show what
    spoke for one and what outweighed it.
    """
    from scanner.pipeline import scan
    from scanner.report.explain import write_explanation

    watch = Watch([path], verbosity=0, quiet=quiet)
    options = ScanOptions(patterns=patterns, reveal=reveal, passwords=passwords_of(reading), limits=limits_of(reading))
    try:
        result = scan(path, options=options, observer=watch)
    finally:
        watch.done()
    out = standard_output()
    write_explanation(result, out, reveal=reveal)
    out.flush()
    context.exit(exit_of(result.artifacts))
