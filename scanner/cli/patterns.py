"""`breachscan patterns list|show|test`."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scanner.cli import patterns_option
from scanner.cli.exits import Exit
from scanner.cli.streams import standard_output
from scanner.terms import PackType

if TYPE_CHECKING:
    from scanner.packs.schema import Pack

EPILOG = """\b
Examples:
  breachscan patterns list
  breachscan patterns show msisdn
  breachscan patterns test --patterns my-rules/

\b
Exit status of `test`:
  0  every entry is as it should be
  1  a line for each fault, with file and line
  2  the files cannot be used at all: the fault is named with file and entry
"""
_WORDS_SHOWN = 12


@click.group("patterns", epilog=EPILOG, short_help="List, show and test the rule packs.")
def command() -> None:
    """List, show and test the rule packs."""


format_option = click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="text for people, json for programs.",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Listed:
    """One entry of a pack, for people."""

    kind: str
    name: str
    use: str
    record: Any
    examples: int


def _entries(pack: Pack) -> list[Listed]:
    """Every entry of a pack with what it is for and how many examples it has."""
    rows: list[tuple[str, str, str, Any]] = []
    rows += [("identifier", one.type.value, one.type.label, one) for one in pack.identifiers]
    rows += [("notation", one.id, f"{one.column_type}: {one.label}", one) for one in pack.notations]
    rows += [("expression", one.id, f"{one.column_type}: {one.label}", one) for one in pack.expressions]
    rows += [("enumeration", one.id, f"{one.column_type}: {one.label}", one) for one in pack.enumerations]
    rows += [("lexicon", one.name, f"{one.column_type}: {len(one.words):,} words", one) for one in pack.lexicons]
    rows += [("header", one.role, f"{one.column_type}: {len(one.words):,} spellings", one) for one in pack.headers]
    rows += [("structure", one.id, f"{one.structure}: {len(one.roles)} roles", one) for one in pack.structures]
    rows += [("table", name, f"{len(one.codes):,} codes", one) for name, one in sorted(pack.tables.items())]
    out = [Listed(*row, len(getattr(row[3], "positive", ())) + len(getattr(row[3], "negative", ()))) for row in rows]
    for name, values in sorted(pack.settings.items()):
        out.append(Listed("settings", name, f"{len(values):,} entries", values, _examples(values)))
    return out


def _examples(value: Any) -> int:
    """How many examples stand anywhere in a setting."""
    if isinstance(value, Mapping):
        own = sum(len(value.get(key, ())) for key in ("positive", "negative"))
        return own + sum(_examples(held) for held in value.values())
    return sum(map(_examples, value)) if isinstance(value, list) else 0


def _plain(value: Any) -> Any:
    """A record as JSON has it."""
    if isinstance(value, PackType):
        return {"id": str(value), "label": value.label, "plural": value.plural, "weighs_as": value.weighs_as.value}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(held) for key, held in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(map(_plain, value))
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))


@command.command("list")
@patterns_option
@format_option
def list_(patterns: Path | None, format_: str) -> None:
    """List every entry: kind, name, what it is for, how many examples it has."""
    from scanner.packs import load_pack

    pack = load_pack(patterns)
    entries = _entries(pack)
    if format_ == "json":
        listed = [{"kind": e.kind, "name": e.name, "use": e.use, "examples": e.examples} for e in entries]
        _print_json({"version": pack.version, "sha256": pack.sha256, "entries": listed})
        return
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from scanner.report.text import paper
    from scanner.report.words import count, printable

    with paper(standard_output()) as on:
        on.print(Text.assemble(("rule pack ", "bold"), pack.version, (f"  sha256 {pack.sha256}", "dim")))
        for kind, many in Counter(entry.kind for entry in entries).items():
            on.print()
            table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
            plural = kind if kind.endswith("s") else None
            table.add_column(count(many, kind, plural), no_wrap=True)
            table.add_column("what it is for", ratio=1, overflow="fold")
            table.add_column("examples", justify="right")
            for entry in entries:
                if entry.kind == kind:
                    many_examples = f"{entry.examples:,}" if entry.examples else "–"
                    table.add_row(printable(entry.name), printable(entry.use), many_examples)
            on.print(table)


def _value(value: Any) -> str:
    if isinstance(value, PackType):
        return f"{value} ({value.label}, {value.plural}), weighs as {value.weighs_as}"
    if isinstance(value, Mapping):
        shown = list(value.items())[:_WORDS_SHOWN]
        lines = [f"\n      {key}: {_value(held)}" for key, held in shown]
        more = f"\n      … {len(value) - len(shown):,} more" if len(value) > len(shown) else ""
        return "".join(lines) + more
    if isinstance(value, tuple) and value and all(isinstance(group, tuple) for group in value):
        return " and ".join(f"({' or '.join(map(str, group))})" for group in value)
    if isinstance(value, frozenset | tuple | list):
        words = [_value(item) for item in (sorted(value) if isinstance(value, frozenset) else value)]
        more = f", … {len(words) - _WORDS_SHOWN:,} more" if len(words) > _WORDS_SHOWN else ""
        return ", ".join(words[:_WORDS_SHOWN]) + more
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return "; ".join(str(getattr(value, field.name)) for field in dataclasses.fields(value))
    return str(value)


@command.command()
@click.argument("name")
@patterns_option
@format_option
def show(name: str, patterns: Path | None, format_: str) -> None:
    """Show every entry whose name is NAME or begins with `NAME.`."""
    from scanner.packs import load_pack

    entries = _entries(load_pack(patterns))
    found = [one for one in entries if one.name == name or one.name.startswith(f"{name}.")]
    if not found:
        import difflib

        near = difflib.get_close_matches(name, [one.name for one in entries], 3)
        hint = f"; near it: {', '.join(near)}" if near else ""
        raise click.UsageError(f"no entry is named {name!r}{hint}; `breachscan patterns list` lists them all")
    if format_ == "json":
        _print_json([{"kind": one.kind, "name": one.name, "entry": _plain(one.record)} for one in found])
        return
    from rich.table import Table
    from rich.text import Text

    from scanner.report.text import paper
    from scanner.report.words import printable

    with paper(standard_output()) as on:
        for one in found:
            on.print(Text.assemble((f"{one.kind} {one.name}", "bold"), (f"  {printable(one.use)}", "dim")))
            values: Mapping[str, Any] = one.record if isinstance(one.record, Mapping) else {}
            if dataclasses.is_dataclass(one.record) and not isinstance(one.record, type):
                values = {field.name: getattr(one.record, field.name) for field in dataclasses.fields(one.record)}
            grid = Table.grid(padding=(0, 2))
            grid.add_column(style="bold", no_wrap=True, min_width=14)
            grid.add_column(ratio=1, overflow="fold")
            for field, value in values.items():
                grid.add_row(f"  {field}", printable(_value(value)) if "\n" not in _value(value) else _value(value))
            on.print(grid)
            on.print()


@command.command()
@patterns_option
@format_option
@click.pass_context
def test(context: click.Context, patterns: Path | None, format_: str) -> None:
    """Check that every entry has its sources and examples and that they match as they should.

    Settings are checked too: severity, ENISA, duties, steps, purposes, thresholds, calibration, header words. Ends with
    status 1 and a line a fault where something is wrong.
    """
    from scanner.packs import load_pack
    from scanner.packs.check import check_pack, placed
    from scanner.packs.load import built_in_folder

    pack = load_pack(patterns)
    folders = [built_in_folder(), *([patterns] if patterns is not None else [])]
    faults = [placed(fault, folders) for fault in check_pack(pack)]
    entries = _entries(pack)
    examples = sum(entry.examples for entry in entries)
    if format_ == "json":
        listed = [{"place": f.place or None, "entry": f.entry, "message": f.message} for f in faults]
        _print_json({"sha256": pack.sha256, "entries": len(entries), "examples": examples, "faults": listed})
    else:
        for fault in faults:
            click.echo(str(fault))
        said = f"{len(entries):,} entries, {examples:,} examples, {len(faults):,} faults"
        click.echo(said, err=bool(faults))
    if faults:
        context.exit(Exit.REACHED)
