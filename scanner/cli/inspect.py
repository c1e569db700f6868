"""`breachscan inspect`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from scanner import __version__
from scanner.cli.exits import Exit
from scanner.cli.reading import limits_of, passwords_of, reading_options
from scanner.cli.streams import standard_output
from scanner.options import ScanOptions
from scanner.terms import Status

if TYPE_CHECKING:
    from scanner.model import Inspected

EPILOG = """\b
Examples:
  breachscan inspect drop.zip
  breachscan inspect crm.sqlite
  breachscan inspect seized/ --format json
"""


@click.command("inspect", epilog=EPILOG, short_help="Show what a file holds: containers, members, tables.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="text for people, json as one document.",
)
@click.option("--reveal", is_flag=True, help="Show names that hold identifiers whole.")
@reading_options
@click.option("-q", "--quiet", is_flag=True, hidden=True, expose_value=False)  # as for other commands; it is quiet
@click.pass_context
def command(context: click.Context, /, paths: tuple[str, ...], format_: str, reveal: bool, **reading: Any) -> None:
    """Show what a file holds: containers, members, tables, with format, layout, rows and what could not be read.

    Nothing is detected, and of a large file only the beginning is read: its rows are then said to be about so many.
    """
    from scanner.inspection import inspect
    from scanner.report.inspect import write_json, write_tree

    options = ScanOptions(passwords=passwords_of(reading), limits=limits_of(reading))
    left = []

    def watched() -> Iterator[Inspected]:
        for one in inspect(*paths, options=options):
            left.append(one.status in (Status.PARTIAL, Status.UNREADABLE))
            yield one

    out = standard_output(json=format_ == "json")
    if format_ == "json":
        write_json(watched(), out, version=__version__, reveal=reveal)
    else:
        write_tree(watched(), out, reveal=reveal)
    out.flush()
    context.exit(Exit.INCOMPLETE if any(left) else Exit.OK)
