"""A first look at a large input says what it is: a part, with totals whose bounds hold."""

from __future__ import annotations

import gzip
import json
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from scanner import ScanOptions, scan
from scanner.cli import main
from scanner.errors import OptionError
from scanner.estimates import student, total
from scanner.ingest import sampling
from scanner.model import Artifact
from scanner.options import Sample
from scanner.terms import ColumnType, Format, Status

TENTH = Sample(share=0.1)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of some hundred kilobytes do as large ones."""
    monkeypatch.setattr(sampling, "WHOLE_BELOW", 1 << 16)
    monkeypatch.setattr(sampling, "LEAST", 1 << 10)


def rows(seed: int, many: int = 20_000) -> Iterator[dict[str, str]]:
    """Calls of varying length, whose second half has notes, some with a number in them."""
    dice = random.Random(seed)
    for at in range(many):
        note = dice.choice(["", "call 03001234567 back", "no answer; " * dice.randrange(4)]) if at > many // 2 else ""
        yield {
            "caller": f"92{dice.randrange(300, 350)}{dice.randrange(10**7):07d}",
            "start_time": f"2024-01-{at % 28 + 1:02d} 10:00:{at % 60:02d}",
            "note": note,
        }


def csv(path: Path, seed: int = 1) -> Path:
    path.write_text("caller,start_time,note\n" + "".join(",".join(row.values()) + "\n" for row in rows(seed)))
    return path


def look(path: Path, sample: Sample = TENTH, **options: Any) -> Artifact:
    (artifact,) = scan(str(path), options=ScanOptions(sample=sample, **options)).artifacts
    return artifact


@pytest.mark.parametrize(("freedom", "quantile"), [(7, 2.365), (10, 2.228), (30, 2.042), (95, 1.985)])
def test_students_quantile(freedom: int, quantile: float) -> None:
    assert student(freedom) == pytest.approx(quantile, abs=0.002)


@pytest.mark.parametrize("by_bytes", [True, False])
def test_bounds_hold_as_often_as_they_say(by_bytes: bool) -> None:
    """Of 600 samples of clusters that differ, about 95 in 100 have the true total within their bounds."""
    held = 0
    for seed in range(600):
        dice = np.random.default_rng(seed)
        sizes = dice.integers(500, 1500, 600)
        counts = dice.poisson(sizes / 50 * dice.gamma(4, 0.25, 600))
        taken = dice.choice(600, 40, replace=False)
        expansion = sizes.sum() / sizes[taken].sum() if by_bytes else 15.0
        weights = sizes[taken] if by_bytes else np.ones(40)
        found = total(counts[taken].tolist(), weights.tolist(), float(expansion))
        assert found.high is not None
        held += found.low <= counts.sum() <= found.high
    assert 0.92 <= held / 600 <= 0.99


def test_a_sampled_table_is_told_with_bounds_that_hold(tmp_path: Path) -> None:
    held = []
    for seed in range(12):
        found = look(csv(tmp_path / "calls.csv", seed))
        assert found.status is Status.PARTIAL
        assert found.coverage.sampled
        assert found.sha256 is None
        assert "sampled" in [problem.code for problem in found.problems]
        assert found.sample is not None
        assert 0.05 < found.sample.share < 0.2
        assert found.rows == found.sample.rows.seen < 4000
        number = found.sample.occurrences[ColumnType.MSISDN]
        assert number.high is not None
        assert found.sample.rows.high is not None
        (whole,) = scan(str(tmp_path / "calls.csv")).artifacts
        many = whole.identifiers[ColumnType.MSISDN]
        held += [
            found.sample.rows.low <= 20_000 <= found.sample.rows.high,
            number.low <= many.occurrences <= number.high,
        ]
        low, high = found.sample.distinct[ColumnType.MSISDN]
        assert high is not None
        assert many.distinct is not None
        assert low <= many.distinct <= high
        assert found.columns[0].type is ColumnType.MSISDN
    assert sum(held) >= math.floor(0.9 * len(held))


def test_the_same_bytes_give_the_same_sample(tmp_path: Path) -> None:
    path = csv(tmp_path / "calls.csv")
    assert look(path) == look(path, workers=2) == look(path, shard_bytes=1 << 20)


def ndjson(path: Path) -> Format:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows(1)))
    return Format.NDJSON


def text(path: Path) -> Format:
    said = ("{} rang twice", "nobody knew who {} was", "it was {} again on the line", "write to {}")
    path.write_text("".join(said[at * at % 4].format(row["caller"]) + "\n" for at, row in enumerate(rows(1))))
    return Format.TEXT


def parquet(path: Path) -> Format:
    pq.write_table(pa.Table.from_pylist(list(rows(1))), path, row_group_size=200, compression="none")
    return Format.PARQUET


def zipped(path: Path) -> Format:
    path.write_bytes(gzip.compress(b"".join(b",".join(map(str.encode, row.values())) + b"\n" for row in rows(1)), 0))
    return Format.CSV


@pytest.mark.parametrize("write", [ndjson, text, parquet, zipped])
def test_every_kind_of_input_is_sampled(tmp_path: Path, write: Any) -> None:
    """Lines by stretches; row groups, and what a compressed stream expands to, by parts."""
    form = write(tmp_path / "input")
    found = look(tmp_path / "input", shard_bytes=4096)
    assert (found.format, found.status) == (form, Status.PARTIAL)
    assert found.sample is not None
    assert found.rows < 4500
    assert found.sample.rows.high is not None
    assert 0.9 * found.sample.rows.low <= 20_000 <= 1.1 * found.sample.rows.high
    assert found.identifiers[ColumnType.MSISDN].distinct == found.sample.distinct[ColumnType.MSISDN][0]


def test_small_inputs_and_those_that_an_amount_covers_are_read_whole(tmp_path: Path) -> None:
    path = csv(tmp_path / "calls.csv")
    (whole,) = scan(str(path)).artifacts
    assert look(path, Sample(size=1 << 30)) == whole
    path.write_text("caller\n" + "923001234567\n" * 50)
    assert look(path).status is Status.COMPLETE


def test_an_amount_of_what_is_compressed_is_read_whole_and_said_so(tmp_path: Path) -> None:
    (tmp_path / "calls.csv.gz").write_bytes(gzip.compress(csv(tmp_path / "calls.csv").read_bytes()))
    found = look(tmp_path / "calls.csv.gz", Sample(size=50_000))
    assert (found.rows, found.status, found.sample) == (20_000, Status.COMPLETE, None)
    assert "read whole in spite of --sample" in " ".join(problem.message for problem in found.problems)


def test_the_report_shows_that_it_is_an_estimate(tmp_path: Path) -> None:
    path = str(csv(tmp_path / "calls.csv"))
    shown = CliRunner().invoke(main, ["scan", path, "--sample", "10%", "-q"])
    assert shown.exit_code == 3
    for words in ("as far as read", "an estimate from", "95% sure", "different at least", "sampled"):
        assert words in " ".join(shown.output.split())
    made = CliRunner().invoke(main, ["scan", path, "--sample", "40k", "-q", "--format", "json"])
    held = json.loads(made.output)["artifacts"][0]
    assert held["coverage"]["sampled"]
    assert held["sample"]["rows"]["low"] <= 20_000 <= held["sample"]["rows"]["high"]
    assert held["sample"]["identifiers"]["msisdn"]["distinct"]["low"] == held["identifiers"]["msisdn"]["distinct"]


@pytest.mark.parametrize("wrong", ["0%", "0", "100%", "some", "-1%", "1%M"])
def test_a_sample_of_nothing_is_refused(tmp_path: Path, wrong: str) -> None:
    done = CliRunner().invoke(main, ["scan", str(csv(tmp_path / "a.csv")), "--sample", wrong])
    assert done.exit_code == 2


def test_a_sample_is_a_share_or_an_amount() -> None:
    for share, size in ((0.0, 0), (0.5, 5), (1.0, 0), (-0.1, 0)):
        with pytest.raises(OptionError):
            Sample(share=share, size=size)
