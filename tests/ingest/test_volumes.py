"""Split archives and the files that SQLite keeps beside a database, on disk as they are found."""

from __future__ import annotations

import shutil
import sqlite3
import struct
from pathlib import Path
from typing import Any

import pytest

from scanner.ingest import streams
from scanner.options import ScanOptions
from scanner.terms import ProblemCode, Status
from tests.fuzz.seeds import zipped
from tests.ingest import made
from tests.ingest.test_containers import CSV, TWO, _drained, _seven, codes


def walked(*paths: Path) -> dict[str, tuple[int, Any]]:
    """Path below the folder → rows and tail."""
    found = streams([str(path) for path in paths], ScanOptions())
    return {stream.head.path.rsplit("/", 1)[-1].split("!", 1)[-1]: _drained(stream) for stream in found}


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def _spanned(folder: Path) -> None:
    """A split zip: what its directory says of offsets counts from the beginning of each part."""
    data = bytearray(zipped({"a.csv": CSV, "b.csv": TWO["d/b.csv"]}))
    marked = bytearray(b"PK\7\x08") + data
    half = len(CSV) // 12
    directory = marked.index(b"PK\1\2")
    end = marked.index(b"PK\5\6")
    assert half < directory
    place = directory
    while marked[place : place + 4] == b"PK\1\2":
        (offset,) = struct.unpack("<I", marked[place + 42 : place + 46])
        offset += 4
        disk = int(offset >= half)
        marked[place + 34 : place + 36] = struct.pack("<H", disk)
        marked[place + 42 : place + 46] = struct.pack("<I", offset - disk * half)
        names = sum(struct.unpack("<HHH", marked[place + 28 : place + 34]))
        place += 46 + names
    marked[end + 4 : end + 8] = struct.pack("<HH", 1, 1)
    marked[end + 16 : end + 20] = struct.pack("<I", directory - half)
    (folder / "x.z01").write_bytes(marked[:half])
    (folder / "x.zip").write_bytes(marked[half:])


def _numbered(data: bytes, stem: str) -> Any:
    def write(folder: Path) -> None:
        for number, piece in enumerate(cut(data, len(data) // 3 + 1), 1):
            (folder / f"{stem}.{number:03d}").write_bytes(piece)

    return write


@pytest.mark.parametrize(
    ("write", "head"),
    [
        pytest.param(_numbered(zipped(TWO), "x.zip"), "x.zip.001", id="zip"),
        pytest.param(_numbered(_seven(TWO), "x.7z"), "x.7z.001", id="7z"),
        pytest.param(_numbered(made.tar_of(TWO), "x.tar"), "x.tar.001", id="tar"),
        pytest.param(_spanned, "x.zip", id="spanned"),
    ],
)
def test_parts_side_by_side_are_joined(tmp_path: Path, write: Any, head: str) -> None:
    write(tmp_path)
    found = walked(tmp_path)
    assert sorted(count for count, _ in found.values())[-2:] == [1, 3000]
    assert {tail.status for _, tail in found.values()} == {Status.COMPLETE}
    parts = [path.name for path in tmp_path.iterdir()]
    assert all(ProblemCode.MULTI_PART in codes(found[name][1]) for name in parts)
    assert all(found[name][1].size_bytes == (tmp_path / name).stat().st_size for name in parts)
    assert found[head][1].members.read == 2
    alone = walked(tmp_path / head)
    assert sorted(count for count, _ in alone.values())[-2:] == [1, 3000]


def test_parts_with_a_gap_are_said_to_be_parts(tmp_path: Path) -> None:
    _numbered(_seven(TWO), "x.7z")(tmp_path)
    (tmp_path / "x.7z.002").unlink()
    found = walked(tmp_path)
    assert found["x.7z.003"][1].status is Status.UNREADABLE
    assert found["x.7z.001"][1].status is Status.UNREADABLE
    assert all(ProblemCode.MULTI_PART in codes(tail) for path, (_, tail) in found.items() if path.startswith("x.7z"))


def test_last_part_of_a_split_zip_alone_is_said_to_be_one(tmp_path: Path) -> None:
    _spanned(tmp_path)
    (tmp_path / "x.z01").unlink()
    tail = walked(tmp_path)["x.zip"][1]
    assert tail.status is not Status.COMPLETE
    assert ProblemCode.MULTI_PART in codes(tail)


def test_archive_behind_a_program_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.exe").write_bytes(b"MZ" + bytes(5000) + zipped(TWO))
    found = walked(tmp_path)
    assert (found["a.csv"][0], found["b.csv"][0]) == (3000, 1)
    assert found["x.exe"][1].status is Status.COMPLETE


def test_numbered_files_that_are_no_archive_are_read_as_they_are(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"x.gz.{number:03d}").write_bytes(CSV)
    assert [count for count, _ in walked(tmp_path).values()] == [3000, 3000]


def _logged(folder: Path) -> None:
    """A database of which most rows stand in the write-ahead log alone."""
    (folder / "live").mkdir()
    connection = sqlite3.connect(folder / "live" / "crm.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("CREATE TABLE people (mobile TEXT)")
    connection.execute("INSERT INTO people VALUES ('03001234567')")
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.executemany("INSERT INTO people VALUES (?)", [(f"0300{i:07d}",) for i in range(5000)])
    connection.commit()
    connection.execute("BEGIN")
    connection.execute("PRAGMA cache_size=1")
    connection.executemany("INSERT INTO people VALUES (?)", [(f"0301{i:07d}",) for i in range(20000)])
    for name in ("crm.db", "crm.db-wal"):
        shutil.copy(folder / "live" / name, folder / name)
    connection.close()
    shutil.rmtree(folder / "live")


def test_committed_rows_of_a_write_ahead_log_are_read_and_nothing_is_written(tmp_path: Path) -> None:
    _logged(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    found = walked(tmp_path)
    assert found["people"][0] == 5001
    assert found["people"][1].status is Status.COMPLETE
    assert codes(found["crm.db-wal"][1]) == set()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_log_is_read_up_to_the_first_frame_that_is_damaged(tmp_path: Path) -> None:
    _logged(tmp_path)
    data = bytearray((tmp_path / "crm.db-wal").read_bytes())
    data[32 + 24 + 100] ^= 1
    (tmp_path / "crm.db-wal").write_bytes(data)
    assert walked(tmp_path)["people"][0] == 1


@pytest.mark.parametrize("log", [b"no log at all" * 10, b"\x37\x7f\x06\x82" + bytes(60)])
def test_log_that_is_not_the_databases_own_is_told(tmp_path: Path, log: bytes) -> None:
    _logged(tmp_path)
    (tmp_path / "crm.db-wal").write_bytes(log)
    found = walked(tmp_path)
    assert found["people"][0] == 1
    assert codes(found["people"][1]) == {ProblemCode.CORRUPT}
    assert found["people"][1].status is Status.PARTIAL


def test_log_without_its_database_is_searched_and_partial(tmp_path: Path) -> None:
    _logged(tmp_path)
    (tmp_path / "crm.db").unlink()
    count, tail = walked(tmp_path)["crm.db-wal"]
    assert count > 0
    assert tail.status is Status.PARTIAL


def test_rollback_journal_beside_a_database_is_told(tmp_path: Path) -> None:
    _logged(tmp_path)
    (tmp_path / "crm.db-wal").unlink()
    (tmp_path / "crm.db-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(600))
    found = walked(tmp_path)
    assert found["people"][0] == 1
    assert any("journal" in problem.message for problem in found["people"][1].problems)
