"""`breachscan patterns list|show|test`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scanner.cli import patterns_option
from scanner.cli.exits import Exit

if TYPE_CHECKING:
    from scanner.packs.schema import Pack

EPILOG = """\b
Examples:
  breachscan patterns list
  breachscan patterns show msisdn
  breachscan patterns test --patterns my-rules/
"""
_WORDS_SHOWN = 12


@click.group("patterns", epilog=EPILOG, short_help="List, show and test the rule packs.")
def command() -> None:
    """List, show and test the rule packs."""


def _entries(pack: Pack) -> list[tuple[str, str, str, Any]]:
    """Kind, name, what it is for and the record of every entry of a pack."""
    out: list[tuple[str, str, str, Any]] = []
    out += [("notation", one.id, f"{one.column_type}: {one.label}", one) for one in pack.notations]
    out += [("expression", one.id, f"{one.column_type}: {one.label}", one) for one in pack.expressions]
    out += [("enumeration", one.id, f"{one.column_type}: {one.label}", one) for one in pack.enumerations]
    out += [("lexicon", one.name, f"{one.column_type}: {len(one.words):,} words", one) for one in pack.lexicons]
    out += [("header", one.role, f"{one.column_type}: {len(one.words):,} spellings", one) for one in pack.headers]
    out += [("structure", one.structure.value, f"{len(one.roles)} roles", one) for one in pack.structures]
    out += [("table", name, f"{len(one.codes):,} codes", one) for name, one in sorted(pack.tables.items())]
    out += [("settings", name, f"{len(values):,} entries", values) for name, values in sorted(pack.settings.items())]
    return out


@command.command("list")
@patterns_option
def list_(patterns: Path | None) -> None:
    """List every entry: kind, name, what it is for."""
    from scanner.packs import load_pack

    pack = load_pack(patterns)
    click.echo(f"version {pack.version}, sha256 {pack.sha256}\n")
    entries = _entries(pack)
    width = max((len(name) for _, name, _, _ in entries), default=0)
    for kind, name, use, _ in entries:
        click.echo(f"{kind:<11} {name:<{width}}  {use}")


def _value(value: Any) -> str:
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
def show(name: str, patterns: Path | None) -> None:
    """Show every entry whose name is NAME or begins with `NAME.`."""
    from scanner.packs import load_pack

    found = [one for one in _entries(load_pack(patterns)) if one[1] == name or one[1].startswith(f"{name}.")]
    if not found:
        raise click.UsageError(f"no entry is named {name!r}; `breachscan patterns list` lists them all")
    for kind, entry, use, record in found:
        click.secho(f"{kind} {entry}", bold=True, nl=False)
        click.echo(f"  {use}")
        values: Mapping[str, Any] = record if isinstance(record, Mapping) else {}
        if dataclasses.is_dataclass(record) and not isinstance(record, type):
            values = {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
        for field, value in values.items():
            click.echo(f"  {field}: {_value(value)}")


@command.command()
@patterns_option
@click.pass_context
def test(context: click.Context, patterns: Path | None) -> None:
    """Check that every entry has its sources and examples and that they match as they should.

    Ends with status 1 and a line a fault where they do not.
    """
    from scanner.packs import load_pack
    from scanner.packs.check import check_pack

    pack = load_pack(patterns)
    faults = [str(fault) for fault in check_pack(pack)]
    for fault in faults:
        click.echo(fault)
    click.echo(f"{len(_entries(pack)):,} entries, {len(faults):,} faults", err=bool(faults))
    if faults:
        context.exit(Exit.REACHED)
