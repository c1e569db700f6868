"""The benchmarks measure the right work: their inputs hold what they should, and a row runs and is judged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import inputs, suite
from scanner import scan
from scanner.terms import Status

PEOPLE = 50


@pytest.mark.parametrize(
    ("kind", "name", "structure", "types"),
    [
        ("calls", "c.csv", "call_record", {"msisdn", "imei", "imsi"}),
        ("calls", "c.csv.gz", "call_record", {"msisdn", "imei", "imsi"}),
        ("calls", "c.ndjson", "call_record", {"msisdn", "imei", "imsi"}),
        ("calls", "c.parquet", "call_record", {"msisdn", "imei", "imsi"}),
        ("subscribers", "s.csv", "subscriber_record", {"msisdn", "cnic", "imsi"}),
        ("talk", "t.txt", None, {"msisdn", "cnic"}),
    ],
)
def test_input_holds_the_records_it_is_named_for(
    kind: str, name: str, structure: str | None, types: set[str], tmp_path: Path
) -> None:
    inputs.write(kind, tmp_path / name, 400)
    (artifact,) = scan(str(tmp_path / name)).artifacts
    assert artifact.status is Status.COMPLETE
    assert artifact.rows == 400
    assert {one.value for one in artifact.identifiers} == types
    assert [record.structure for record in artifact.records] == ([structure] if structure else [])


def test_different_persons_have_different_numbers() -> None:
    persons = inputs.np.arange(200_000)
    for column in (inputs.mobile, inputs.cnic):
        assert len(inputs.np.unique(column(persons))) == len(persons)


def test_small_files_are_of_the_sizes_asked_for(tmp_path: Path) -> None:
    inputs.write_many(tmp_path / "many", 30)
    sizes = [one.stat().st_size for one in (tmp_path / "many").rglob("*.*")]
    assert len(sizes) == 30
    assert min(sizes) >= 200
    assert max(sizes) <= 24_000


def test_every_row_names_inputs_that_exist_and_rivals_that_do() -> None:
    names = [row.name for row in suite.ROWS]
    assert len(set(names)) == len(names)
    for row in suite.ROWS:
        for job in (row.ours, row.rival):
            assert job.input in suite.INPUTS
            assert any(f"@{job.input}" in word for word in job.command) or job.label == "import pyarrow.csv"


def test_suite_runs_a_row_and_says_whether_the_bar_holds(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.suite", "--rows", "8", "--turns", "1", "--only", "start"]
    command += ["--folder", str(tmp_path), "--output", str(tmp_path / "out.md")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=suite.HERE.parent)
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("| start |")]
    assert row.endswith(("| holds |", "| falls short |"))
    assert row in (tmp_path / "out.md").read_text(encoding="utf-8")
