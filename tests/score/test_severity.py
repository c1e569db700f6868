"""The calibration table cell by cell, and the laws: monotone, veils never raise, factors add up."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.model import Artifact, Column, IdentifierCount, Record, Subscribers
from scanner.packs import load_pack
from scanner.score.severity import severity
from scanner.terms import ColumnType as T
from scanner.terms import Form, Format, Structure

PACK = load_pack()


def artifact(
    types: list[T], subscribers: int, structure: Structure | None = None, forms: dict[T, Form] | None = None
) -> Artifact:
    rows = max(1, subscribers)
    columns = tuple(
        Column(i, kind.value, kind, (forms or {}).get(kind, Form.PLAIN), 0.9, rows, rows)
        for i, kind in enumerate(types)
    )
    records = (Record(structure, rows, 0.9, MappingProxyType({})),) if structure else ()
    found = {
        c.type: IdentifierCount(rows, subscribers)
        for c in columns
        if c.form is Form.PLAIN and c.type in (T.MSISDN, T.CNIC)
    }
    return Artifact(
        "a.csv", Format.CSV, rows=rows, columns=columns, records=records, identifiers=MappingProxyType(found),
        subscribers=Subscribers(subscribers, "msisdn"),
    )  # fmt: skip


ROWS: list[tuple[list[T], Structure | None, list[set[str]]]] = [
    ([T.CELL_ID, T.LATITUDE], None, [{"none"}] * 4),
    ([T.MSISDN], None, [{"low"}, {"low", "medium"}, {"medium"}, {"medium", "high"}]),
    ([T.MSISDN, T.PERSON_NAME], None, [{"low", "medium"}, {"medium"}, {"medium", "high"}, {"high"}]),
    ([T.MSISDN, T.CNIC, T.PERSON_NAME], Structure.SUBSCRIBER_RECORD, [{"medium"}, {"medium", "high"}, {"high", "critical"}, {"critical"}]),
    ([T.MSISDN, T.IP_ADDRESS, T.TIMESTAMP], Structure.SESSION_RECORD, [{"medium"}, {"medium", "high"}, {"high", "critical"}, {"critical"}]),
    ([T.MSISDN, T.TIMESTAMP], Structure.CALL_RECORD, [{"medium", "high"}, {"high"}, {"high", "critical"}, {"critical"}]),
    ([T.PASSPORT, T.PERSON_NAME, T.TIMESTAMP], Structure.TRAVEL_RECORD, [{"medium", "high"}, {"high"}, {"high", "critical"}, {"critical"}]),
    ([T.MSISDN, T.LATITUDE, T.TIMESTAMP], Structure.LOCATION_RECORD, [{"medium", "high"}, {"high"}, {"high", "critical"}, {"critical"}]),
    ([T.MSISDN, T.CNIC, T.PERSON_NAME, T.TIMESTAMP], Structure.CALL_RECORD, [{"high"}, {"high", "critical"}, {"critical"}, {"critical"}]),
]  # fmt: skip
BANDS = [(1, 99), (100, 9_999), (10_000, 999_999), (1_000_000, 180_000_000)]
CELLS = [(t, s, levels[b], n) for t, s, levels in ROWS for b in range(4) for n in BANDS[b]]


@pytest.mark.parametrize(("types", "structure", "levels", "subscribers"), CELLS)
def test_calibration(types: list[T], structure: Structure | None, levels: set[str], subscribers: int) -> None:
    assert severity(artifact(types, subscribers, structure), PACK).level.value in levels


some = st.lists(
    st.sampled_from(
        [T.MSISDN, T.CNIC, T.PERSON_NAME, T.ADDRESS, T.IMSI, T.IMEI, T.EMAIL, T.CELL_ID, T.PASSPORT, T.TIMESTAMP]
    ),
    unique=True,
)
shapes = st.sampled_from([None, *Structure])
counts = st.integers(1, 200_000_000)


@given(some, shapes, counts)
@settings(max_examples=150, deadline=None)
def test_factors_add_up_to_the_score(types: list[T], structure: Structure | None, people: int) -> None:
    made = severity(artifact(types, people, structure), PACK)
    assert abs(sum(factor.points for factor in made.factors) - made.score) < 0.051
    assert 0 <= made.score <= 100


@given(some, shapes, counts, st.sampled_from(list(T)))
@settings(max_examples=200, deadline=None)
def test_one_more_column_or_subscriber_never_lowers(
    types: list[T], structure: Structure | None, people: int, more: T
) -> None:
    base = severity(artifact(types, people, structure), PACK).score
    wider = severity(artifact([*types, more] if more not in types else types, people, structure), PACK).score
    larger = severity(artifact(types, people * 3, structure), PACK).score
    assert wider >= base - 0.001
    assert larger >= base - 0.001


@given(some, shapes, counts, st.sampled_from([Form.MASKED, Form.HASHED, Form.DAMAGED]), st.data())
@settings(max_examples=200, deadline=None)
def test_veiling_a_column_never_raises(
    types: list[T], structure: Structure | None, people: int, form: Form, data: st.DataObject
) -> None:
    identifying = [kind for kind in types if kind in (T.MSISDN, T.CNIC, T.IMSI, T.PASSPORT)]
    if not identifying:
        return
    hidden = data.draw(st.sampled_from(identifying))
    plain = severity(artifact(types, people, structure), PACK).score
    assert severity(artifact(types, people, structure, {hidden: form}), PACK).score <= plain + 0.001


def test_a_masked_list_stays_low() -> None:
    made = severity(artifact([T.MSISDN], 1500, None, {T.MSISDN: Form.MASKED}), PACK)
    assert made.level.value == "low"


def test_a_partial_artifact_is_scored_on_what_was_read() -> None:
    whole = artifact([T.MSISDN, T.CNIC, T.PERSON_NAME], 500, Structure.SUBSCRIBER_RECORD)
    assert severity(replace(whole, rows=100), PACK).score > 0
