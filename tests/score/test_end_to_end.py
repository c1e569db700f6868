"""The laws over generated files, from bytes to the summary."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.breaches import CALLS, JOURNEYS, POSITIONS, REGISTER, File, write
from scanner import ScanOptions, scan
from scanner.model import ScanResult
from scanner.terms import Level

ROWS = 160
FILES = {
    "register": File(REGISTER), "calls": File(CALLS, 60, 2), "journeys": File(("CNIC", *JOURNEYS), 90),
    "positions": File(POSITIONS, 20, 2), "numbers": File(("MSISDN",)),
}  # fmt: skip
few = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def table(folder: Path, kind: str, seed: int) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a generated file."""
    path = write(folder, [FILES[kind]], seed=seed, persons=ROWS // FILES[kind].each)[0]
    with path.open(newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    path.unlink()
    return header, rows


def put(folder: Path, name: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table as CSV or NDJSON, by its name."""
    with (folder / name).open("w", newline="", encoding="utf-8") as stream:
        if name.endswith("csv"):
            csv.writer(stream).writerows([header, *rows])
        else:
            stream.writelines(json.dumps(dict(zip(header, row, strict=True))) + "\n" for row in rows)


def scanned(folder: Path) -> ScanResult:
    return scan(str(folder), options=ScanOptions(workers=1))


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return tmp_path


def fresh(folder: Path) -> Path:
    made = folder / f"case{sum(1 for _ in folder.iterdir())}"
    made.mkdir()
    return made


@given(kind=st.sampled_from(sorted(FILES)), seed=st.integers(0, 999), share=st.floats(0.4, 0.6))
@few
def test_a_file_in_two_scores_as_the_whole(case: Path, kind: str, seed: int, share: float) -> None:
    header, rows = table(case, kind, seed)
    whole, parts = fresh(case), fresh(case)
    put(whole, "all.csv", header, rows)
    cut = int(len(rows) * share)
    put(parts, "one.csv", header, rows[:cut])
    put(parts, "two.csv", header, rows[cut:])
    one, two = scanned(whole).summary, scanned(parts).summary
    assert two.severity == one.severity
    assert two.subscribers == one.subscribers
    assert two.breakdown == one.breakdown


@given(kind=st.sampled_from(sorted(FILES)), seed=st.integers(0, 999))
@few
def test_order_notation_and_format_make_a_copy_that_counts_once(case: Path, kind: str, seed: int) -> None:
    header, rows = table(case, kind, seed)
    alone, both = fresh(case), fresh(case)
    put(alone, "a.csv", header, rows)
    put(both, "a.csv", header, rows)
    order = list(range(len(header)))
    random.Random(seed).shuffle(order)
    mixed = random.Random(seed).sample(rows, len(rows))
    local = [["0" + cell[2:] if header[at] == "MSISDN" else cell for at, cell in enumerate(row)] for row in mixed]
    put(both, "b.ndjson", [header[at] for at in order], [[row[at] for at in order] for row in local])
    found = scanned(both)
    assert [one.duplicate_of for one in found.artifacts] == [None, found.artifacts[0].path]
    assert found.summary.severity == scanned(alone).summary.severity
    assert found.artifacts[0].severity.score == found.artifacts[1].severity.score


@given(kind=st.sampled_from(["register", "calls", "journeys"]), seed=st.integers(0, 999), data=st.data())
@few
def test_fewer_rows_columns_and_veiled_numbers_never_score_higher(
    case: Path, kind: str, seed: int, data: st.DataObject
) -> None:
    header, rows = table(case, kind, seed)
    folder = fresh(case)
    put(folder, "0.csv", header, rows)
    put(folder, "fewer.csv", header, rows[: data.draw(st.integers(20, len(rows)))])
    gone = data.draw(st.integers(0, len(header) - 1))
    put(folder, "narrow.csv", header[:gone] + header[gone + 1 :], [row[:gone] + row[gone + 1 :] for row in rows])
    number = header.index("MSISDN") if "MSISDN" in header else header.index("CNIC")
    put(
        folder,
        "masked.csv",
        header,
        [[*r[:number], r[number][:4] + "*****" + r[number][9:], *r[number + 1 :]] for r in rows],
    )
    scores = [one.severity.score for one in sorted(scanned(folder).artifacts, key=lambda one: one.path)]
    assert max(scores) == scores[0]


def test_a_register_and_calls_reveal_more_joined(case: Path) -> None:
    paths = write(case, [FILES["register"], FILES["calls"], FILES["journeys"]], persons=ROWS)
    result = scanned(case)
    assert len(result.artifacts) == len(paths)
    best = max(one.severity.score for one in result.artifacts)
    by_pair = {frozenset(Path(path).name for path in link.artifacts): link for link in result.summary.linkage}
    link = by_pair[frozenset({"part0.csv", "part1.csv"})]
    assert (link.on.value, link.shared_subscribers) == ("msisdn", ROWS)
    assert link.severity.score > max(one.severity.score for one in result.artifacts if not one.path.endswith("2.csv"))
    assert link.severity.enisa["label"] == "very high"
    assert result.summary.severity.score >= best
    assert {step.stage for step in result.summary.advice} == {"preserve", "verify", "notify", "block"}
    assert sum(result.summary.breakdown["operator"].values()) == result.summary.subscribers.distinct


def test_two_exports_of_different_people_count_together(case: Path) -> None:
    """Each alone is below a band that both together reach."""
    for at in (1, 2):
        header, rows = table(case, "calls", at)
        names = header if at == 1 else [name + " No" if name == "IMEI" else name for name in header]
        put(case, f"{at}.csv", names, rows)
    result = scanned(case)
    assert result.summary.severity.score > max(one.severity.score for one in result.artifacts)
    assert not any(one.duplicate_of for one in result.artifacts)


def test_identity_that_never_stands_in_one_row_is_not_a_register(case: Path) -> None:
    header, rows = table(case, "register", 5)
    at = header.index("CNIC")
    apart = [[row[0] if n % 2 else "", row[at] if not n % 2 else "", *["" if not n % 2 else cell for cell in row[2:]]]
             for n, row in enumerate(rows)]  # fmt: skip
    put(case, "apart.csv", header, apart)
    put(case, "whole.csv", header, rows)
    apart_found, whole = sorted(scanned(case).artifacts, key=lambda one: one.path)
    assert "register" in whole.severity.factors[0].reason
    assert "register" not in apart_found.severity.factors[0].reason


def test_minors_are_counted_at_the_last_event(case: Path) -> None:
    header, rows = table(case, "journeys", 3)
    at = header.index("Date of Birth")
    young = [[*row[:at], "2012-05-01", *row[at + 1 :]] if n < 7 else row for n, row in enumerate(rows)]
    put(case, "young.csv", header, young)
    result = scanned(case)
    assert result.artifacts[0].minors == 7
    assert any(factor.name == "special_groups" for factor in result.artifacts[0].severity.factors)
    assert any("7 rows are of persons under 18" in step.text for step in result.summary.advice)


def test_circumstances_lower_what_was_not_on_offer(case: Path) -> None:
    header, rows = table(case, "calls", 3)
    put(case, "a.csv", header, rows)
    scores = [
        scan(str(case), options=replace(ScanOptions(workers=1), circumstances=name)).summary.severity.score
        for name in ("offered", "exposed", "recipients", "internal")
    ]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) == 4
    assert Level.of(scores[0]).rank - Level.of(scores[-1]).rank <= 1
