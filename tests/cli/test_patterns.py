"""`breachscan patterns`: lists, shows, tests; faults name file, line and entry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scanner.cli import main

EXAMPLE = Path(__file__).parents[2] / "docs" / "example-pack"
DUTY = '[[obligation]]\nid = "X-1"\ntitle = "x"\nstatus = "x"\nbecause = "x"\nasks = "x"\nlevel = "low"\nsource = "x"\n'
DATA = "aadhaar,name\n2341 2341 2346,Sana Malik\n"


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments], prog_name="breachscan")


def test_the_shipped_and_the_example_pack_are_without_fault() -> None:
    for more in ((), ("--patterns", EXAMPLE), ("--patterns", EXAMPLE / "india-and-bank.toml")):
        done = _run("patterns", "test", *more)
        assert (done.exit_code, "examples, 0 faults" in done.output) == (0, True), done.output


def test_list_and_show_say_what_an_identifier_is() -> None:
    listed = _run("patterns", "list", "--patterns", EXAMPLE)
    assert "2 identifiers" in listed.stdout and "Aadhaar number" in listed.stdout
    shown = _run("patterns", "show", "in_aadhaar", "--patterns", EXAMPLE).stdout
    assert "weighs as cnic" in shown and "verhoeff" in shown and "notation in_aadhaar.number" in shown
    missing = _run("patterns", "show", "in_adhaar", "--patterns", EXAMPLE)
    assert missing.exit_code == 2 and "near it: in_aadhaar" in missing.output


def test_programs_get_json() -> None:
    listed = json.loads(_run("patterns", "list", "--format", "json").stdout)
    assert {"notation", "header", "structure", "settings"} <= {one["kind"] for one in listed["entries"]}
    shown = json.loads(_run("patterns", "show", "in_aadhaar", "--patterns", EXAMPLE, "--format", "json").stdout)
    assert shown[0]["entry"]["type"]["weighs_as"] == "cnic" and shown[1]["entry"]["lengths"] == [12]
    tested = json.loads(_run("patterns", "test", "--format", "json").stdout)
    assert tested["faults"] == [] and tested["examples"] > 400


@pytest.mark.parametrize(
    ("name", "text", "place", "says"),
    [
        ("mine.toml", '[[header]]\nrole = "sex"\ncolumn_type = "sex"\nadd = ["a party"]\nsource = ["x"]\n', "",
         "stands under caller too"),
        ("mine.toml", '\n[[identifier]]\nid = "lost_one"\nlabel = "lost"\nsource = ["x"]\n', "mine.toml:2",
         "nothing finds it"),
        ("severity.toml", '[additions.place]\npoints = 5\n', "severity.toml:1", "0 to below 1"),
        ("severity.toml", '[joins.keys]\nslack = 0.5\n', "severity.toml:1", "a number of 1 or more"),
        ("severity.toml", '[reference]\nas_of = "soon"\n', "severity.toml:1", "a date such as"),
        ("obligations.toml", DUTY + 'needs = [["msisdm"]]\n', "obligations.toml:1", "'msisdm'"),
        ("obligations.toml", DUTY + 'needs = [["msisdn"]]\n', "obligations.toml:1", "has no `positive`"),
        ("obligations.toml", DUTY + 'needs = [["msisdn"]]\npositive = ["cnic"]\n'
         'negative = [{ value = "imei", why = "no number" }]\n',
         "obligations.toml:1", "is not set off by its positive example 1"),
        ("advice.toml", '[[step]]\nid = "s"\nstage = "later"\nlevel = "low"\nneeds = []\ntext = "x"\n', "advice.toml:1",
         "`stage` must be one of"),
        ("advice.toml", 'source = []\n', "", "names no `source`"),
        ("purposes.toml", '[[purpose]]\nid = "p"\ntitle = "p"\nbecause = "b"\nbeyond = "c"\nallows = ["msisdn"]\n'
         'structures = []\n'
         'positive = ["imei"]\nnegative = [{ value = "cnic", why = "w" }]\n', "purposes.toml:1", "positive example 1"),
        ("enisa.toml", '[[ease]]\nvalue = 0.5\nneeds = [["cnic"]]\nreason = "r"\npositive = ["cnic"]\n'
         'negative = [{ value = "imei", why = "w" }]\n', "enisa.toml:1", "must need nothing"),
        ("enisa.toml", '[[example]]\ncase = "c"\ncategory = "simple"\nsteps = [1]\ndpc = 4\n', "", "do not make 4"),
        ("verdicts.toml", '[msisdn]\nshare = "much"\n', "verdicts.toml:1", "a number of 0 or more"),
        ("calibration.toml", '[column]\npoints = [[0, 0], [0.5, 0.9], [1, 0.8]]\n', "calibration.toml:1",
         "never falling"),
        ("header_words.toml", '[ambiguous]\ndep = ["departs"]\n', "", "'departs'"),
        ("structures.toml", '[[structure]]\nid = "s"\nstructure = "call_record"\nneeds = [["msisdn"]]\n'
         'confidence = 0.9\nsource = ["x"]\n', "structures.toml:1", "no positive example"),
    ],
)  # fmt: skip
def test_a_fault_names_its_place_and_what_to_do(tmp_path: Path, name: str, text: str, place: str, says: str) -> None:
    (tmp_path / name).write_text(text)
    done = _run("patterns", "test", "--patterns", tmp_path)
    assert done.exit_code == 1, done.output
    assert place in done.output and says in done.output, done.output


def test_a_scan_with_a_rule_that_backtracks_ends_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(DATA)
    pack = tmp_path / "mine.toml"
    pack.write_text((EXAMPLE / "india-and-bank.toml").read_text().replace("(?:KHI|LHE|ISB|PEW)", "(?:[A-Z]+)+"))
    for command in (("scan", tmp_path / "data.csv"), ("patterns", "test")):
        done = _run(*command, "--patterns", pack)
        assert done.exit_code == 2
        assert "mine.toml: bank_customer.number: backtracks" in done.output


def test_a_scan_and_an_explanation_show_what_a_pack_adds(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(DATA)
    done = _run("scan", tmp_path / "data.csv", "--patterns", EXAMPLE)
    assert "1 Aadhaar number, 1 different" in done.stdout and "in_aadhaar" in done.stdout
    why = _run("explain", tmp_path / "data.csv", "--patterns", EXAMPLE).stdout
    assert "values: Aadhaar number, check digit" in why and "pass the check (verhoeff)" in " ".join(why.split())
    assert "2341 2341 2346" not in done.output + why
