"""Digests against hashlib; what computing a number space says of columns of digests, and what it never says."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scanner import ScanOptions, compiled, scan
from scanner.detect import enumeration, hashing
from scanner.detect.enumeration import Positions, Wanted, plan, sample, whole
from scanner.detect.profile import ColumnProfile
from scanner.detect.tables import build
from scanner.packs import load_pack
from scanner.packs.check import matches_enumeration
from scanner.sets import KeyCounts
from scanner.terms import ColumnType, Form

PACK = load_pack()
#: Spaces of 61 x 10^4 and 527 x 10^4 values, of the shapes of the real ones.
SMALL = replace(
    PACK,
    enumerations=tuple(
        replace(PACK.enumerations[0], id=name, label=name, template=text, table=table, column_type=kind, common=often)
        for name, text, table, kind, often in (
            ("national", "0CCCSSSS", "mobile_ndc", ColumnType.MSISDN, True),
            ("line", "0CCCSSSS\n", "mobile_ndc", ColumnType.MSISDN, False),
            ("card", "CCCCC-SSS-S", "cnic_locality", ColumnType.CNIC, True),
        )
    ),
)  # fmt: skip
NUMBERS = [f"0{code}{serial:04d}" for code in (300, 333, 345) for serial in range(0, 10_000, 97)]


@pytest.fixture(autouse=True)
def machine_code() -> None:
    compiled.compile_all()


def profile(*cells: str) -> ColumnProfile:
    made = ColumnProfile()
    made.scan(pa.array([cell.encode() for cell in cells], pa.binary()), build(PACK), 0, 3)
    return made


def hexadecimal(name: str, values: list[str]) -> list[str]:
    return [hashlib.new(name, value.encode()).hexdigest() for value in values]


def key(name: str, value: str) -> int:
    return int.from_bytes(hashlib.new(name, value.encode()).digest()[:8]) & 2**62 - 1


@pytest.mark.parametrize("algorithm", range(len(hashing.NAMES)), ids=hashing.NAMES)
@pytest.mark.parametrize("rule", PACK.enumerations, ids=lambda rule: rule.id)
def test_a_search_finds_what_hashlib_makes_and_nothing_else(rule: enumeration.Enumeration, algorithm: int) -> None:
    laid = plan(rule, algorithm, PACK)
    head = laid.head.copy()
    block = 61
    hashing.place_block(block, laid.codes, laid.code_at, laid.upper_at, head)
    values = []
    for lane in (0, 7, 999):
        text = bytearray(head[: len(rule.template)])
        for place, digit in zip([i for i, c in enumerate(rule.template) if c == "S"][-3:], f"{lane:03d}", strict=True):
            text[place] = ord(digit)
        values.append(text.decode())
    assert all(matches_enumeration(rule, value, PACK.tables) for value in values)
    counts = KeyCounts()
    name = hashing.NAMES[algorithm]
    counts.add(np.array([key(name, value) for value in [*values, "something else"]], np.int64))
    wanted = Wanted(counts)
    run = hashing.search64 if algorithm >= hashing.SHA384 else hashing.search32
    layout = (laid.head, laid.tails, laid.codes, laid.code_at, laid.upper_at)
    run(algorithm, block, block + 1, *layout, wanted.bits, wanted.keys, wanted.found)
    assert wanted.keys[wanted.found == 1].tolist() == sorted(key(name, value) for value in values)


def test_blocks_cover_a_space_once() -> None:
    laid = plan(SMALL.enumerations[0], hashing.MD5, SMALL)
    seen = set()
    for block in range(laid.blocks):
        head = laid.head.copy()
        hashing.place_block(block, laid.codes, laid.code_at, laid.upper_at, head)
        seen.add(bytes(head))
    assert len(seen) == laid.blocks == 610


@pytest.mark.parametrize("name", ["md5", "sha1", "sha224", "sha256", "sha512"])
def test_a_sample_names_algorithm_and_notation(name: str) -> None:
    for cells in (hexadecimal(name, NUMBERS), [one.upper()[:20] for one in hexadecimal(name, NUMBERS)]):
        found = sample(profile(*cells), None, SMALL, 2)
        if len(cells[0]) == 20 and name not in ("md5", "sha1", "sha256"):
            continue
        assert found is not None and found.hit is not None
        assert (found.hit.algorithm, found.hit.notation) == (name, "national")


def test_a_sample_knows_base64() -> None:
    cells = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in NUMBERS]
    found = sample(profile(*cells), None, SMALL, 1)
    assert found is not None and found.hit is not None and found.hit.algorithm == "sha256"


def test_salted_digests_are_not_found_and_a_few_are_not_tried() -> None:
    salted = sample(profile(*hexadecimal("md5", ["pepper" + one for one in NUMBERS])), None, SMALL, 2)
    assert salted is not None and salted.hit is None and salted.exposed_rows == 0
    assert sample(profile(*hexadecimal("md5", NUMBERS[:2])), None, PACK, 2) is None


def test_the_sample_is_the_same_for_any_number_of_workers() -> None:
    made = profile(*hexadecimal("sha1", NUMBERS))
    assert sample(made, None, SMALL, 1) == sample(made, None, SMALL, 3)


def test_whole_spaces_count_rows_and_values_of_every_notation() -> None:
    cells = hexadecimal("md5", NUMBERS * 2 + [f"{one}\n" for one in NUMBERS[:50]] + ["neither"])
    found = whole(profile(*cells), None, SMALL, 2, lambda *_: None, {}, lambda _: None)
    assert (found.exposed_distinct, found.exposed_rows) == (len(NUMBERS) + 50, 2 * len(NUMBERS) + 50)
    assert found.complete
    by_notation = {one.notation: one.exposed_rows for one in found.spaces if one.exposed_distinct}
    assert by_notation == {"national": 2 * len(NUMBERS), "line": 50}


def test_repeated_digests_count_by_row() -> None:
    cells = hexadecimal("md5", ["03000001"] * 500 + ["03000002"] * 3)
    assert sorted(profile(*cells).digests.items()[1].tolist()) == [3, 500]


def test_a_whole_test_goes_on_where_it_was() -> None:
    made = profile(*hexadecimal("md5", [*NUMBERS, "neither"]))
    steps: list[Positions] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(enumeration, "_STRETCH", 5)
        straight = whole(made, None, SMALL, 1, lambda *_: None, {}, lambda at: steps.append(at))
    assert len(steps) > 3
    for at in steps[:: len(steps) // 3]:
        assert whole(made, None, SMALL, 2, lambda *_: None, at, lambda _: None) == straight


@pytest.mark.parametrize("reveal", [False, True])
def test_scan_says_what_is_enumerable_and_shows_no_value(reveal: bool, tmp_path: Path) -> None:
    numbers = [f"92300{serial:07d}" for serial in range(1_234_567, 9_999_999, 7_919)]
    (tmp_path / "k.csv").write_text("k\n" + "\n".join(hexadecimal("md5", numbers)), encoding="utf-8")
    result = scan(str(tmp_path / "k.csv"), options=ScanOptions(reveal=reveal))
    (column,) = result.artifacts[0].columns
    assert (column.type, column.form) == (ColumnType.MSISDN, Form.HASHED)
    assert column.hash is not None and column.hash.hit is not None
    assert (column.hash.hit.algorithm, column.hash.hit.notation) == ("md5", "92300…")
    assert not any(number[2:] in repr(result) for number in numbers)


def test_progress_holds_positions_and_counts_alone(tmp_path: Path) -> None:
    (tmp_path / "enumerations.toml").write_text(
        "\n".join(
            f"""[[enumeration]]
id = "{rule.id}"
column_type = "{rule.column_type}"
label = "small"
template = "{"0CCCSSSS" if rule.column_type is ColumnType.MSISDN else "CCCCCSSSS"}"
table = "{rule.table}"
source = ["test"]
"""
            for rule in PACK.enumerations
        ),
        encoding="utf-8",
    )
    (tmp_path / "k.csv").write_text("msisdn_md5\n" + "\n".join(hexadecimal("md5", NUMBERS)), encoding="utf-8")
    progress = tmp_path / "progress.json"
    options = ScanOptions(patterns=tmp_path, test_hashes=True, hash_progress=progress)
    first = scan(str(tmp_path / "k.csv"), options=options).artifacts[0].columns[0].hash
    assert first is not None and first.complete
    assert first.exposed_distinct == first.exposed_rows == len(NUMBERS)
    held = json.loads(progress.read_text(encoding="utf-8"))
    assert set(held) == {"schema", "patterns", "columns"}
    assert all(isinstance(n, int) for column in held["columns"].values() for at in column.values() for n in at)
    assert scan(str(tmp_path / "k.csv"), options=options).artifacts[0].columns[0].hash == first
