"""`breachscan inspect` on files made here: the tree, the same as JSON, and how little it reads of a large file."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from scanner import inspection
from scanner.cli import main
from scanner.inspection import inspect
from scanner.terms import Counted
from tests.fuzz.seeds import seeds, zipped

LINE = b"0300%07d;Hina Khan\n"


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["inspect", *map(str, arguments)])


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    inner = zipped({"people.sqlite": seeds()["people.sqlite"], "empty.txt": b""})
    table = b"mobile;name\n" + b"".join(LINE % i for i in range(300))
    (tmp_path / "drop.zip").write_bytes(zipped({"list of 03001234567.csv": table, "inner.zip": inner}))
    return tmp_path / "drop.zip"


def test_tree_names_containers_members_and_tables(drop: Path) -> None:
    done = _run(drop)
    assert done.exit_code == 0, done.output
    lines = [line.strip("│├└─ ") for line in done.output.splitlines()]
    assert any(line.startswith("drop.zip  archive, utf-8, 2 members") for line in lines) or "2 members" in done.output
    assert any("csv, utf-8" in line and "300 rows, 2 columns" in line for line in lines)
    assert any(line.startswith("people  sqlite, 40 rows, 4 columns") for line in lines)
    assert "mobile, name" in done.output
    assert "empty: no bytes" in done.output
    assert "03001234567" not in done.output


def test_json_says_the_same(drop: Path) -> None:
    done = _run(drop, "--format", "json")
    found = {one["path"].split("drop.zip")[1]: one for one in json.loads(done.stdout)["artifacts"]}
    table = found["!inner.zip!people.sqlite!people"]
    assert (table["rows"], table["rows_counted"], table["columns"]) == (
        40,
        "exact",
        ["mobile", "cnic", "name", "amount"],
    )
    assert found[""]["members"] == {"listed": 2, "read": 2, "skipped": {}}
    assert "03001234567" not in done.stdout
    assert "03001234567" in _run(drop, "--format", "json", "--reveal").stdout


def test_what_cannot_be_read_is_status_3(tmp_path: Path) -> None:
    (tmp_path / "cut.zip").write_bytes(zipped({"a.csv": LINE * 10})[:-40])
    assert _run(tmp_path / "cut.zip").exit_code == 3


def test_large_file_is_read_at_its_beginning_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "LOOKED", 2 << 20)
    (tmp_path / "big.csv").write_bytes(b"mobile;name\n" + b"".join(LINE % i for i in range(400_000)))
    columns = pa.table({"mobile": [f"0300{i:07d}" for i in range(400_000)]})
    pq.write_table(columns, tmp_path / "big.parquet", row_group_size=50_000)
    table, columnar = inspect(str(tmp_path / "big.csv"), str(tmp_path / "big.parquet"))
    assert table.counted is Counted.ABOUT
    assert abs(table.rows - 400_000) < 4_000
    assert (columnar.rows, columnar.counted) == (400_000, Counted.STATED)
