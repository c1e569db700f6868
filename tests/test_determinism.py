"""Same bytes, same report: whatever the workers, the shard size and the order of files."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scanner import ScanOptions, scan, scan_iter, sets
from scanner.errors import OptionError
from scanner.model import ScanResult
from scanner.options import Limits
from scanner.packs import load_pack
from scanner.pipeline import conclude
from scanner.report.json_report import ArtifactText
from scanner.vault import Vault


def numbers(folder: Path, tables: int) -> str:
    """A file of so many tables, each of 40 numbers."""
    file = folder / "numbers.csv"
    rows = "".join(f"0300{n:07d},35202{n:07d}{n % 9 + 1}\n" for n in range(40))
    made = [f"msisdn,cnic\n{rows}", f"msisdn,name,cnic\n{rows.replace(',', ',Adeel,')}"]
    file.write_text("\n\n".join(made[:tables]))
    return str(file)


@pytest.mark.parametrize("tables", [1, 2])
def test_what_is_compared_with_nothing_comes_without_its_keys(tmp_path: Path, tables: int) -> None:
    path = numbers(tmp_path, tables)
    whole = list(scan_iter(path))
    alone = list(scan_iter(path, compared=False))
    assert [one.artifact for one in alone] == [one.artifact for one in whole]
    assert len(whole) == tables
    for one, other in zip(whole, alone, strict=True):
        assert {kind: len(run) for kind, run in one.holding.runs.items()} == {
            kind: len(run) for kind, run in other.holding.runs.items()
        }
        assert {isinstance(run, sets.Tally) for run in other.holding.runs.values()} == {tables == 1}
        assert not any(isinstance(run, sets.Tally) for run in one.holding.runs.values())


@pytest.mark.parametrize("name", ["n.ndjson", "n.json", "n.txt", "n.parquet"])
def test_formats_of_one_artifact_come_without_its_keys(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    rows = [{"msisdn": f"0300{n:07d}", "cnic": f"35202{n:07d}{n % 9 + 1}"} for n in range(40)]
    if name == "n.parquet":
        pq.write_table(pa.Table.from_pylist(rows), file)
    elif name == "n.txt":
        file.write_text("".join(f"call {row['msisdn']} back, says {row['cnic']}\n" for row in rows))
    elif name == "n.json":
        file.write_text(json.dumps(rows))
    else:
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (whole,), (alone,) = scan_iter(str(file)), scan_iter(str(file), compared=False)
    assert alone.artifact == whole.artifact
    assert {kind: len(run) for kind, run in alone.holding.runs.items()} == {
        kind: len(run) for kind, run in whole.holding.runs.items()
    }
    assert alone.holding.runs
    assert all(isinstance(run, sets.Tally) for run in alone.holding.runs.values())


def comparable(result: ScanResult) -> ScanResult:
    return replace(result, started_at="", duration_seconds=0.0)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = random.Random(3)
    numbers = [f"92300{rng.randrange(10**7):07d}" for _ in range(400)]
    lines = ["a_number,b_number,start_time,duration,note"]
    for row in range(9000):
        note = f'"quoted ""word"", line\nbreak {row}"' if row % 7 == 0 else f"call {rng.choice(numbers)} back"
        lines.append(
            f"{rng.choice(numbers)},{rng.choice(numbers)},2024-01-{row % 28 + 1:02d} 10:00:{row % 60:02d},"
            f"{row % 900},{note}"
        )
    folder = tmp_path_factory.mktemp("calls")
    (folder / "calls.csv").write_text("\n".join(lines) + "\n")
    (folder / "calls.ndjson").write_text(
        "".join(
            f'{{"msisdn": "{rng.choice(numbers)}", "cnic": 35202{rng.randrange(10**8):08d}}}\n' for _ in range(9000)
        )
    )
    return folder


def test_workers_and_shard_sizes_do_not_show(calls: Path) -> None:
    reports = [
        comparable(scan(str(calls), options=ScanOptions(workers=workers, shard_bytes=shard)))
        for workers, shard in ((1, 1 << 26), (2, 1 << 26), (2, 1 << 20), (1, 1 << 14), (2, 5000))
    ]
    assert all(report == reports[0] for report in reports[1:])
    assert {artifact.rows for artifact in reports[0].artifacts} == {9000}


def test_it_does_not_show_whether_sets_lie_on_disk(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = comparable(scan(str(calls), options=ScanOptions(workers=2, shard_bytes=1 << 16)))
    for name, value in (("WINDOW", 100), ("_FEW", 16), ("_SMALL", 3), ("_LARGE", 6), ("_LEAST", 8), ("_CRUMB", 2)):
        monkeypatch.setattr(sets, name, value)
    written: list[int] = []
    append = Vault.append
    monkeypatch.setattr(Vault, "take", lambda *_: False)
    monkeypatch.setattr(Vault, "append", lambda vault, data: (written.append(len(data)), append(vault, data))[1])
    assert comparable(scan(str(calls), options=ScanOptions(workers=2, shard_bytes=1 << 16, memory=1 << 29))) == whole
    assert sum(written) > 8 * 8000


def test_a_scan_needs_some_memory() -> None:
    with pytest.raises(OptionError, match="at least 512M"):
        ScanOptions(memory=511 * 10**6)


def test_a_small_budget_shortens_what_is_held_whole() -> None:
    assert ScanOptions(memory=512 * 10**6).limits.max_cell == 32 * 10**6
    assert ScanOptions().limits == Limits()


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_rendered_where_it_is_scanned_concludes_as_the_whole(workers: int) -> None:
    options = ScanOptions(workers=workers)
    pack = load_pack()
    whole = list(scan_iter("sample_data", options=options))
    bare = list(scan_iter("sample_data", options=options, render=ArtifactText.of))
    assert conclude(bare, pack, options)[1] == conclude(whole, pack, options)[1]
    assert sum(bool(one.artifact.severity.factors) for one in bare) < sum(
        bool(one.artifact.severity.factors) for one in whole
    )
