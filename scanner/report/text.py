"""The report for people: files ranked, then file by file what it is, whom it exposes, and why it scores so."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from scanner.model import Advice, Artifact, Column, Estimate, SampleFigures, ScanResult
from scanner.report import gate
from scanner.report.words import (
    LEVEL_STYLES,
    STRUCTURES,
    basis_name,
    count,
    hash_words,
    is_harmless,
    linked_words,
    names_of,
    printable,
    seconds,
    size,
    subject,
)
from scanner.terms import ColumnType, Form, Level, Status

#: Width where there is no terminal to ask.
PIPE_WIDTH = 110
#: Entries of a list that a file's section shows.
_FEW = 8
_STATUS_STYLES = {Status.PARTIAL: "yellow", Status.UNREADABLE: "magenta", Status.SKIPPED: "magenta"}


@contextmanager
def paper(out: IO[str], width: int | None = None) -> Iterator[Console]:
    """A console that ends up on a stream: coloured on a terminal; in a pipe or file plain, without blanks at line ends.

    Data is never taken for markup.
    """
    terminal = out.isatty()
    held = out if terminal else io.StringIO()
    if width is None and not terminal:
        width = PIPE_WIDTH
    yield Console(file=held, width=width, highlight=False, markup=False, emoji=False)
    if isinstance(held, io.StringIO) and held is not out:
        held.seek(0)
        out.writelines(line.rstrip() + "\n" for line in held)


def _t(text: str, style: str = "") -> Text:
    return Text(printable(text), style=style, overflow="fold")


def _level(level: Level, status: Status) -> Text:
    if status in (Status.UNREADABLE, Status.SKIPPED):
        return Text("?", style=_STATUS_STYLES[status])
    return Text(f" {level.value} ", style=LEVEL_STYLES[level])


def _grid(rows: Iterable[tuple[str, RenderableType]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True, min_width=9)
    grid.add_column(ratio=1)
    for name, value in rows:
        grid.add_row(name, value)
    return grid


def _ranked(artifacts: Sequence[Artifact]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column("level", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("what it is", max_width=44)
    table.add_column("subscribers", justify="right", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("file", ratio=1, overflow="fold")
    for one in artifacts:
        unread = one.status in (Status.UNREADABLE, Status.SKIPPED)
        table.add_row(
            _level(one.severity.level, one.status),
            "–" if unread else f"{one.severity.score:g}",
            _t(subject(one), _STATUS_STYLES.get(one.status, "")),
            "–" if unread else f"{one.subscribers.distinct:,}",
            "–" if unread else f"{one.rows:,}",
            _t(one.path),
        )
    return table


def _what(one: Artifact) -> str:
    parts = [subject(one), one.format.value + (f", {one.encoding}" if one.encoding else "")]
    if one.status in (Status.COMPLETE, Status.PARTIAL):
        parts.append(count(one.rows, "line" if one.format.value == "text" else "row"))
    if one.bad_rows:
        parts.append(f"{count(one.bad_rows, 'row')} out of shape, scanned as text")
    if one.size_bytes is not None:
        parts.append(size(one.size_bytes))
    return " · ".join(parts)


def _coverage(one: Artifact) -> str:
    held = one.coverage
    if held.bytes_total is None:
        return f"as far as read: {size(held.bytes_read)} examined"
    return f"as far as read: {size(held.bytes_read)} of {size(held.bytes_total)} examined"


def _sampled(held: SampleFigures) -> list[Text]:
    """What a sample says of the whole."""
    sure = f"{held.confidence:.0%}"
    lines = [_t(f"an estimate from {held.pieces:,} pieces, {held.share:.2%} of it: what is rare may have been missed")]
    lines.append(_t(f"all of it: about {_between(held.rows, 'row', 'rows')}, {sure} sure"))
    for kind, found in held.occurrences.items():
        low, high = held.distinct[kind]
        most = "" if high is None else f", at most {high:,}"
        lines.append(_t(f"about {_between(found, *names_of(kind))}; {low:,} different at least{most}"))
    return lines


def _between(one: Estimate, singular: str, plural: str) -> str:
    """An estimate with its bounds."""
    bounds = "no bounds from so few pieces" if one.high is None else f"{one.low:,} to {one.high:,}"
    return f"{count(one.value, singular, plural)} ({bounds})"


def _exposed(one: Artifact) -> list[Text]:
    lines = []
    if one.subscribers.distinct:
        basis = one.subscribers.basis or ""
        lines.append(_t(f"{count(one.subscribers.distinct, 'subscriber')}, counted by {basis_name(basis)}"))
    for kind, held in one.identifiers.items():
        names = names_of(kind)
        different = "" if held.distinct is None else f", {held.distinct:,} different"
        lines.append(_t(f"{count(held.occurrences, *names)}{different}"))
    if one.linked.texts:
        lines.append(_t(linked_words(one.linked), "yellow"))
    for name, words in (("operator", "allocated to"), ("province", "registered in")):
        if name in one.breakdown:
            shares = [f"{who} {many:,}" for who, many in list(one.breakdown[name].items())[:6]]
            lines.append(_t(f"{words} {', '.join(shares)}", "dim"))
    if one.minors:
        lines.append(_t(f"{count(one.minors, 'row')} of persons under 18", "yellow"))
    return lines


def _name(column: Column) -> str:
    return column.name if column.name is not None else f"#{column.index + 1}"


def _structures(one: Artifact) -> list[Text]:
    names = {column.index: _name(column) for column in one.columns}
    lines = []
    for record in one.records:
        head = Text.assemble(
            (STRUCTURES[record.structure], "bold"), f" · {count(record.rows, 'row')} · sure to {record.confidence:.0%}"
        )
        if record.first_event:
            head.append(f" · {record.first_event} to {record.last_event}")
        lines.append(head)
        roles = [f"{role} = {names.get(index, f'#{index + 1}')}" for role, index in record.roles.items()]
        if roles:
            lines.append(_t("  " + ", ".join(roles), "dim"))
    return lines


def _columns(one: Artifact, every: bool) -> list[RenderableType]:
    listed = [c for c in one.columns if every or c.type is not ColumnType.OTHER]
    rest = [c for c in one.columns if c.type is ColumnType.OTHER]
    out: list[RenderableType] = []
    if listed:
        table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
        widest = max(cell_len(printable(_name(c))) for c in listed)
        table.add_column("column", overflow="fold", min_width=min(widest, 20), max_width=28)
        table.add_column("type", no_wrap=True)
        veiled = any(c.form is not Form.PLAIN for c in listed)
        if veiled:
            table.add_column("form", no_wrap=True)
        table.add_column("sure", justify="right", no_wrap=True)
        table.add_column("filled", justify="right", no_wrap=True)
        table.add_column("different", justify="right", no_wrap=True)
        table.add_column("samples", overflow="ellipsis", ratio=1)
        for column in listed:
            cells: list[RenderableType] = [
                _t(_name(column)),
                Text(column.type.value, style="" if column.type is not ColumnType.OTHER else "dim"),
            ]
            if veiled:
                cells.append(Text(column.form.value, style="" if column.form is Form.PLAIN else "yellow"))
            cells += [
                f"{column.confidence:.0%}",
                f"{column.rows_filled:,}",
                "–" if column.distinct is None else f"{column.distinct:,}",
                Text(printable("  ".join(column.samples)), style="dim", no_wrap=True, overflow="ellipsis"),
            ]
            table.add_row(*cells)
        out.append(table)
    tested = [(column, hash_words(column.hash)) for column in one.columns if column.hash is not None]
    out += [_t(f"{_name(column)}: {said}", "yellow") for column, said in tested if said]
    if rest and not every:
        shown = ", ".join(_name(c) for c in rest[:12]) + (", …" if len(rest) > 12 else "")
        out.append(_t(f"{count(len(rest), 'more column')} without a type: {shown}", "dim"))
    return out


def _score(one: Artifact) -> list[RenderableType]:
    severity = one.severity
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for factor in severity.factors:
        table.add_row(f"{factor.points:+.1f}", _t(factor.name), _t(factor.reason, "dim"))
    head = Text.assemble(
        (f"{severity.score:g}", "bold"), " of 100 ", (f" {severity.level.value} ", LEVEL_STYLES[severity.level])
    )
    if one.status is Status.PARTIAL:
        head.append("  as far as read", style="yellow")
    if "se" in severity.enisa:
        head.append(f"   ENISA 2013: {severity.enisa['se']:g} ({severity.enisa.get('label', '')})", style="dim")
    return [head, table] if severity.factors else [head]


def _problems(one: Artifact) -> list[Text]:
    lines = []
    for problem in one.problems:
        row = f" (row {problem.row:,})" if problem.row is not None else ""
        lines.append(Text.assemble((problem.code.value, "yellow"), printable(f"{row}: {problem.message}")))
    return lines


def _lawful(one: Artifact) -> list[Text]:
    """For each case in which a licence allows disclosure, the columns beyond its minimum."""
    lines = []
    for found in one.disclosures:
        names = [held.column for held in found.excess]
        more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
        text = f"beyond the minimum: {', '.join(names[:_FEW])}{more}" if names else "within the minimum"
        note = f"; {found.note}" if found.note else ""
        lines.append(Text.assemble(printable(found.title), (printable(f": {text}{note}"), "dim")))
    return lines


def _duties(one: Artifact, every: bool) -> list[Text]:
    """Rules that may be engaged; in the long report what each asks for, and why."""
    if every:
        lines = [
            Text.assemble(printable(duty.title), (printable(f": {duty.asks}. {duty.reason}"), "dim"))
            for duty in one.obligations
        ]
    else:
        lines = [_t(duty.title) for duty in one.obligations]
    more = "" if every else " What each asks for, and why: -v."
    return [*lines, Text(f"Decision support, not legal advice.{more}", style="dim italic")]


def _advice(steps: Sequence[Advice]) -> Table:
    """What to do now, by stage."""
    rows: list[tuple[str, RenderableType]] = []
    for at, step in enumerate(steps):
        rows.append(("" if at and steps[at - 1].stage == step.stage else step.stage, _t(step.text)))
    return _grid(rows)


def _section(one: Artifact, every: bool) -> RenderableType:
    rows: list[tuple[str, RenderableType]] = [("what", _t(_what(one)))]
    if one.duplicate_of is not None:
        rows.append(("", _t(f"the same rows as {one.duplicate_of}", "yellow")))
    if one.status is Status.PARTIAL:
        rows.append(("", _t(_coverage(one), "yellow")))
    if one.sample is not None:
        rows.append(("sample", Group(*_sampled(one.sample))))
    if exposed := _exposed(one):
        rows.append(("exposes", Group(*exposed)))
    if structures := _structures(one):
        rows.append(("structure", Group(*structures)))
    parts: list[RenderableType] = [_grid(rows)]
    if columns := _columns(one, every):
        parts.append(Padding(Group(*columns), (1, 0, 1, 2)))
    rest: list[tuple[str, RenderableType]] = []
    if one.status in (Status.COMPLETE, Status.PARTIAL):
        rest.append(("score", Group(*_score(one))))
    if one.overlaps:
        shared = [
            _t(f"{count(held.shared_subscribers, *names_of(held.on))} ({held.share_of_this:.0%}) also in {held.path}")
            for held in one.overlaps[:_FEW]
        ]
        if len(one.overlaps) > _FEW:
            shared.append(_t(f"and {len(one.overlaps) - _FEW} more", "dim"))
        rest.append(("overlaps", Group(*shared)))
    if one.disclosures:
        rest.append(("lawful", Group(*_lawful(one))))
    if one.obligations:
        rest.append(("may engage", Group(*_duties(one, every))))
    if one.problems:
        rest.append(("problems", Group(*_problems(one))))
    parts.append(_grid(rest))
    if one.status is Status.COMPLETE or one.status is Status.PARTIAL:
        title = Text.assemble(_level(one.severity.level, one.status), f" {one.severity.score:g}  ", printable(one.path))
    else:
        title = Text.assemble((one.status.value, _STATUS_STYLES[one.status]), "  ", printable(one.path))
    return Group("", Rule(title, align="left", characters="─", style="dim"), *parts)


def _opening(result: ScanResult) -> Group:
    summary = result.summary
    read = summary.by_status.get(Status.COMPLETE, 0)
    states = [f"{many:,} {name}" for name, many in summary.by_status.items() if many and name != Status.COMPLETE]
    head = Text.assemble(("breachscan ", "bold"), result.version, style="")
    head.append(f" · {count(summary.artifacts, 'artifact')} in {seconds(result.duration_seconds)}", style="dim")
    head.append(f" · {read:,} read in full", style="dim")
    if states:
        head.append(" · " + ", ".join(states), style="yellow")
    lines: list[RenderableType] = [head]
    verdict = Text.assemble(_level(summary.severity.level, Status.COMPLETE), f" {summary.severity.score:g} of 100")
    if summary.subscribers.distinct:
        basis = summary.subscribers.basis or ""
        people = count(summary.subscribers.distinct, "subscriber")
        verdict.append(f" · {people} exposed, counted by {basis_name(basis)}")
    elif summary.severity.level is Level.NONE:
        verdict.append(" · nothing about a person found" + (" as far as read" if states else ""))
    lines += [verdict, ""]
    return Group(*lines)


def ranked(artifacts: Iterable[Artifact]) -> list[Artifact]:
    """Worst first: by score, then what was not read in full, then path."""
    return sorted(artifacts, key=lambda one: (-one.severity.score, is_harmless(one), one.path))


def write_text(
    result: ScanResult, out: IO[str], *, reveal: bool = False, verbose: bool = False, width: int | None = None
) -> None:
    """Write the report for people; `verbose` lists columns without a type and harmless files in full too."""
    with paper(out, width) as on:
        print_text(result, on, reveal=reveal, verbose=verbose)


def print_text(
    result: ScanResult,
    on: Console,
    *,
    reveal: bool = False,
    verbose: bool = False,
    sections: Sequence[Artifact] | None = None,
) -> None:
    """Print the report on a console of the caller's; `sections` limits the files shown in detail."""
    chosen = None if sections is None else {gate.show_artifact(one, reveal).path for one in sections}
    result = gate.show(result, reveal)
    order = ranked(result.artifacts)
    harmless = [one for one in order if is_harmless(one)]
    matter = [one for one in order if not is_harmless(one)]
    on.print(_opening(result))
    if matter:
        on.print(_ranked(matter))
    if harmless:
        on.print()
        on.print(Text(f"{count(len(harmless), 'file')} read in full with nothing about a person found:", style="dim"))
        for one in harmless:
            notes = f" · {', '.join(problem.code.value for problem in one.problems)}" if one.problems else ""
            line = f"  {one.path}  {one.format.value}, {count(one.rows, 'row')}{notes}"
            on.print(_t(line, "dim"))
    if result.summary.advice:
        on.print()
        on.print(Rule("what to do now", align="left", style="dim"))
        on.print(_advice(result.summary.advice))
    for one in order if verbose else matter:
        if chosen is not None and one.path not in chosen:
            continue
        on.print(_section(one, verbose))
    if result.summary.linkage:
        on.print()
        on.print(Rule("together", align="left", style="dim"))
        for link in result.summary.linkage:
            head = Text.assemble(_level(link.severity.level, Status.COMPLETE), f" {link.severity.score:g}  ")
            on.print(head.append_text(_t(" + ".join(link.artifacts))))
            on.print(Padding(_t(link.reason, "dim"), (0, 4)))
