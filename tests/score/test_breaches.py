"""Documented breaches rebuilt: the pairs on which experts agree, the floor rules, the order between ranks that are not adjacent."""

from __future__ import annotations

from functools import cache

import pytest

from benchmarks.breaches import (
    CALLS,
    CALLS_BARE,
    CASES,
    EXPLAINED,
    JOURNEYS,
    POSITIONS,
    REGISTER,
    File,
    disagreements,
    found,
    scored,
    spearman,
)  # fmt: skip
from scanner.model import Severity
from scanner.terms import Level


@cache
def total(files: tuple[File, ...], situation: str = "offered") -> Severity:
    return found(files, situation).summary.severity


def one(*columns: str, days: int = 60, each: int = 2) -> tuple[File, ...]:
    return (File(columns, days, each),)


NAMED = ("Name", "CNIC")
HASHED = ("MSISDN SHA256", "B Party SHA256", *CALLS_BARE[2:])
KEYED = ("Token", "B Token", *CALLS_BARE[2:])
PAIRS = {
    "calls with cells under name and CNIC, calls by number": (one(*CALLS, *NAMED), one(*CALLS)),
    "calls of a year, of a week": (one(*CALLS, days=365), one(*CALLS, days=7)),
    "calls with times and counterpart, totals a month": (one(*CALLS_BARE), one("MSISDN", "Month", "Calls", "Duration")),
    "calls with place, without": (one(*CALLS), one(*(c for c in CALLS if c != "Cell ID"))),
    "calls in clear, under keyed digests": (one(*CALLS_BARE), one(*KEYED)),
    "calls under unsalted digests, under keyed ones": (one(*HASHED), one(*KEYED)),
    "journeys of years with passport, one flight": (one(*JOURNEYS, days=900), one(*JOURNEYS, days=0, each=1)),
    "manifest with passport and birth, names and seats": (one(*JOURNEYS, days=0, each=1), one("Name", "Seat", each=1)),
    "register with CNIC, without": (one(*REGISTER), one(*(c for c in REGISTER if c != "CNIC"))),
    "register, list of numbers": (one(*REGISTER), one("MSISDN")),
    "numbers, masked numbers": (one("MSISDN"), one("MSISDN Masked")),
    "register, calls and journeys joined, calls alone": (
        (File(REGISTER), File(CALLS, 60, 2), File(("CNIC", *JOURNEYS), 60, 2)),
        one(*CALLS),
    ),
    "the same joined, journeys alone": (
        (File(REGISTER), File((*CALLS, "CNIC"), 60, 2), File(("CNIC", *JOURNEYS), 60, 2)),
        one(*JOURNEYS),
    ),
    "any personal file, statistics": (one("MSISDN"), one("Month", "Tower", "Sector", "Calls")),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_experts_agree_on_the_pair(name: str) -> None:
    worse, better = PAIRS[name]
    assert total(worse).score > total(better).score


def test_the_same_file_on_offer_and_inside() -> None:
    assert total(one(*CALLS)).score > total(one(*CALLS), "internal").score


def test_unsalted_digests_are_as_good_as_plain() -> None:
    plain, hashed = total(one(*CALLS_BARE)), total(one(*HASHED))
    assert plain.score >= hashed.score >= plain.score - 25
    assert abs(plain.enisa["se"] - hashed.enisa["se"]) <= 0.5


@pytest.mark.parametrize("columns", [CALLS, CALLS_BARE, (*CALLS, "Name"), HASHED])
def test_calls_are_medium_at_least(columns: tuple[str, ...]) -> None:
    assert total(one(*columns)).level.rank >= Level.MEDIUM.rank


def test_calls_with_identity_are_high_at_least() -> None:
    assert total(one(*CALLS, *NAMED)).level.rank >= Level.HIGH.rank


@pytest.mark.parametrize(
    "files",
    [
        (File(REGISTER), File(CALLS, 60, 2)),
        (File(REGISTER), File(POSITIONS, 60, 2)),
        (File(REGISTER), File(("CNIC", *JOURNEYS), 60, 2)),
    ],
)
def test_two_kinds_joined_are_very_high(files: tuple[File, ...]) -> None:
    found_links = found(files).summary.linkage
    assert found_links
    assert max(link.severity.enisa["se"] for link in found_links) >= 4.0


def test_cases_stand_in_the_experts_order() -> None:
    scores = [scored(case, 1_000_000 if case.people else 0).score for case in CASES]
    others = {(worse.name, better.name) for worse, better in disagreements(scores)}
    assert others == set(EXPLAINED)
    assert spearman([-case.rank for case in CASES], scores) >= 0.6
