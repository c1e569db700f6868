"""Every rendering says the same, shows nothing whole, and holds to the contract."""

from __future__ import annotations

import io
import json
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from scanner.model import Artifact, Inspected, Overlap, ScanResult
from scanner.report import gate
from scanner.report.document import artifact_document, document
from scanner.report.explain import write_explanation
from scanner.report.files import output_file
from scanner.report.inspect import write_tree
from scanner.report.json_report import ArtifactText, write_artifact_line, write_json, write_summary_line
from scanner.report.tables import arrow_tables
from scanner.report.text import ranked, write_text
from scanner.terms import ColumnType
from scanner.vault import Vault
from tests.conftest import PLANTED


def _text(result: ScanResult, reveal: bool) -> str:
    out = io.StringIO()
    write_text(result, out, reveal=reveal, verbose=True, width=200)
    return out.getvalue()


def _json(result: ScanResult, reveal: bool) -> str:
    out = io.StringIO()
    write_json(result, out, reveal=reveal, evidence=True)
    return out.getvalue()


def _jsonl(result: ScanResult, reveal: bool) -> str:
    out = io.StringIO()
    for artifact in result.artifacts:
        write_artifact_line(artifact, out, reveal=reveal, evidence=True)
    write_summary_line(result.summary, out, tool=("0", "0" * 64), reveal=reveal)
    return out.getvalue()


def _explain(result: ScanResult, reveal: bool) -> str:
    out = io.StringIO()
    write_explanation(result, out, reveal=reveal, width=200)
    return out.getvalue()


def _inspected(one: Artifact) -> Inspected:
    names = tuple(column.name for column in one.columns)
    return Inspected(one.path, one.format, one.status, one.encoding, "", names, one.rows, problems=one.problems)


def _tree(result: ScanResult, reveal: bool) -> str:
    out = io.StringIO()
    write_tree(map(_inspected, result.artifacts), out, reveal=reveal, width=200)
    return out.getvalue()


def _tables(result: ScanResult, reveal: bool) -> str:
    return json.dumps({name: table.to_pylist() for name, table in arrow_tables(result, reveal=reveal).items()})


RENDERINGS = [_text, _json, _jsonl, _explain, _tree, _tables]


@pytest.mark.parametrize("render", RENDERINGS)
def test_no_rendering_holds_a_planted_identifier(render: Callable[[ScanResult, bool], str], result: ScanResult) -> None:
    shown = render(result, False)
    assert [value for value in PLANTED if value in shown] == []


@pytest.mark.parametrize("render", RENDERINGS)
def test_reveal_shows_paths_whole(render: Callable[[ScanResult, bool], str], result: ScanResult) -> None:
    assert "dump of 03451234567.csv" in render(result, True)


@pytest.mark.parametrize("render", RENDERINGS)
def test_every_artifact_is_in_every_rendering(render: Callable[[ScanResult, bool], str], result: ScanResult) -> None:
    shown = render(result, False)
    for artifact in gate.show(result).artifacts:
        assert artifact.path in shown


def test_document_holds_every_field_that_the_contract_requires(result: ScanResult) -> None:
    whole = document(gate.show(result))
    assert {"schema_version", "tool", "started_at", "duration_seconds", "artifacts", "summary"} <= whole.keys()
    assert whole == json.loads(json.dumps(whole))
    required = {
        "path",
        "sha256",
        "size_bytes",
        "format",
        "encoding",
        "status",
        "problems",
        "rows",
        "bad_rows",
        "columns",
    }
    required |= {"columns", "identifiers", "records", "subscribers", "severity", "coverage", "obligations", "overlaps"}
    assert all(required <= one.keys() for one in whole["artifacts"])


def test_json_and_json_lines_hold_the_same(result: ScanResult) -> None:
    whole = json.loads(_json(result, False))
    *artifacts, last = [json.loads(line) for line in _jsonl(result, False).splitlines()]
    assert artifacts == whole["artifacts"]
    assert last["summary"] == whole["summary"]
    assert whole == document(gate.show(result), evidence=True)


def test_json_of_no_artifacts_is_json(result: ScanResult) -> None:
    assert json.loads(_json(replace(result, artifacts=()), False))["artifacts"] == []


def test_json_with_a_name_that_is_no_text_is_utf8(calls: object, result: ScanResult) -> None:
    odd = replace(result.artifacts[1], path="a\udcff.csv")
    out = io.StringIO()
    write_artifact_line(odd, out)
    assert json.loads(out.getvalue().encode())["path"] == "a\udcff.csv"


@pytest.mark.parametrize("room", [0, 1 << 20], ids=["on disk", "in memory"])
def test_json_of_texts_made_beforehand_is_the_same(result: ScanResult, room: int) -> None:
    overlap = Overlap("leak/3001234567.csv\udcff", 3, 0.5, ColumnType.MSISDN)
    whole = replace(result, artifacts=(replace(result.artifacts[0], overlaps=(overlap,)), *result.artifacts[1:]))
    made = [ArtifactText.of(artifact, evidence=True) for artifact in result.artifacts]
    texts = [text.kept(Vault(room)) for text in made]
    out = io.StringIO()
    write_json(whole, out, texts=texts)
    assert out.getvalue() == _json(whole, False)
    first = json.loads(out.getvalue().encode())["artifacts"][0]
    assert first == artifact_document(gate.show_artifact(whole.artifacts[0]), evidence=True)
    assert "3001234567" not in out.getvalue()


def test_gate_twice_is_gate_once(result: ScanResult) -> None:
    once = gate.show(result)
    assert gate.show(once) == once


def test_text_ranks_the_worst_first_and_the_unread_before_the_harmless(result: ScanResult) -> None:
    assert ranked(result.artifacts)[0].severity.level == "high"
    assert [one.status for one in ranked(result.artifacts)] == ["partial", "unreadable", "complete"]


def test_text_says_as_far_as_read_of_what_is_partial(result: ScanResult) -> None:
    shown = _text(result, False)
    assert "as far as read" in shown
    assert "110 kB of 120 kB" in shown


def test_text_takes_no_markup_and_no_control_from_the_data(result: ScanResult) -> None:
    shown = _text(result, False)
    assert "[red]code[/red]" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("width", [40, 60, 80, 120, 250])
def test_text_keeps_to_the_width(result: ScanResult, width: int) -> None:
    out = io.StringIO()
    write_text(result, out, width=width)
    assert max(len(line) for line in out.getvalue().splitlines()) <= width


def test_explain_shows_why_a_column_has_no_type(result: ScanResult) -> None:
    shown = _explain(result, False)
    assert "no type" in shown
    assert "-1.000" in shown
    assert "against" in shown


def test_evidence_is_in_the_document_where_asked_for(calls: object, result: ScanResult) -> None:
    assert "evidence" not in artifact_document(result.artifacts[0])["columns"][0]
    assert artifact_document(result.artifacts[0], True)["columns"][0]["evidence"][0]["weight"] == 0.997


def test_tables_join_on_the_artifact(result: ScanResult) -> None:
    tables = arrow_tables(result)
    assert {name: table.num_rows for name, table in tables.items()} == {
        "artifacts": 3,
        "columns": 5,
        "identifiers": 1,
    }
    assert tables["columns"]["artifact"].to_pylist() == [0, 0, 0, 0, 1]


class TestOutputFile:
    def test_is_written_whole_or_not_at_all(self, tmp_path: Path) -> None:
        target = tmp_path / "report.json"
        target.write_text("before")
        with pytest.raises(RuntimeError), output_file(target) as out:
            out.write("half")
            raise RuntimeError
        assert target.read_text() == "before"
        assert [path.name for path in tmp_path.iterdir()] == ["report.json"]

    @pytest.mark.parametrize("at_once", [False, True])
    def test_is_its_owners_alone_where_private(self, tmp_path: Path, at_once: bool) -> None:
        target = tmp_path / "report.json"
        with output_file(target, private=True, at_once=at_once) as out:
            out.write("x")
        assert stat.S_IMODE(target.stat().st_mode) == 0o600

    def test_has_the_usual_rights_otherwise(self, tmp_path: Path) -> None:
        mask = os.umask(0)
        os.umask(mask)
        with output_file(tmp_path / "report.json") as out:
            out.write("x")
        assert stat.S_IMODE((tmp_path / "report.json").stat().st_mode) == 0o666 & ~mask

    def test_may_be_a_device(self) -> None:
        with output_file(Path(os.devnull)) as out:
            out.write("x")
        assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
