"""The calibration cell by cell, size by size, form by form; and the laws: monotone, veils never raise, factors add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.model import Artifact, Severity
from scanner.score.exposure import exposures
from scanner.score.severity import Model, score, severity
from scanner.terms import IDENTIFIER_TYPES, Form, Level, Structure
from scanner.terms import ColumnType as T
from tests.score.builders import MODEL, artifact

S = Structure
N, L, M, H, C = Level
FULL = ("called", "event_time", "duration", "call_type", "cell_id", "imei")
YEAR = ("2025-11-01", "2026-10-31")


def judged(one: Artifact, model: Model = MODEL) -> Severity:
    return severity(one, model)


#: Content → the fewest and the most columns that make it, the structure, and the lowest and highest level by size.
CALIBRATION: dict[str, tuple[list[list[T]], Structure | None, list[tuple[Level, Level]]]] = {
    "nothing": ([[T.CELL_ID, T.LATITUDE], [T.FLIGHT_NUMBER, T.TIMESTAMP]], None, [(N, N)] * 4),
    "numbers": ([[T.MSISDN], [T.CNIC]], None, [(L, L), (L, M), (M, M), (M, H)]),
    "named_numbers": (
        [[T.MSISDN, T.PERSON_NAME], [T.MSISDN, T.EMAIL], [T.MSISDN, T.PERSON_NAME, T.ADDRESS, T.EMAIL, T.DATE_OF_BIRTH]],
        None,
        [(L, M), (M, M), (M, H), (H, H)],
    ),
    "register": (
        [
            [T.MSISDN, T.CNIC, T.PERSON_NAME],
            [T.MSISDN, T.CNIC, T.IMSI],
            [T.MSISDN, T.CNIC, T.PERSON_NAME, T.ADDRESS, T.EMAIL, T.IMSI, T.IMEI, T.ICCID, T.IBAN, T.DATE_OF_BIRTH],
        ],
        S.SUBSCRIBER_RECORD,
        [(M, M), (M, H), (H, C), (C, C)],
    ),
    "sessions": (
        [[T.MSISDN, T.IP_ADDRESS, T.TIMESTAMP], [T.MSISDN, T.IP_ADDRESS, T.TIMESTAMP, T.IMSI, T.IMEI, T.CELL_ID]],
        S.SESSION_RECORD,
        [(M, M), (M, H), (H, C), (C, C)],
    ),
    "calls": (
        [[T.MSISDN, T.TIMESTAMP], [T.MSISDN, T.TIMESTAMP, T.DURATION, T.IMEI, T.IMSI, T.CELL_ID, T.SITE_NAME]],
        S.CALL_RECORD,
        [(M, H), (H, H), (H, C), (C, C)],
    ),
    "journeys": (
        [[T.PASSPORT, T.PERSON_NAME, T.TIMESTAMP], [T.PNR, T.PERSON_NAME, T.TIMESTAMP, T.FLIGHT_NUMBER, T.DATE_OF_BIRTH]],
        S.TRAVEL_RECORD,
        [(M, H), (H, H), (H, C), (C, C)],
    ),
    "positions": (
        [[T.MSISDN, T.LATITUDE, T.TIMESTAMP], [T.IMSI, T.CELL_ID, T.TIMESTAMP]],
        S.LOCATION_RECORD,
        [(M, H), (H, H), (H, C), (C, C)],
    ),
    "linked": (
        [
            [T.MSISDN, T.CNIC, T.PERSON_NAME, T.TIMESTAMP],
            [T.CNIC, T.PASSPORT, T.PERSON_NAME, T.TIMESTAMP],
            [T.MSISDN, T.CNIC, T.PERSON_NAME, T.ADDRESS, T.EMAIL, T.IMSI, T.IMEI, T.ICCID, T.CELL_ID, T.TIMESTAMP],
        ],
        S.CALL_RECORD,
        [(H, H), (H, C), (C, C), (C, C)],
    ),
}  # fmt: skip
#: What all must be veiled for a table to count as veiled.
PERSONAL = {*IDENTIFIER_TYPES, T.PERSON_NAME, T.ADDRESS, T.DATE_OF_BIRTH}
SIZES = [(1, 50, 99), (100, 1_500, 9_999), (10_000, 300_000, 999_999), (1_000_000, 40_000_000, 200_000_000)]
#: Form → how many levels lower at most and at least.
FORMS = {Form.PLAIN: (0, 0), Form.MASKED: (2, 1), Form.HASHED: (1, 0), Form.DAMAGED: (2, 1)}
#: The least and the most that events can show: a day long ago, or a full log of the last year.
EVENTS = [((), ("2010-01-01", "2010-01-01")), (FULL, YEAR)]
COLUMNS = [
    pytest.param(types, structure, bands, id=f"{name}-{n}")
    for name, (kinds, structure, bands) in CALIBRATION.items()
    for n, types in enumerate(kinds)
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("types", "structure", "bands"), COLUMNS)
def test_calibration(types: list[T], structure: Structure | None, bands: list[tuple[Level, Level]], form: Form) -> None:
    """Every size in every band, with the least and the most that events and persons can add."""
    veiled = {kind: form for kind in types if kind in PERSONAL and form is not Form.PLAIN}
    most, least = FORMS[form] if veiled else (0, 0)
    for (low, high), sizes in zip(bands, SIZES, strict=True):
        lowest = max(min(low.rank, 1), low.rank - most)
        highest = max(min(high.rank, 1), high.rank - least)
        for size in sizes:
            for more, (roles, span) in enumerate(EVENTS):
                events = {"roles": roles, "span": span} if structure else {}
                for hidden in (2, 5, 9):
                    one = artifact(types, size, structure, veiled, minors=more, hidden=hidden, **events)
                    made = judged(one)
                    assert lowest <= made.level.rank <= highest, (size, hidden, made)


some = st.lists(
    st.sampled_from(
        [T.MSISDN, T.CNIC, T.PERSON_NAME, T.ADDRESS, T.IMSI, T.IMEI, T.EMAIL, T.CELL_ID, T.PASSPORT, T.TIMESTAMP, T.PNR]
    ),
    unique=True,
)  # fmt: skip
shapes = st.sampled_from([None, *Structure])
counts = st.integers(1, 200_000_000)
forms = st.sampled_from([Form.MASKED, Form.HASHED, Form.DAMAGED])
spans = st.tuples(st.integers(0, 5000), st.integers(0, 800)).map(
    lambda held: tuple(date.fromordinal(738_000 + held[0] + more).isoformat() for more in (0, held[1]))
)
roles_of = st.lists(st.sampled_from(FULL), unique=True)


@st.composite
def artifacts(draw: st.DrawFn) -> Artifact:
    """Any table: some columns in some forms, some of them filled in part."""
    types, people = draw(some), draw(counts)
    rows = people + draw(st.integers(0, 10**9))
    held = draw(st.dictionaries(st.sampled_from(types), forms)) if types else {}
    filled = draw(st.dictionaries(st.sampled_from(types), st.integers(1, rows))) if types else {}
    return artifact(
        types, people, draw(shapes), held, rows=rows, roles=draw(roles_of), span=draw(spans), filled=filled,
        hidden=draw(st.integers(1, 9)), minors=draw(st.integers(0, 5)),
    )  # fmt: skip


@given(artifacts())
@settings(max_examples=200, deadline=None)
def test_factors_add_up_to_the_score(one: Artifact) -> None:
    made = judged(one)
    assert round(sum(factor.points for factor in made.factors), 1) == made.score
    assert 0 <= made.score <= 100
    assert made.level is Level.of(made.score)
    assert all(factor.reason.endswith(".") for factor in made.factors)


@given(artifacts(), st.sampled_from(list(T)), st.integers(1, 10**6))
@settings(max_examples=200, deadline=None)
def test_more_never_lowers(one: Artifact, kind: T, more: int) -> None:
    base = judged(one).score
    people = replace(one.subscribers, distinct=one.subscribers.distinct + more)
    assert judged(replace(one, subscribers=people)).score >= base
    column = artifact([kind], more, rows=one.rows).columns[0]
    wider = replace(one, columns=(*one.columns, replace(column, index=len(one.columns))))
    assert judged(wider).score >= base


@given(artifacts(), artifacts())
@settings(max_examples=200, deadline=None)
def test_more_rows_never_lower_and_their_order_never_matters(one: Artifact, other: Artifact) -> None:
    """Rows of the same table added to it, as readings merge them."""
    parts = [exposures(each, MODEL.pack) for each in (one, replace(one, rows=other.rows), other)]
    people = one.subscribers.distinct
    alone = score(parts[0], people, MODEL).score
    for part in parts[1:]:
        plain, added = parts[0][0], part[0]
        if plain is None or added is None:
            continue
        assert plain.merge(added) == added.merge(plain)
        if added.veil <= plain.veil:
            assert score([plain.merge(added)], people, MODEL).score >= score([plain], people, MODEL).score - 0.001
    assert alone == judged(one).score


@given(artifacts(), forms, st.data())
@settings(max_examples=200, deadline=None)
def test_veiling_a_column_never_raises(one: Artifact, form: Form, data: st.DataObject) -> None:
    plain = [column for column in one.columns if column.form is Form.PLAIN and column.type is not T.TIMESTAMP]
    if not plain:
        return
    hidden = data.draw(st.sampled_from(plain))
    columns = tuple(
        replace(column, form=form, hidden_digits=5 if form is Form.MASKED else None) if column is hidden else column
        for column in one.columns
    )
    found = {kind: count for kind, count in one.identifiers.items() if kind is not hidden.type}
    assert judged(replace(one, columns=columns, identifiers=found)).score <= judged(one).score


@pytest.mark.parametrize(
    ("worse", "better", "factor"),
    [
        ({"span": ("2025-11-01", "2026-10-31")}, {"span": ("2026-10-25", "2026-10-31")}, "time_span"),
        ({"span": ("2026-10-01", "2026-10-08")}, {"span": ("2019-10-01", "2019-10-08")}, "freshness"),
        ({"roles": FULL}, {"roles": FULL[:2]}, "completeness"),
        ({"minors": 1}, {"minors": 0}, "special_groups"),
        ({"rows": 10**6}, {"rows": 1000}, "volume"),
    ],
)
def test_each_circumstance_of_the_events_counts(worse: dict, better: dict, factor: str) -> None:
    types = [T.MSISDN, T.TIMESTAMP, T.DURATION, T.CELL_ID]
    high, low = (judged(artifact(types, 900, S.CALL_RECORD, **given)) for given in (worse, better))
    points = [sum(one.points for one in made.factors if one.name == factor) for made in (high, low)]
    assert points[0] > points[1]
    assert round(high.score - low.score, 1) == round(points[0] - points[1], 1)


def test_a_mask_counts_by_the_digits_that_it_hides() -> None:
    scores = [
        judged(artifact([T.MSISDN, T.TIMESTAMP], 5000, S.CALL_RECORD, {T.MSISDN: Form.MASKED}, hidden=digits)).score
        for digits in range(1, 11)
    ]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == scores[2] > scores[3] == scores[5] > scores[6]


def test_identity_in_few_rows_counts_for_the_few() -> None:
    """Five rows with CNIC and name do not make a million calls those of identified persons."""
    types = [T.MSISDN, T.CNIC, T.PERSON_NAME, T.TIMESTAMP]
    few = artifact(types, 1_000_000, S.CALL_RECORD, filled={T.CNIC: 5, T.PERSON_NAME: 5})
    plain = artifact([T.MSISDN, T.PERSON_NAME, T.TIMESTAMP], 1_000_000, S.CALL_RECORD)
    whole = artifact(types, 1_000_000, S.CALL_RECORD)
    assert judged(plain).score <= judged(few).score < judged(whole).score
    assert "calls" in judged(few).factors[0].reason


class Never:
    """Pairs of columns that no row fills together."""

    def both(self, one: int, other: int) -> int | None:
        return 0


def test_what_never_stands_in_one_row_is_not_together() -> None:
    one = artifact([T.MSISDN, T.CNIC, T.PERSON_NAME], 5000, S.SUBSCRIBER_RECORD)
    apart = severity(one, MODEL, Never())
    assert "alone" in apart.factors[0].reason
    assert apart.score < severity(one, MODEL).score


@pytest.mark.parametrize("situation", ["exposed", "recipients", "internal"])
def test_what_is_not_on_offer_counts_for_less(situation: str) -> None:
    one = artifact([T.MSISDN, T.CNIC, T.PERSON_NAME], 5000, S.SUBSCRIBER_RECORD)
    offered, other = severity(one, MODEL), severity(one, replace(MODEL, situation=situation))
    assert other.score < offered.score
    assert other.enisa["cb"] < offered.enisa["cb"] == 1.0


def test_a_day_of_reference_can_be_given() -> None:
    one = artifact([T.MSISDN, T.TIMESTAMP], 900, S.CALL_RECORD, span=("2026-10-01", "2026-10-08"))
    later = severity(one, replace(MODEL, as_of=date(2040, 1, 1)))
    assert later.score < severity(one, MODEL).score
    assert severity(one, MODEL) == severity(one, MODEL)
