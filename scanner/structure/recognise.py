"""Which structures the rows of a table have, from the types and roles of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from scanner.model import Column, Evidence, Record
from scanner.packs.schema import Pack, StructureRule
from scanner.terms import AnyType, ColumnType, Form

#: Roles that a column of foreign numbers keeps although its values are no identifier.
_PARTIES = ("caller", "called", "subscriber_number")


_STANDING = ("activation_date", "expiry_date")


def _own_first(parties: list[Column]) -> list[Column]:
    """The parties with the subscriber's own column first: the one that its header names, else the one that repeats.

    In one subscriber's or one switch's records few numbers call many; where both sides repeat alike the order of the
    columns decides, which every export of call records keeps.
    """
    callers = [column for column in parties if column.role == "caller"]
    if callers:
        return callers + [column for column in parties if column.role != "caller"]
    if len(parties) == 2 and not any(column.role == "called" for column in parties):
        first, second = (column.distinct or 0 for column in parties)
        if second * 4 < first:
            return parties[::-1]
    return parties


def with_roles(columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns with the role of each party filled in where the header leaves it open."""
    timed = any(c.type is ColumnType.TIMESTAMP and c.role not in _STANDING for c in columns)
    parties = _own_first([column for column in columns if column.type is ColumnType.MSISDN])
    out = {column.index: column for column in columns}
    if timed and len(parties) >= 2 and not any(column.role == "called" for column in parties):
        open_roles = (None, "caller", "subscriber_number") if parties[0].role == "caller" else (None, "caller")
        other = next((c for c in parties[1:] if c.role in open_roles), None)
        if other is not None and parties[0].role in (None, "caller", "subscriber_number"):
            out[other.index] = replace(other, role="called")
    first = next((c for c in parties if out[c.index].role is None), None)
    if first is not None:
        out[first.index] = replace(first, role="subscriber_number")
    return tuple(out[column.index] for column in columns)


def _tokens(columns: Sequence[Column]) -> set[str]:
    """Types and roles that are there; a role counts only with a column of a type that can fill it."""
    tokens = set()
    for column in columns:
        if not column.rows_filled:
            continue
        if column.type is ColumnType.OTHER:
            if column.role in _PARTIES:
                tokens.add(column.role)
            continue
        tokens.add(column.type.value)
        if column.role:
            tokens.add(column.role)
    return tokens


class _Part(NamedTuple):
    """What of a column fills a role."""

    place: int
    type: AnyType
    role: str | None


def _roles(rule: StructureRule, columns: Sequence[_Part]) -> Mapping[str, int]:
    """Role → column index: columns whose header names the role first, then by type in column order."""
    taken: dict[str, int] = {}
    used: set[int] = set()
    for role in rule.roles:
        for column in columns:
            filled = column.type is not ColumnType.OTHER or column.role in _PARTIES
            if column.role == role and filled and column.place not in used:
                taken[role] = column.place
                used.add(column.place)
                break
    for role, kinds in rule.roles.items():
        if role in taken:
            continue
        for column in columns:
            if column.place not in used and column.type.value in kinds and column.role is None:
                taken[role] = column.place
                used.add(column.place)
                break
    return MappingProxyType(taken)


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@lru_cache(maxsize=4096)  # tables of one folder hold much the same
def _fitting(
    pack: Pack, tokens: frozenset[str], columns: tuple[_Part, ...]
) -> tuple[tuple[StructureRule, Mapping[str, int]], ...]:
    """The structures of a table that holds columns of some roles and types, and what fills their roles.

    Of rules for the same structure it is the first.
    """
    fits = {rule.structure: rule for rule in reversed(pack.structures) if rule.fits(tokens)}
    found = (rule for rule in pack.structures if fits.get(rule.structure) is rule)
    return tuple((rule, _roles(rule, columns)) for rule in found)


def recognise(
    columns: Sequence[Column], rows: int, events: Mapping[int, tuple[int, int]], pack: Pack
) -> tuple[Record, ...]:
    """The structures of a table; `events` maps a timestamp column to its first and last moment in seconds."""
    if not rows:
        return ()
    out: list[Record] = []
    for rule, roles in _fitting(
        pack, frozenset(_tokens(columns)), tuple([_Part(c.index, c.type, c.role) for c in columns])
    ):
        used = [column for column in columns if column.index in roles.values()]
        certainty = sum(column.confidence for column in used) / len(used) if used else 0.5
        span = next((events[roles[r]] for r in ("event_time", "event_date") if roles.get(r, -1) in events), None)
        if span is None and rule.structure.value != "subscriber_record":
            span = next((events[c.index] for c in columns if c.index in events), None)
        plain = all(column.form is Form.PLAIN for column in used)
        out.append(
            Record(
                structure=rule.structure,
                rows=rows,
                confidence=round(min(0.99, rule.confidence * (0.6 + 0.4 * certainty)), 3),
                roles=roles,
                first_event=_moment(span[0]) if span else None,
                last_event=_moment(span[1]) if span else None,
                evidence=(
                    Evidence(
                        "roles",
                        round(certainty, 3),
                        f"{len(roles)} roles filled: {', '.join(roles)}"
                        + ("" if plain else "; some values are veiled"),
                    ),
                ),
            )
        )
    return tuple(out)
