"""Two scans side by side: from scans or reports to a comparison's sides, and its renderings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import IO, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from scanner.model import Artifact, Summary
from scanner.report.gate import show_artifact, show_message, show_summary
from scanner.report.text import paper
from scanner.report.words import LEVEL_STYLES, STRUCTURES, basis_name, count, names_of, printable
from scanner.score.comparison import Comparison, Side, sets_of
from scanner.score.holding import Holding
from scanner.terms import ColumnType, Level


def _side(name: str, artifacts: Sequence[Mapping[str, Any]], summary: Mapping[str, Any], **exact: Any) -> Side:
    """A side from the report contract's objects."""
    structures: Counter[str] = Counter()
    identifiers: Counter[str] = Counter()
    for artifact in artifacts:
        for record in artifact["records"]:
            structures[record["structure"]] += record["rows"]
        for kind, held in artifact["identifiers"].items():
            identifiers[kind] += held["distinct"] or 0
    listed = [column for artifact in artifacts for column in artifact["columns"]]
    types = {column.get("identifier", column["type"]) for column in listed} - {ColumnType.OTHER.value}
    severity = summary["severity"]
    return Side(
        name=name,
        artifacts=len(artifacts),
        rows=sum(artifact["rows"] for artifact in artifacts),
        structures=MappingProxyType(dict(structures)),
        types=frozenset(types),
        identifiers=MappingProxyType(dict(identifiers)),
        subscribers=summary["subscribers"]["distinct"],
        basis=summary["subscribers"]["basis"],
        score=float(severity["score"]),
        level=Level(severity["level"]).value,
        enisa=str(severity.get("enisa", {}).get("label", "")),
        **exact,
    )


def side_of_report(name: str, report: Mapping[str, Any]) -> Side:
    """A side from a report of `scan --format json`.

    Raises:
        KeyError, TypeError, ValueError: it is none of version 1.
    """
    if report["schema_version"] != "1":
        raise ValueError("not version 1")
    return _side(show_message(name), report["artifacts"], report["summary"])


def side_of_scan(name: str, artifacts: Sequence[Artifact], summary: Summary, holdings: Sequence[Holding]) -> Side:
    """A side from a scan, with the exact sets."""
    from scanner.report.document import artifact_document, summary_document

    shown = [artifact_document(show_artifact(artifact)) for artifact in artifacts]
    return _side(
        show_message(name),
        shown,
        summary_document(show_summary(summary)),
        runs=sets_of([holding.runs for holding in holdings]),
        shapes=tuple(holding.shape for holding in holdings),
    )


def _side_document(side: Side) -> dict[str, Any]:
    return {
        "name": side.name,
        "artifacts": side.artifacts,
        "rows": side.rows,
        "structures": dict(side.structures),
        "types": sorted(side.types),
        "identifiers": dict(side.identifiers),
        "subscribers": {"distinct": side.subscribers, "basis": side.basis},
        "severity": {"score": side.score, "level": side.level, "enisa": side.enisa},
        "exact": side.runs is not None,
    }


def comparison_document(found: Comparison) -> dict[str, Any]:
    """A comparison as JSON has it; `shared` is null where a side is a report."""
    return {
        "schema_version": "1",
        "a": _side_document(found.a),
        "b": _side_document(found.b),
        "shared": None
        if found.shared is None
        else [
            {"on": one.on.value, "both": one.both, "only_a": one.only_a, "only_b": one.only_b} for one in found.shared
        ],
        "copies": found.copies,
        "types_only_a": sorted(found.a.types - found.b.types),
        "types_only_b": sorted(found.b.types - found.a.types),
    }


def write_comparison(found: Comparison, out: IO[str], width: int | None = None) -> None:
    """Write a comparison for people."""
    a, b = found.a, found.b
    with paper(out, width) as on:
        table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
        table.add_column("", no_wrap=True, style="bold")
        table.add_column(Text(printable(a.name)), overflow="fold")
        table.add_column(Text(printable(b.name)), overflow="fold")
        for name, values in (
            ("severity", [_severity(side) for side in (a, b)]),
            ("subscribers", [Text(_people(side)) for side in (a, b)]),
            ("artifacts", [Text(f"{side.artifacts:,}") for side in (a, b)]),
            ("rows", [Text(f"{side.rows:,}") for side in (a, b)]),
            ("structure", [Text(_structures(side)) for side in (a, b)]),
            (
                "only there",
                [Text(", ".join(sorted(one.types - other.types)) or "–") for one, other in ((a, b), (b, a))],
            ),
        ):
            table.add_row(name, *values)
        on.print(table)
        on.print()
        if found.shared is None:
            text = "How many stand in both: not known from a report, which does not hold the sets; name the data."
            on.print(Text(text, style="yellow"))
            return
        people = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
        people.add_column("identifier", no_wrap=True)
        for name in ("in both", "only in the first", "only in the second"):
            people.add_column(name, justify="right", no_wrap=True)
        for one in found.shared:
            words = names_of(one.on)[1]
            people.add_row(words, f"{one.both:,}", f"{one.only_a:,}", f"{one.only_b:,}")
        if found.shared:
            on.print(people)
        else:
            on.print(Text("Neither holds an identifier on which they could be joined.", style="dim"))
        if found.copies:
            on.print()
            on.print(
                Text(f"{count(found.copies, 'artifact')} of one hold the rows of one of the other.", style="yellow")
            )


def _severity(side: Side) -> Text:
    text = Text.assemble((f" {side.level} ", LEVEL_STYLES[Level(side.level)]), f" {side.score:g}")
    return text.append(f"  ENISA: {side.enisa}", style="dim") if side.enisa else text


def _people(side: Side) -> str:
    if not side.subscribers or side.basis is None:
        return "none"
    return f"{side.subscribers:,} by {printable(basis_name(side.basis))}"


def _structures(side: Side) -> str:
    known = {structure.value: words for structure, words in STRUCTURES.items()}
    listed = [f"{known.get(name, printable(name))} ({rows:,} rows)" for name, rows in side.structures.items()]
    return ", ".join(listed) or "none recognised"
