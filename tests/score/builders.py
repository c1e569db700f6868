"""Artifacts put together by hand, as a scan would report them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from scanner.model import Artifact, Column, IdentifierCount, Record, Subscribers
from scanner.packs import load_pack
from scanner.score.severity import Model
from scanner.terms import IDENTIFIER_TYPES, Form, Format, Structure
from scanner.terms import ColumnType as T

MODEL = Model(load_pack())
#: Digits that a mask hides where a test does not say.
HIDDEN = 5


def artifact(
    types: Sequence[T],
    subscribers: int,
    structure: Structure | None = None,
    forms: Mapping[T, Form] | None = None,
    *,
    rows: int | None = None,
    roles: Sequence[str] = (),
    span: tuple[str, str] | None = None,
    hidden: int = HIDDEN,
    minors: int = 0,
    path: str = "a.csv",
    filled: Mapping[T, int] | None = None,
) -> Artifact:
    """A table of some column types, each filled in every row unless `filled` says otherwise."""
    many = max(1, subscribers) if rows is None else rows
    held = forms or {}
    columns = tuple(
        Column(
            at, kind.value, kind, held.get(kind, Form.PLAIN), 0.9, (filled or {}).get(kind, many),
            (filled or {}).get(kind, many), hidden_digits=hidden if held.get(kind) is Form.MASKED else None,
        )
        for at, kind in enumerate(types)
    )  # fmt: skip
    found = {
        column.type: IdentifierCount(column.rows_filled, subscribers)
        for column in columns
        if column.form is Form.PLAIN and column.type in IDENTIFIER_TYPES
    }
    first, last = (f"{day}T00:00:00" for day in span) if span else (None, None)
    place = {role: at % max(1, len(types)) for at, role in enumerate(roles)}
    records = (Record(structure, many, 0.9, MappingProxyType(place), first, last),) if structure else ()
    return Artifact(
        path, Format.CSV, rows=many, columns=columns, records=records, identifiers=MappingProxyType(found),
        subscribers=Subscribers(subscribers, "msisdn"), minors=minors,
    )  # fmt: skip
