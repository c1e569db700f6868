"""The ENISA method's own examples give its own values; telecom files give what an expert worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from scanner.score.enisa import circumstances, context, label, value
from scanner.score.exposure import exposures, join
from scanner.score.severity import score, severity
from scanner.terms import ColumnType as T
from scanner.terms import Form, Structure
from tests.score.builders import MODEL, artifact

S = Structure
ENISA: Any = MODEL.pack.settings["enisa"]


def span(days: int) -> tuple[str, str]:
    last = date(2026, 10, 1)
    return (last - timedelta(days)).isoformat(), last.isoformat()


@pytest.mark.parametrize("case", ENISA["example"], ids=lambda case: case["case"])
def test_the_methods_own_cases(case: dict[str, Any]) -> None:
    assert context(case["category"], case["steps"], ENISA) == case["dpc"]
    if "structure" in case:  # a case that a file can show: found from its columns and the days that it covers
        types = [T.MSISDN, T.TIMESTAMP, T.CELL_ID]
        made = severity(artifact(types, 50, S(case["structure"]), span=span(case["days"])), MODEL)
        assert made.enisa["dpc"] == case["dpc"]
        assert made.enisa["category"] == case["category"]


@pytest.mark.parametrize(
    ("elements", "total"),
    [
        ({}, 0.0),  # exposed without evidence of access, recovered unharmed, nothing lost, no intent
        ({"confidentiality": 0.25}, 0.25),  # mailed to known recipients by mistake
        ({"confidentiality": 0.5}, 0.5),  # put on a public board
        ({"integrity": 0.25}, 0.25),  # altered, can be restored
        ({"availability": 0.25}, 0.25),  # gone for a time
        ({"integrity": 0.5, "availability": 0.5}, 1.0),  # altered and lost for good
        ({"confidentiality": 0.5, "malice": 0.5}, 1.0),  # sold by an employee
        ({"confidentiality": 0.5, "integrity": 0.5, "availability": 0.5, "malice": 0.5}, 2.0),
    ],
)
def test_circumstances_add_up(elements: dict[str, float], total: float) -> None:
    assert circumstances(elements) == total


@pytest.mark.parametrize(
    ("dpc", "ease", "added", "total", "word"),
    [
        (1, 0.25, 0.0, 0.25, "low"), (1, 1.0, 0.99, 1.99, "low"), (1, 1.0, 1.0, 2.0, "medium"), (3, 0.75, 0.5, 2.75, "medium"),
        (3, 1.0, 0.0, 3.0, "high"), (3, 0.75, 1.0, 3.25, "high"), (4, 1.0, 0.0, 4.0, "very high"), (4, 1.0, 2.0, 6.0, "very high"),
    ],
)  # fmt: skip
def test_value_and_label(dpc: int, ease: float, added: float, total: float, word: str) -> None:
    assert value(dpc, ease, added) == total
    assert label(total, ENISA) == word


def test_steps_stay_within_the_scale() -> None:
    assert context("simple", [-1, -1], ENISA) == 1
    assert context("sensitive", [1, 1], ENISA) == 4


CALLS = [T.MSISDN, T.TIMESTAMP, T.DURATION]
NAMED = [T.MSISDN, T.CNIC, T.PERSON_NAME]


@pytest.mark.parametrize(
    ("types", "structure", "given", "dpc", "ease", "total"),
    [
        ([*NAMED, T.CELL_ID, T.TIMESTAMP], S.CALL_RECORD, {"span": span(365)}, 4, 1.0, 5.0),
        ([*CALLS, T.CELL_ID], S.CALL_RECORD, {"span": span(120)}, 3, 0.75, 3.25),
        ([*CALLS, T.CELL_ID, T.PERSON_NAME], S.CALL_RECORD, {"span": span(120)}, 3, 1.0, 4.0),
        (CALLS, S.CALL_RECORD, {"span": span(7)}, 2, 0.75, 2.5),
        ([T.MSISDN, T.PERSON_NAME, T.LATITUDE, T.TIMESTAMP], S.LOCATION_RECORD, {"span": span(7)}, 3, 1.0, 4.0),
        ([T.PASSPORT, T.PERSON_NAME, T.TIMESTAMP], S.TRAVEL_RECORD, {"span": span(1500)}, 3, 1.0, 4.0),
        ([T.PASSPORT, T.PERSON_NAME, T.DATE_OF_BIRTH], S.TRAVEL_RECORD, {"span": span(0)}, 2, 1.0, 3.0),
        ([T.MSISDN, T.IP_ADDRESS], S.SESSION_RECORD, {"span": span(7), "roles": ["destination_ip"]}, 3, 0.75, 3.25),
        ([T.MSISDN, T.IMSI, T.IMEI], S.SUBSCRIBER_RECORD, {}, 2, 0.75, 2.5),
        ([*NAMED, T.ADDRESS], S.SUBSCRIBER_RECORD, {}, 2, 1.0, 3.0),
        ([T.MSISDN, T.PERSON_NAME, T.ADDRESS], S.SUBSCRIBER_RECORD, {}, 1, 1.0, 2.0),
        ([T.MSISDN], None, {}, 1, 0.75, 1.75),
        ([T.MSISDN], None, {"forms": {T.MSISDN: Form.HASHED}}, 1, 0.75, 1.75),
        ([T.MSISDN], None, {"forms": {T.MSISDN: Form.MASKED}}, 1, 0.25, 1.25),
        ([T.MSISDN], None, {"forms": {T.MSISDN: Form.MASKED}, "hidden": 3}, 1, 0.5, 1.5),
        ([T.MSISDN], None, {"forms": {T.MSISDN: Form.DAMAGED}}, 1, 0.25, 1.25),
        ([T.MSISDN, T.PERSON_NAME], None, {"minors": 4}, 2, 1.0, 3.0),
        (CALLS, S.CALL_RECORD, {"span": ("2010-01-01", "2010-01-08")}, 1, 0.75, 1.75),
    ],
)  # fmt: skip
def test_telecom_files(
    types: list[T], structure: Structure | None, given: dict[str, Any], dpc: int, ease: float, total: float
) -> None:
    found = severity(artifact(types, 5000, structure, **given), MODEL).enisa
    assert (found["dpc"], found["ei"], found["cb"], found["se"]) == (dpc, ease, 1.0, total)
    assert found["label"] == label(total, ENISA)
    assert found["more_than_100_individuals"]


def test_two_sources_joined_are_very_high() -> None:
    register = exposures(artifact([*NAMED, T.ADDRESS], 300, S.SUBSCRIBER_RECORD), MODEL.pack)[0]
    calls = exposures(artifact(CALLS, 300, S.CALL_RECORD, span=span(7)), MODEL.pack)[0]
    assert register is not None and calls is not None
    assert score([join(register, calls, 100, MODEL.pack)], 100, MODEL).enisa["label"] == "very high"


@pytest.mark.parametrize(
    ("situation", "added"), [("offered", 1.0), ("recipients", 0.25), ("exposed", 0.0), ("internal", 0.0)]
)
def test_circumstances_of_a_scan(situation: str, added: float) -> None:
    assert severity(artifact(CALLS, 50, S.CALL_RECORD), replace(MODEL, situation=situation)).enisa["cb"] == added


def test_masked_data_are_flagged_unintelligible() -> None:
    masked = severity(artifact([T.MSISDN], 50, None, {T.MSISDN: Form.MASKED}), MODEL).enisa
    assert masked["unintelligible"] and not masked["more_than_100_individuals"]
    assert not severity(artifact([T.MSISDN], 50), MODEL).enisa["unintelligible"]
