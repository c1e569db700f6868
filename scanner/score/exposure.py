"""What an artifact, or several together, reveals: the figures that a score rests on; parts add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import is_
from types import MappingProxyType
from typing import Any, Protocol

from scanner.model import Artifact, Column, IdentifierCount
from scanner.packs.schema import Pack
from scanner.terms import IDENTIFIER_TYPES, AnyType, ColumnType, Form, PackType, Structure

#: What a text names that holds a number, a CNIC and a name together.
_LINKED: frozenset[AnyType] = frozenset({ColumnType.MSISDN, ColumnType.CNIC, ColumnType.PERSON_NAME})
#: Columns whose veils veil the person.
_PERSONAL = frozenset({*IDENTIFIER_TYPES, ColumnType.PERSON_NAME, ColumnType.ADDRESS} - {ColumnType.IP_ADDRESS})


class Pairs(Protocol):
    """How many rows fill two columns at once; None where that was not counted."""

    def both(self, one: int, other: int) -> int | None:
        """Rows that fill the columns of both indexes."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """What some rows reveal. `merge` is associative and commutative."""

    rows: int
    holding: Mapping[str, int]
    """Content → rows that hold together what it needs (at most; exact for two columns)."""
    types: frozenset[AnyType]
    """Of the contract; those that packs add stand in `added`."""
    structures: frozenset[Structure]
    roles: frozenset[str]
    veil: int = 0
    """Heaviest veil of the columns that stand for a person: 0 none, else its place in the packs from 1."""
    plain: bool = True
    """One of them is held in plain."""
    parties: int = 1
    """Numbers in a row, at most."""
    first: str | None = None
    last: str | None = None
    """First and last event, ISO 8601."""
    minors: int = 0
    joined: bool = False
    """Two sources joined on the person."""
    added: frozenset[PackType] = frozenset()
    """Identifiers that packs add, each among `types` as the one that it weighs as."""

    def merge(self, other: Exposure) -> Exposure:
        """Both as the rows of one table."""
        return _whole((self, other))


def _whole(parts: Sequence[Exposure]) -> Exposure:
    """Some, one or more, as the rows of one table."""
    holding: dict[str, int] = {}
    for part in parts:
        for content, rows in part.holding.items():
            holding[content] = holding.get(content, 0) + rows
    return Exposure(
        rows=sum([part.rows for part in parts]),
        holding=MappingProxyType(holding),
        types=frozenset().union(*[part.types for part in parts]),
        structures=frozenset().union(*[part.structures for part in parts]),
        roles=frozenset().union(*[part.roles for part in parts]),
        veil=max([part.veil for part in parts]),
        plain=any(part.plain for part in parts),
        parties=max([part.parties for part in parts]),
        first=min((part.first for part in parts if part.first is not None), default=None),
        last=max((part.last for part in parts if part.last is not None), default=None),
        minors=sum([part.minors for part in parts]),
        joined=any(part.joined for part in parts),
        added=frozenset().union(*[part.added for part in parts]),
    )


#: The alternatives of a content's needs that are filled.
_Filled = Sequence[Sequence[Sequence[str]]]


@lru_cache(maxsize=4096)  # files of one folder hold much the same
def _satisfied(
    pack: Pack, types: frozenset[AnyType], structures: frozenset[Structure]
) -> tuple[tuple[Mapping[str, Any], _Filled], ...]:
    """The contents that some types and structures amount to."""
    held, kinds = {one.value for one in types}, {one.value for one in structures}
    out = []
    for entry in contents(pack):
        if entry["structures"] and not kinds & set(entry["structures"]):
            continue
        if fits := [groups for groups in entry["needs"] if all(held & set(group) for group in groups)]:
            out.append((entry, fits))
    return tuple(out)


def contents(pack: Pack) -> Sequence[Mapping[str, Any]]:
    """What one record can reveal, as the packs declare it, gravest first."""
    listed: Sequence[Mapping[str, Any]] = pack.settings["severity"]["content"]  # type: ignore[assignment]
    return listed


def _cells(columns: Sequence[Column], artifact: Artifact) -> Mapping[str, int]:
    """Type → cells of its columns, else occurrences outside of columns."""
    out: dict[str, int] = {}
    for column in columns:
        out[column.type.value] = out.get(column.type.value, 0) + column.rows_filled
    return {kind.value: count.occurrences for kind, count in artifact.identifiers.items()} | out


def _together(
    groups: Sequence[Sequence[str]],
    columns: Sequence[Column],
    cells: Mapping[str, int],
    most: int,
    pairs: Pairs | None,
) -> int:
    """Rows, `most` or fewer, that hold a member of each group, at most."""
    rows = min([most, *(sum([cells[kind] for kind in group if kind in cells]) for group in groups)]) if groups else 0
    if pairs is None or len(groups) < 2:
        return rows
    sides = [[column.index for column in columns if column.type.value in group] for group in groups]
    for at, ours in enumerate(sides):
        for theirs in sides[at + 1 :]:
            counts = [0 if a == b else pairs.both(a, b) for a in ours for b in theirs]
            known = [count for count in counts if count is not None]
            if known and len(known) == len(counts) and not set(ours) & set(theirs):
                rows = min(rows, sum(known))
    return rows


def _weighed(artifact: Artifact) -> tuple[Artifact, frozenset[PackType]]:
    """The artifact with the types that packs add as those that they weigh as, and which they were."""
    found = {column.type for column in artifact.columns if column.rows_matched} | set(artifact.identifiers)
    added = frozenset(kind for kind in found if isinstance(kind, PackType))
    if not added:
        return artifact, added
    columns = tuple(replace(c, type=c.type.weighs_as) if isinstance(c.type, PackType) else c for c in artifact.columns)
    counts: dict[AnyType, IdentifierCount] = {}
    for kind, count in artifact.identifiers.items():
        as_kind = kind.weighs_as if isinstance(kind, PackType) else kind
        held = counts.get(as_kind, IdentifierCount(0, 0))
        counts[as_kind] = IdentifierCount(held.occurrences + count.occurrences, None)
    return replace(artifact, columns=columns, identifiers=MappingProxyType(counts)), added


def veils(pack: Pack) -> Sequence[Mapping[str, Any]]:
    """How values can be held other than in plain, lightest first."""
    listed: Sequence[Mapping[str, Any]] = pack.settings["severity"]["veil"]  # type: ignore[assignment]
    return listed


def _veil(column: Column, pack: Pack) -> int:
    """The veil of a column: 0 where it is plain, else its place in the packs from 1."""
    if column.form is Form.PLAIN:
        return 0
    fits = [
        place
        for place, entry in enumerate(veils(pack), 1)
        if entry["form"] == column.form.value and (column.hidden_digits or 0) <= entry.get("hidden", 99)
    ]
    return fits[0] if fits else len(veils(pack))


def exposure(artifact: Artifact, pack: Pack, upto: int, pairs: Pairs | None = None) -> Exposure | None:
    """What the columns of an artifact of a veil up to `upto` reveal, None where they are about nobody."""
    artifact, added = _weighed(artifact)
    held = {column.index: _veil(column, pack) for column in artifact.columns}
    columns = [
        c for c in artifact.columns if c.rows_matched and c.type is not ColumnType.OTHER and held[c.index] <= upto
    ]
    types: set[AnyType] = {column.type for column in columns}
    veiled = {column.type for column in artifact.columns if held[column.index] > upto}
    types |= {kind for kind, count in artifact.identifiers.items() if count.occurrences and kind not in veiled - types}
    structures = {record.structure for record in artifact.records}
    holding = {}
    cells, most = _cells(columns, artifact), artifact.rows or 1
    for entry, fits in _satisfied(pack, frozenset(types), frozenset(structures)):
        holding[entry["id"]] = max([_together(groups, columns, cells, most, pairs) for groups in fits])
    if artifact.linked.named:
        for entry, _ in _satisfied(pack, _LINKED, frozenset()):
            if not entry["structures"]:
                holding[entry["id"]] = max(holding.get(entry["id"], 0), artifact.linked.named)
        types |= {ColumnType.PERSON_NAME}
    if not holding:
        return None
    personal = [held[column.index] for column in columns if column.type in _PERSONAL]
    shown = {column.index for column in columns}
    roles = {role for record in artifact.records for role, index in record.roles.items() if index in shown}
    starts = [record.first_event for record in artifact.records if record.first_event is not None]
    ends = [record.last_event for record in artifact.records if record.last_event is not None]
    return Exposure(
        rows=artifact.rows,
        holding=MappingProxyType(holding),
        types=frozenset(types),
        structures=frozenset(structures),
        roles=frozenset(roles),
        veil=max(personal, default=0),
        plain=not personal or 0 in personal,
        parties=max(1, sum(column.type is ColumnType.MSISDN for column in columns)),
        first=min(starts, default=None),
        last=max(ends, default=None),
        minors=artifact.minors,
        added=added,
    )


def exposures(artifact: Artifact, pack: Pack, pairs: Pairs | None = None) -> tuple[Exposure | None, ...]:
    """What an artifact reveals in plain, and up to each veil of the packs."""
    worn = {_veil(column, pack) for column in artifact.columns}
    out: list[Exposure | None] = []
    for upto in range(len(veils(pack)) + 1):
        out.append(exposure(artifact, pack, upto, pairs) if not out or upto in worn else out[-1])
    return tuple(out)


def merged(parts: Iterable[Sequence[Exposure | None]]) -> tuple[Exposure | None, ...]:
    """Readings of several artifacts as those of one table in parts; what is the same in each of them stays the same."""
    out: list[Exposure | None] = []
    before: list[Exposure] | None = None
    for readings in zip(*parts, strict=True):
        found = [one for one in readings if one is not None]
        if before is None or len(found) != len(before) or not all(map(is_, found, before)):
            out.append(_whole(found) if found else None)
        else:
            out.append(out[-1])
        before = found
    return tuple(out)


def join(one: Exposure, other: Exposure, shared: int, pack: Pack) -> Exposure:
    """What two sources reveal of the persons who stand in both."""
    both = one.merge(other)
    holding = {entry["id"]: shared for entry, _ in _satisfied(pack, both.types, both.structures)}
    return Exposure(
        rows=both.rows,
        holding=MappingProxyType(holding),
        types=both.types,
        structures=both.structures,
        roles=both.roles,
        veil=both.veil,
        plain=both.plain,
        parties=both.parties,
        first=both.first,
        last=both.last,
        minors=both.minors,
        joined=True,
        added=both.added,
    )
