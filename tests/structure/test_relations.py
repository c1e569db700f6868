"""Persons in one table, what they did in another: joined by the database's own key."""

from __future__ import annotations

import csv
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from scanner import ScanOptions, scan
from scanner.model import Linkage
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
