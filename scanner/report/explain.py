"""Why each column and structure of a file was judged so: the evidence as numbers, for and against."""

from __future__ import annotations

from typing import IO

from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from scanner.model import Artifact, Column, Evidence, ScanResult
from scanner.report import gate
from scanner.report.text import paper
from scanner.report.words import STRUCTURES, count, linked_words, printable
from scanner.terms import ColumnType, Form


def _evidence(evidence: tuple[Evidence, ...]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=4)
    grid.add_column(justify="right", no_wrap=True, min_width=7)
    grid.add_column(width=8, no_wrap=True)
    grid.add_column(max_width=36)
    grid.add_column(ratio=1)
    for one in sorted(evidence, key=lambda e: -e.weight):
        style = "green" if one.weight > 0 else "red" if one.weight < 0 else "dim"
        side = "for" if one.weight > 0 else "against" if one.weight < 0 else "neither"
        row = (Text(f"{one.weight:+.3f}", style=style), Text(side, style=style), printable(one.subject))
        grid.add_row("", *row, Text(printable(one.text), style="dim"))
    return grid


def _verdict(column: Column) -> Text:
    name = column.name if column.name is not None else "no header"
    head = Text.assemble((f"#{column.index + 1} ", "dim"), (printable(name), "bold"), "  →  ")
    if column.type is ColumnType.OTHER:
        head.append("no type")
    else:
        head.append(column.type.value, style="bold cyan")
        if column.form is not Form.PLAIN:
            head.append(f" ({column.form.value})", style="yellow")
        head.append(f", sure to {column.confidence:.0%}")
    if column.role:
        head.append(f", role {column.role}")
    head.append(f"   {count(column.rows_filled, 'cell')} filled, {column.rows_matched:,} fit", style="dim")
    if column.distinct is not None:
        head.append(f", {column.distinct:,} different", style="dim")
    return head


def _explain(one: Artifact, on: Console) -> None:
    on.print(Rule(Text(printable(one.path), style="bold"), align="left", style="dim"))
    on.print(Text(f"{one.format.value}, {one.status.value}, {count(one.rows, 'row')}", style="dim"))
    for problem in one.problems:
        row = f" (row {problem.row:,})" if problem.row is not None else ""
        on.print(Text.assemble((problem.code.value, "yellow"), printable(f"{row}: {problem.message}")))
    for column in one.columns:
        on.print()
        on.print(_verdict(column))
        if column.samples:
            on.print(Text("     samples  " + printable("  ".join(column.samples)), style="dim"))
        if column.evidence:
            on.print(_evidence(column.evidence))
        elif column.type is ColumnType.OTHER:
            why = "no cell and no header spoke for any type" if column.rows_filled else "no cell is filled"
            on.print(Text(f"     {why}", style="dim"))
    if one.linked.texts:
        on.print()
        on.print(Text(linked_words(one.linked), style="yellow"))
    if one.columns and not one.records:
        on.print()
        on.print(Text("no structure: the columns found do not fill the roles that any structure needs", style="dim"))
    names = {column.index: column.name or f"#{column.index + 1}" for column in one.columns}
    for record in one.records:
        on.print()
        on.print(
            Text.assemble(
                "structure  ",
                (STRUCTURES[record.structure], "bold cyan"),
                f", sure to {record.confidence:.0%}",
                (f"   {count(record.rows, 'row')}", "dim"),
            )
        )
        roles = ", ".join(f"{role} = {names.get(index, f'#{index + 1}')}" for role, index in record.roles.items())
        on.print(Text(f"     {printable(roles)}", style="dim"))
        if record.evidence:
            on.print(_evidence(record.evidence))
    on.print()
    on.print(Text.assemble("score  ", (f"{one.severity.score:g}", "bold"), f" of 100, {one.severity.level.value}"))
    if one.severity.factors:
        on.print(_evidence(tuple(Evidence(f.name, f.points, f.reason) for f in one.severity.factors)))
    on.print()


def write_explanation(result: ScanResult, out: IO[str], *, reveal: bool = False, width: int | None = None) -> None:
    """Write the evidence behind every verdict of a result."""
    with paper(out, width) as on:
        for artifact in gate.show(result, reveal).artifacts:
            _explain(artifact, on)
