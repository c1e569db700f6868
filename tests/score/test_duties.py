"""Every rule, step and purpose of the packs is well formed, can be set off, and is not set off where it should not be."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.errors import PatternError
from scanner.score.duties import advice, obligations
from scanner.score.lawful import disclosures, purposes
from scanner.score.severity import severity
from scanner.terms import ColumnType as T
from scanner.terms import Level, Structure
from tests.score.builders import MODEL, artifact

PACK = MODEL.pack
WORDS = {*(kind.value for kind in T), *(structure.value for structure in Structure)}
OBLIGATIONS: Any = PACK.settings["obligations"]["obligation"]
STEPS: Any = PACK.settings["advice"]["step"]
EVERYTHING = [kind for kind in T if kind is not T.OTHER]


def whole(structure: Structure | None = Structure.CALL_RECORD, types: list[T] = EVERYTHING, **given: Any) -> Any:
    from dataclasses import replace

    made = artifact(types, 5000, structure, **given)
    return replace(made, severity=severity(made, MODEL))


@pytest.mark.parametrize("entry", [*OBLIGATIONS, *STEPS], ids=lambda entry: entry["id"])
def test_entries_name_what_the_report_knows(entry: dict[str, Any]) -> None:
    assert {one for group in entry["needs"] for one in group} <= WORDS
    assert Level(entry["level"])


@pytest.mark.parametrize("entry", OBLIGATIONS, ids=lambda entry: entry["id"])
def test_every_rule_has_a_source_and_can_be_set_off(entry: dict[str, Any]) -> None:
    assert entry["source"] and entry["asks"] and entry["status"]
    found = {duty.id: duty for structure in Structure for duty in obligations(whole(structure), PACK)}
    duty = found[entry["id"]]
    assert duty.reason.endswith("Decision support, not legal advice.")
    assert "May be engaged" in duty.reason and duty.asks


def test_a_rule_says_what_in_the_file_sets_it_off() -> None:
    duty = next(one for one in obligations(whole(), PACK) if one.id == "PECA-2016-17")
    assert "cnic: cnic" in duty.reason and "iccid: iccid" in duty.reason


@pytest.mark.parametrize(
    ("types", "structure", "absent"),
    [
        ([T.MSISDN], None, {"PECA-2016-16", "CTDISR-2020", "NADRA-28-29", "LDI-LL-7.7", "PECA-2016-41", "MDIRB-2018"}),
        ([T.MSISDN, T.CNIC, T.PERSON_NAME], Structure.SUBSCRIBER_RECORD, {"CTDISR-2020", "PECA-2016-32", "WIFI-2018"}),
        ([T.PASSPORT, T.PERSON_NAME], Structure.TRAVEL_RECORD, {"TCPR-2009-16", "LDI-LL-7.7", "SAVR-2015"}),
    ],
)
def test_rules_are_not_set_off_by_what_they_are_not_about(
    types: list[T], structure: Structure | None, absent: set[str]
) -> None:
    assert not absent & {duty.id for duty in obligations(whole(structure, types), PACK)}


def test_nothing_is_engaged_by_a_file_about_nobody() -> None:
    one = whole(None, [T.CELL_ID, T.LATITUDE])
    assert obligations(one, PACK) == ()
    assert disclosures(one, PACK) == ()
    assert advice([one], 0, one.severity.level, {}, PACK) == ()


def test_steps_stand_in_their_order_with_the_counts_filled_in() -> None:
    counts = {
        "operator": {"Jazz": 900, "Zong": 80, "Telenor": 15, "Ufone": 5},
        "province": {"Punjab": 700, "unknown": 3},
        "district": {"Lahore": 600},
    }
    steps = advice([whole(minors=3)], 1000, Level.CRITICAL, counts, PACK)
    assert [step.stage for step in steps] == sorted(
        (step.stage for step in steps), key=["preserve", "verify", "notify", "block"].index
    )
    text = " ".join(step.text for step in steps)
    assert "1,000 subscribers, Jazz 900, Zong 80, Telenor 15 and 1 more" in text
    assert "703 CNICs (Punjab 700)" in text and "Lahore 600" in text and "3 rows" in text
    assert "{" not in text


def test_a_step_that_asks_for_an_unknown_figure_is_a_fault_of_the_pack() -> None:
    from dataclasses import replace

    step = {"id": "own", "stage": "block", "level": "low", "needs": [], "text": "Tell {everybody}."}
    pack = replace(PACK, settings={**PACK.settings, "advice": {"step": [step]}})
    with pytest.raises(PatternError, match="own"):
        advice([whole()], 1, Level.HIGH, {}, pack)


def test_steps_grow_with_the_level() -> None:
    one = whole()
    sizes = [len(advice([one], 10, level, {}, PACK)) for level in Level]
    assert sizes == sorted(sizes) and sizes[0] == 0 < sizes[1] < sizes[-1]


def test_purposes_know_their_types() -> None:
    for case in purposes(PACK):
        assert set(case["allows"]) | set(case["structures"]) <= WORDS
    settings: Any = PACK.settings["purposes"]
    assert set(settings["neutral"]) | set(settings["events"]) <= WORDS


def test_a_report_tells_each_minimum_but_that_of_consent() -> None:
    found = {one.purpose: one for one in disclosures(whole(), PACK)}
    assert set(found) == {"debt-recovery", "inter-operator", "legal-compliance"}
    assert "call records" in next(one.reason for one in found["debt-recovery"].excess if one.type is T.DURATION)
    assert "more than an order usually names" in found["legal-compliance"].note
