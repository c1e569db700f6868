"""The commands on real files: exit statuses, formats, and nothing revealed in any output, log or temporary file."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import random
import re
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scanner.cli import main

SAMPLES = Path(__file__).parents[2] / "sample_data"


def _run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments], input=stdin, prog_name="breachscan")


@pytest.fixture(scope="module")
def seized(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    """A folder of small dumps and the digits of every identifier in it."""
    folder, dice, planted = tmp_path_factory.mktemp("seized"), random.Random(7), set()
    rows = []
    for _ in range(80):
        number = f"3{dice.choice(['00', '21', '45'])}{dice.randrange(10**6, 10**7)}"
        cnic = f"35202{dice.randrange(10**7):07d}{dice.randrange(1, 9)}"
        planted |= {number, cnic}
        rows.append([f"0{number}", f"{cnic[:5]}-{cnic[5:12]}-{cnic[12]}", "Hina Khan", f"ring 0{number} or {cnic}"])
    with (folder / "register.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([["mobile", "cnic", "name", "note"], *rows])
    with (folder / "no_header.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(rows)
    (folder / "rows.json").write_text(json.dumps([{"mobile": a, "cnic": b, "name": c} for a, b, c, _ in rows]))
    (folder / "broken.json").write_text(json.dumps([{"mobile": a} for a, *_ in rows])[:-60])
    (folder / f"list of {rows[0][0]}.txt").write_text("\n".join(row[3] for row in rows))
    return folder, planted


def _found(text: str, planted: set[str]) -> set[str]:
    """What of the planted identifiers, or of their plain digests, stands in a text."""
    joined = re.sub(r"(?<=\d)[- ](?=\d)", "", text)
    runs = set(re.findall(r"\d{10,16}", joined))
    found = {one for one in planted if any(one in run for run in runs)}
    digests = set(re.findall(r"[0-9a-f]{32,64}", text.lower()))
    for one in planted:
        for form in (one, "0" + one, "92" + one, "+92" + one):
            if any(hashlib.new(kind, form.encode()).hexdigest() in digests for kind in ("md5", "sha1", "sha256")):
                found.add(one)
    return found


def test_no_output_log_or_temporary_file_holds_an_identifier(seized: tuple[Path, set[str]], tmp_path: Path) -> None:
    folder, planted = seized
    temporary = tmp_path / "temp"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    commands = [["scan", str(folder), "--format", kind, "-vv"] for kind in ("text", "json", "jsonl")]
    commands += [["explain", str(folder / "register.csv")], ["inspect", str(folder)]]
    seen = ""
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "scanner", *command], capture_output=True, text=True, check=False, env=environment
        )
        assert done.returncode in (0, 3), done.stderr
        assert "Traceback" not in done.stderr
        seen += done.stdout + done.stderr
    seen += "".join(path.read_text(errors="replace") for path in temporary.rglob("*") if path.is_file())
    assert _found(seen, planted) == set()


def test_a_search_that_finds_nothing_would_find_what_is_there(seized: tuple[Path, set[str]]) -> None:
    folder, planted = seized
    assert _found((folder / "no_header.csv").read_text(), planted) == planted
    one = next(iter(planted))
    assert _found(hashlib.md5(("92" + one).encode()).hexdigest(), planted) == {one}


def test_reveal_shows_identifiers_and_keeps_the_file_private(seized: tuple[Path, set[str]], tmp_path: Path) -> None:
    folder, planted = seized
    target = tmp_path / "report.json"
    done = _run("scan", folder / "register.csv", "--format", "json", "--reveal", "-o", target, "-q")
    assert done.exit_code == 0, done.output
    assert _found(target.read_text(), planted)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_scan_of_the_samples_finds_what_their_readme_says() -> None:
    done = _run("scan", SAMPLES, "--format", "json", "-q")
    assert done.exit_code == 0, done.output
    found = {Path(one["path"]).name: one for one in json.loads(done.stdout)["artifacts"]}
    for name, structure in {
        "call_records.csv": "call_record",
        "subscriber_register.json": "subscriber_record",
        "location_pings.ndjson": "location_record",
        "internet_sessions.parquet": "session_record",
        "travel_history.csv": "travel_record",
    }.items():
        assert structure in [record["structure"] for record in found[name]["records"]], name
    for name in ("harmless_barcodes.csv", "harmless_flight_schedule.csv"):
        assert found[name]["severity"]["level"] == "none", name


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--fail-on", "critical"], 0),
        (["--fail-on", "low"], 1),
        (["--format", "yaml"], 2),
        (["--workers", "-1"], 2),
        (["--shard-bytes", "1 parsec"], 2),
        (["--patterns", "nowhere"], 2),
        (["-o", "nowhere/report.json"], 2),
    ],
)
def test_scan_ends_with_the_status_of_the_contract(arguments: list[str], status: int) -> None:
    assert _run("scan", SAMPLES / "subscriber_register.json", "-q", *arguments).exit_code == status


def test_scan_of_what_is_not_there_goes_on_and_says_so() -> None:
    done = _run("scan", "nowhere.csv", SAMPLES / "harmless_barcodes.csv", "--format", "json", "-q")
    assert done.exit_code == 3
    status = {one["path"]: one["status"] for one in json.loads(done.stdout)["artifacts"]}
    assert status["nowhere.csv"] == "unreadable"
    assert len(status) == 2


@pytest.fixture(scope="module")
def enciphered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive under the password `open`."""
    import pyzipper

    target = tmp_path_factory.mktemp("locked") / "drop.zip"
    with pyzipper.AESZipFile(target, "w") as archive:
        archive.setpassword(b"open")
        archive.setencryption(pyzipper.WZ_AES, nbits=256)
        archive.writestr("travel.csv", (SAMPLES / "travel_history.csv").read_bytes())
    return target


@pytest.mark.parametrize("command", ["scan", "explain", "inspect"])
@pytest.mark.parametrize(
    ("given", "status"),
    [([], 3), (["--password", "no"], 3), (["--password", "no", "--password", "open"], 0), (None, 0)],
)
def test_passwords_open_what_is_enciphered(
    enciphered: Path, command: str, given: list[str] | None, status: int, tmp_path: Path
) -> None:
    if given is None:
        (tmp_path / "words").write_text("no\nopen\n", encoding="utf-8")
        given = ["--password-file", str(tmp_path / "words")]
    done = _run(command, enciphered, "-q", *given)
    assert done.exit_code == status, done.output
    assert ("enciphered" in done.output) == bool(status)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (["--max-depth", "1"], 0),
        (["--max-members", "1"], 3),
        (["--max-member", "100B"], 3),
        (["--max-expanded", "100"], 3),
        (["--max-expanded", "1MiB"], 0),
    ],
)
def test_limits_are_those_of_the_command_line(given: list[str], status: int, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        for name in ("harmless_barcodes.csv", "travel_history.csv"):
            archive.write(SAMPLES / name, name)
    done = _run("scan", tmp_path / "two.zip", "--format", "json", "-q", *given)
    assert done.exit_code == status, done.output
    assert ('"code": "limit"' in done.output) == bool(status)


def test_report_accounts_for_the_members_of_a_container(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.write(SAMPLES / "travel_history.csv", "travel.csv")
    done = _run("scan", tmp_path / "two.zip", "--format", "json", "-q")
    (held,) = (one["members"] for one in json.loads(done.stdout)["artifacts"] if one["format"] == "archive")
    assert held == {"listed": 1, "read": 1, "skipped": {}}


def test_json_lines_end_with_the_summary() -> None:
    done = _run("scan", SAMPLES / "travel_history.csv", SAMPLES / "location_pings.ndjson", "--format", "jsonl", "-q")
    *artifacts, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert last["summary"]["artifacts"] == len(artifacts) == 2


def test_standard_input_is_scanned() -> None:
    done = _run("scan", "-", "--format", "json", "-q", stdin=(SAMPLES / "travel_history.csv").read_bytes())
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["artifacts"][0]["rows"] == 300


def test_a_pipe_gets_no_colour_and_no_bar() -> None:
    done = _run("scan", SAMPLES / "harmless_barcodes.csv")
    assert done.exit_code == 0, done.output
    assert "\x1b" not in done.output
    assert done.stderr == ""


def test_log_is_on_standard_error_only() -> None:
    done = _run("scan", SAMPLES / "harmless_barcodes.csv", "--format", "json", "-v")
    assert json.loads(done.stdout)
    assert "400 rows" in done.stderr


@pytest.mark.parametrize("name", ["scan", "explain", "inspect", "patterns", "completion"])
def test_every_command_has_help_with_examples(name: str) -> None:
    done = _run(name, "--help")
    assert done.exit_code == 0
    assert f"breachscan {name}" in done.output
    assert "Examples:" in done.output


def test_explain_shows_evidence() -> None:
    done = _run("explain", SAMPLES / "harmless_barcodes.csv", "-q")
    assert done.exit_code == 0, done.output
    assert "barcode" in done.output
    assert "against" in done.output


def test_patterns_of_the_package_have_no_faults() -> None:
    done = _run("patterns", "test")
    assert done.exit_code == 0, done.output


def test_a_failure_of_the_scanner_is_status_4_and_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from scanner import pipeline

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("cell 03451234567")

    monkeypatch.setattr(pipeline, "scan_iter", fail)
    done = _run("scan", SAMPLES / "harmless_barcodes.csv")
    assert done.exit_code == 4
    assert "0345" not in done.output
    assert len(done.stderr.splitlines()) == 1
