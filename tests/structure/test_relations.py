"""Persons in one table, what they did in another: joined by the database's own key."""

from __future__ import annotations

import csv
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner import ScanOptions, scan
from scanner.model import Linkage
from scanner.sets import Sketch
from scanner.terms import ColumnType

PEOPLE = 120
Rows = list[tuple[object, ...]]
Tables = dict[str, tuple[Sequence[str], Rows]]


def people(first: int = 1) -> Rows:
    dice = random.Random(4)
    names = ["Ayesha Malik", "Bilal Khan", "Sana Qureshi", "Usman Butt", "Hina Shah", "Kamran Abbasi"]
    return [
        (first + at, names[at % 6], f"35202-{dice.randrange(10**6, 10**7)}-{1 + at % 9}", f"0300{1234567 + at * 7919}")
        for at in range(PEOPLE)
    ]


def positions(low: int, high: int) -> Rows:
    dice = random.Random(5)
    return [
        (dice.randint(low, high), f"2024-03-{1 + at % 28:02} 1{at % 10}:15:{at % 60:02}", f"31.{dice.randrange(4000, 6000)}",
         f"74.{dice.randrange(2000, 4000)}")
        for at in range(400)
    ]  # fmt: skip


def tables(key: str = "customer_id", name: str = "customers", low: int = 1, high: int = PEOPLE) -> Tables:
    return {
        name: (("id", "full_name", "cnic", "mobile"), people()),
        "positions": ((key, "seen_at", "latitude", "longitude"), positions(low, high)),
    }


def as_database(folder: Path, made: Tables) -> None:
    with sqlite3.connect(folder / "crm.db") as base:
        for name, (header, rows) in made.items():
            base.execute(f"create table {name} ({', '.join(header)})")
            base.executemany(f"insert into {name} values ({','.join('?' * len(header))})", rows)
    base.close()


def as_folder(folder: Path, made: Tables) -> None:
    for name, (header, rows) in made.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])


def found(folder: Path) -> tuple[Linkage, ...]:
    return scan(str(folder), options=ScanOptions(workers=1)).summary.linkage


@pytest.fixture(params=[as_database, as_folder])
def put(request: pytest.FixtureRequest) -> Iterator[Callable[[Path, Tables], None]]:
    yield request.param


def test_people_and_their_positions_are_one_exposure(put: Callable[[Path, Tables], None], tmp_path: Path) -> None:
    put(tmp_path, tables())
    result = scan(str(tmp_path), options=ScanOptions(workers=1))
    (link,) = result.summary.linkage
    assert link.on is ColumnType.OTHER and link.shared_subscribers == PEOPLE
    assert "customer_id" in link.reason and "positions" in link.reason
    assert [path.rpartition("!")[2].split("/")[-1].split(".")[0] for path in link.artifacts] == [
        "customers",
        "positions",
    ]
    assert link.severity.score > max(artifact.severity.score for artifact in result.artifacts)
    assert result.summary.severity.score >= link.severity.score


@pytest.mark.parametrize(
    "made",
    [
        tables(key="order_id"),
        tables(name="suppliers"),
        tables(low=PEOPLE - 5, high=PEOPLE + 40),
        tables(key="id"),
    ],
    ids=["another key", "another table", "beyond its rows", "a counter"],
)
def test_what_does_not_name_the_rows_of_the_other_is_not_joined(made: Tables, tmp_path: Path) -> None:
    as_folder(tmp_path, made)
    assert found(tmp_path) == ()


def test_tables_of_different_folders_are_not_joined(tmp_path: Path) -> None:
    made = tables()
    for name, table in made.items():
        (tmp_path / name).mkdir()
        as_folder(tmp_path / name, {name: table})
    assert found(tmp_path) == ()


KINDS: dict[str, Callable[[int], object]] = {
    "codes": lambda at: f"C-{at:05}",
    "uuids": lambda at: str(UUID(int=at * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2**128)),
    "sparse numbers": lambda at: 100_000 + at * 8_117,
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize(("theirs", "joined"), [(0, True), (5_000, False)], ids=["same keys", "other keys"])
def test_keys_that_are_no_running_numbers_are_followed(
    kind: Callable[[int], object], theirs: int, joined: bool, tmp_path: Path
) -> None:
    made = tables()
    header, rows = made["customers"]
    made["customers"] = (("customer_ref", *header[1:]), [(kind(at), *row[1:]) for at, row in enumerate(rows)])
    header, rows = made["positions"]
    dice = random.Random(6)
    made["positions"] = (
        ("customer_ref", *header[1:]),
        [(kind(theirs + dice.randrange(PEOPLE)), *row[1:]) for row in rows],
    )
    as_folder(tmp_path, made)
    links = found(tmp_path)
    assert [link.shared_subscribers for link in links] == ([PEOPLE] if joined else [])


def test_two_keys_into_one_register_make_one_relation(tmp_path: Path) -> None:
    made = tables()
    header, rows = made["positions"]
    made["positions"] = (
        ("from_customer_id", "to_customer_id", *header[1:]),
        [(row[0], 1 + (at * 7) % PEOPLE, *row[1:]) for at, row in enumerate(rows)],
    )
    as_folder(tmp_path, made)
    (link,) = found(tmp_path)
    assert "from_customer_id and to_customer_id" in link.reason
    assert link.shared_subscribers == PEOPLE


def test_large_tables_are_compared_by_a_sample() -> None:
    register, inside, outside = Sketch(), Sketch(), Sketch()
    dice = np.random.default_rng(7)
    hashes = dice.integers(0, 1 << 62, 200_000)
    for part in np.array_split(hashes, 7):
        register.add(part)
    inside.add(dice.choice(hashes, 50_000))
    outside.add(np.concatenate((hashes[:10_000], dice.integers(0, 1 << 62, 40_000))))
    assert abs(register.distinct - 200_000) < 200_000 * 0.06
    assert inside.share_in(register) == 1.0
    share = outside.share_in(register)
    assert share is not None and abs(share - 0.2) < 0.06
    few = Sketch()
    few.add(hashes[:100])
    assert few.share_in(register) is None


@given(st.lists(st.lists(st.integers(0, 60)), max_size=5), st.randoms())
def test_sketches_merge_in_any_order(parts: list[list[int]], dice: random.Random) -> None:
    whole, merged = Sketch(), Sketch()
    whole.add(np.array([value for part in parts for value in part], np.int64))
    dice.shuffle(parts)
    for part in parts:
        one = Sketch()
        one.add(np.array(part, np.int64))
        merged.update(one)
    assert merged.least.tolist() == whole.least.tolist() == sorted({value for part in parts for value in part})
