"""`check-disclosure` and `compare`, as a person calls them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmarks.breaches import CALLS, REGISTER, File, write
from scanner.cli import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def made(folder: Path, columns: Sequence[str], seed: int = 1, each: int = 1) -> str:
    folder.mkdir(exist_ok=True)
    return str(write(folder, [File(tuple(columns), 30, each)], seed=seed)[0])


@pytest.mark.parametrize(
    ("columns", "purpose", "status", "excess"),
    [
        (REGISTER, "debt-recovery", 0, []),
        ((*REGISTER, "IMSI", "Email"), "debt-recovery", 1, ["IMSI", "Email"]),
        (CALLS, "debt-recovery", 1, ["Call Time", "Duration", "Call Type", "Cell ID", "IMEI", "IMSI"]),
        (CALLS, "inter-operator", 1, ["Cell ID", "IMEI"]),
        (("MSISDN", "B Party", "Call Time", "Duration", "Call Type"), "inter-operator", 0, []),
        ((*REGISTER, "Email"), "legal-compliance", 1, ["Email"]),
        (("MSISDN Masked",), "inter-operator", 0, []),
    ],
)
def test_excess_columns_are_named(
    tmp_path: Path, columns: tuple[str, ...], purpose: str, status: int, excess: list[str]
) -> None:
    file = made(tmp_path, columns)
    done = run("check-disclosure", file, "--purpose", purpose, "--format", "json", "-q")
    assert done.exit_code == status, done.output
    found = json.loads(done.stdout)
    assert [one["column"] for one in found["artifacts"][0]["excess"]] == excess
    assert found["within_minimum"] is not bool(excess)
    text = run("check-disclosure", file, "--purpose", purpose, "-q")
    assert text.exit_code == status
    assert all(name in text.stdout for name in excess)
    assert "not legal advice" in text.stdout


def test_consent_is_to_types(tmp_path: Path) -> None:
    file = made(tmp_path, ("MSISDN", "Name", "Address"))
    asked = ("check-disclosure", file, "--purpose", "consent", "-q")
    assert run(*asked, "--agreed", "msisdn,person_name,address").exit_code == 0
    done = run(*asked, "--agreed", "msisdn,person_name")
    assert done.exit_code == 1 and "Address" in done.stdout
    assert run(*asked).exit_code == 2
    assert run(*asked, "--agreed", "phone").exit_code == 2


def test_an_unknown_purpose_is_refused_and_an_unreadable_file_is_no_pass(tmp_path: Path) -> None:
    file = made(tmp_path, REGISTER)
    refused = run("check-disclosure", file, "--purpose", "curiosity", "-q")
    assert refused.exit_code == 2 and "debt-recovery" in refused.stderr
    assert run("check-disclosure", file, "--purpose", "debt-recovery", "--agreed", "msisdn", "-q").exit_code == 2
    missing = run("check-disclosure", file + "x", "--purpose", "debt-recovery", "-q")
    assert missing.exit_code == 3 and "not checked" in missing.stdout


def test_identifiers_outside_of_columns_count(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("Call 0300 1874562 about 35202-1874562-1\n")
    done = run("check-disclosure", str(note), "--purpose", "inter-operator", "--format", "json", "-q")
    assert done.exit_code == 1
    excess = json.loads(done.stdout)["artifacts"][0]["excess"]
    assert [(one["index"], one["type"]) for one in excess] == [(None, "cnic")]
    assert "1874562" not in done.stdout


def test_two_files_side_by_side(tmp_path: Path) -> None:
    register, calls = made(tmp_path / "a", REGISTER), made(tmp_path / "b", CALLS, each=2)
    done = run("compare", register, calls, "--format", "json", "-q")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    shared = {one["on"]: one for one in found["shared"]}
    people = found["a"]["subscribers"]["distinct"]
    assert shared["msisdn"] == {"on": "msisdn", "both": people, "only_a": 0, "only_b": 0}
    assert found["b"]["structures"] == {"call_record": 2 * people}
    assert found["b"]["severity"]["score"] > found["a"]["severity"]["score"]
    assert "cnic" in found["types_only_a"]
    text = run("compare", register, calls, "-q").stdout
    assert "call records" in text and f"{people:,}" in text and "only in the first" in text


def test_reports_side_by_side_say_what_they_cannot_tell(tmp_path: Path) -> None:
    sides = []
    for name, columns in (("a", REGISTER), ("b", CALLS)):
        report = str(tmp_path / f"{name}.json")
        assert run("scan", made(tmp_path / name, columns), "--format", "json", "-o", report, "-q").exit_code == 0
        sides.append(report)
    done = run("compare", *sides, "--format", "json", "-q")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["shared"] is None and not found["a"]["exact"]
    assert found["b"]["structures"] == {"call_record": 120}
    assert "not known from a report" in run("compare", *sides, "-q").stdout


def test_a_copy_is_told(tmp_path: Path) -> None:
    one, other = made(tmp_path / "a", REGISTER), made(tmp_path / "b", REGISTER)
    found = json.loads(run("compare", one, other, "--format", "json", "-q").stdout)
    assert found["copies"] == 1
    assert found["shared"][0]["only_a"] == found["shared"][0]["only_b"] == 0


def test_a_report_of_another_version_is_refused(tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    report.write_text('{"schema_version": "9", "tool": {"name": "breachscan"}, "summary": {}}')
    done = run("compare", str(report), str(report), "-q")
    assert done.exit_code == 2 and "scan the data again" in done.stderr
