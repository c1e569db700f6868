"""`breachscan check-disclosure`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scanner.cli import patterns_option
from scanner.cli.exits import Exit, exit_of
from scanner.cli.progress import Watch
from scanner.cli.streams import standard_output
from scanner.options import ScanOptions
from scanner.terms import ColumnType

if TYPE_CHECKING:
    from scanner.model import Artifact, Disclosure

EPILOG = """\b
Examples:
  breachscan check-disclosure outgoing.xlsx --purpose debt-recovery
  breachscan check-disclosure outgoing.csv --purpose consent --agreed msisdn,person_name
  breachscan check-disclosure outgoing/ --purpose inter-operator --format json

\b
Exit status:
  0  nothing goes beyond the minimum of the purpose
  1  columns go beyond it; they are named
  2  the command line or a rule pack was wrong, nothing was checked
  3  something could be read only in part or not at all (wins over 1)
  4  the scanner itself failed
"""


class Types(click.ParamType[frozenset[ColumnType]]):
    """Column types of the report, separated by commas."""

    name = "types"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[ColumnType]:
        """The types that a text names."""
        if isinstance(value, frozenset):
            return value
        words = [word.strip() for word in str(value).split(",") if word.strip()]
        try:
            return frozenset(ColumnType(word) for word in words)
        except ValueError:
            known = ", ".join(kind.value for kind in ColumnType if kind is not ColumnType.OTHER)
            self.fail(f"expected column types of the report, separated by commas: {known}", param, ctx)


@click.command(
    "check-disclosure", epilog=EPILOG, short_help="Say which columns go beyond what a lawful disclosure needs."
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--purpose", required=True, metavar="NAME",
    help="debt-recovery, inter-operator, legal-compliance or consent, or one of your own pack.",
)  # fmt: skip
@click.option("--agreed", type=Types(), default=frozenset(), metavar="TYPES", help="Types that the person agreed to.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@patterns_option
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@click.pass_context
def command(
    context: click.Context,
    paths: tuple[str, ...],
    purpose: str,
    agreed: frozenset[ColumnType],
    format_: str,
    patterns: Path | None,
    quiet: bool,
) -> None:
    """Say which columns of outgoing files go beyond the minimum that a lawful disclosure needs.

    Run it before a file is shared. What the licences allow is decided by people: this is decision support, not legal
    advice.
    """
    from scanner.packs import load_pack
    from scanner.pipeline import scan
    from scanner.report.gate import show_artifact
    from scanner.score.lawful import disclosure
    from scanner.score.lawful import purpose as case_of

    pack = load_pack(patterns)
    case = case_of(pack, purpose)
    if agreed and not case.get("agreed"):
        raise click.UsageError(f"--agreed goes with a purpose that rests on consent, not with {purpose}")
    if case.get("agreed") and not agreed:
        raise click.UsageError(f"--purpose {purpose} needs --agreed: the types that the person was told of")
    watch = Watch(paths, verbosity=0, quiet=quiet)
    try:
        result = scan(*paths, options=ScanOptions(patterns=patterns), observer=watch)
    finally:
        watch.done()
    checked = [
        (artifact, disclosure(artifact, case, pack, agreed)) for artifact in map(show_artifact, result.artifacts)
    ]
    out = standard_output(json=format_ == "json")
    if format_ == "json":
        out.write(json.dumps(_document(purpose, checked), ensure_ascii=False, indent=1) + "\n")
    else:
        from scanner.report.disclosure import write_disclosures

        write_disclosures(checked, case, out)
    out.flush()
    status = exit_of(result.artifacts)
    if status is Exit.OK and any(found.excess for _, found in checked):
        status = Exit.REACHED
    context.exit(status)


def _document(purpose: str, checked: list[tuple[Artifact, Disclosure]]) -> dict[str, Any]:
    """What was checked, as JSON has it."""
    from scanner.report.document import disclosure_document

    return {
        "schema_version": "1",
        "purpose": purpose,
        "within_minimum": not any(found.excess for _, found in checked),
        "artifacts": [
            {
                "path": artifact.path,
                "status": artifact.status.value,
                "subscribers": artifact.subscribers.distinct,
                **disclosure_document(found),
            }
            for artifact, found in checked
        ],
        "note": "Decision support, not legal advice.",
    }
