"""What goes beyond a lawful minimum, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any

from rich.text import Text

from scanner.model import Artifact, Disclosure
from scanner.report.text import paper
from scanner.report.words import count, printable
from scanner.terms import Status


def write_disclosures(
    checked: Sequence[tuple[Artifact, Disclosure]], case: Mapping[str, Any], out: IO[str], width: int | None = None
) -> None:
    """Write, file by file, the columns beyond the minimum of a case; takes what has passed the gate."""
    with paper(out, width) as on:
        on.print(Text.assemble(("purpose  ", "bold"), printable(str(case["title"]))))
        on.print(Text(printable(f"         {case['because']}"), style="dim"))
        for artifact, found in checked:
            on.print()
            if artifact.status in (Status.UNREADABLE, Status.SKIPPED):
                cause = artifact.problems[0].message if artifact.problems else "no cause known"
                on.print(Text.assemble(("not checked", "magenta"), printable(f"  {artifact.path}: {cause}")))
                continue
            many = len(found.excess)
            head = (f"{count(many, 'column')} too many", "bold red") if many else ("within the minimum", "green")
            part = "  as far as read" if artifact.status is Status.PARTIAL else ""
            on.print(Text.assemble(head, printable(f"  {artifact.path}"), (part, "yellow")))
            for one in found.excess:
                on.print(Text.assemble("  ", printable(one.column), (f"  {one.type.value}: {one.reason}", "dim")))
            if found.unjudged:
                names = ", ".join(found.unjudged[:12]) + (", …" if len(found.unjudged) > 12 else "")
                on.print(Text(printable(f"  to be looked at by a person: {names}"), style="yellow"))
            if found.note:
                on.print(Text(printable(f"  {found.note}"), style="yellow"))
        on.print()
        on.print(Text("Decision support, not legal advice.", style="dim"))
