"""What phones leave: exported chats, back-ups of messages and calls, property lists, each end to end."""

from __future__ import annotations

import io
import plistlib
import sqlite3
import tarfile
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.ingest import open_source
from scanner.ingest.readers.chat import ChatReader
from scanner.ingest.sources import BytesSource
from scanner.options import ScanOptions
from scanner.terms import Status


def read(data: bytes, name: str = "x", shard: int = 8 << 20) -> dict[str, dict[str | None, list[str]]]:
    """Path → column → cells; a document of lines has one column without a name."""
    out: dict[str, dict[str | None, list[str]]] = {}
    for stream in open_source(BytesSource(data, name), ScanOptions(shard_bytes=shard)):
        columns: dict[str | None, list[str]] = {}
        for part in stream.parts:
            chunk = part.read()
            for title, cells in zip(chunk.names or stream.head.columns, chunk.columns, strict=True):
                texts: list[Any] = cells.to_pylist()
                columns.setdefault(title, []).extend(
                    cell.decode() if isinstance(cell, bytes) else str(cell) for cell in texts
                )
        assert stream.tail().status is Status.COMPLETE
        out[stream.head.path] = columns
    return out


CHATS = {
    "iOS, with marks": (
        "[12/03/2024, 10:11:05] ~\u202fHina: \u200esalam\n"
        "\u200e[12/03/2024, 10:12:05] +92 300 1234567: one: two\nmore\n"
        "[12/03/2024, 10:13:00] Ali: [x]\n",
        (["12/03/2024, 10:11:05", "12/03/2024, 10:12:05", "12/03/2024, 10:13:00"], ["Hina", "+92 300 1234567", "Ali"],
         ["salam", "one: two\nmore", "[x]"]),
    ),
    "Android, with the messenger's own": (
        "12/03/24, 10:11 pm - Messages are end-to-end encrypted.\n12/03/24, 10:12 pm - Hina: a, b\n"
        "12/03/24, 10:13\u202fPM - Ali: c, d\n13/03/24, 9:13 am - Ali: \n",
        (["12/03/24, 10:11 pm", "12/03/24, 10:12 pm", "12/03/24, 10:13\u202fPM", "13/03/24, 9:13 am"],
         ["", "Hina", "Ali", "Ali"], ["Messages are end-to-end encrypted.", "a, b", "c, d", ""]),
    ),
    "digits and comma of Urdu": (
        "۱۲/۰۳/۲۴، ۱۰:۱۱ - حنا: سلام\n" * 3,
        (["۱۲/۰۳/۲۴، ۱۰:۱۱"] * 3, ["حنا"] * 3, ["سلام"] * 3),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHATS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_chat_gives_time_sender_and_text(name: str, encoding: str) -> None:
    text, (times, senders, texts) = CHATS[name]
    ((columns,), _) = read(text.encode(encoding)).values(), None
    assert columns == {"time": times, "sender": senders, "text": texts}


def test_chat_does_not_depend_on_the_size_of_pieces() -> None:
    text = "".join(f"12/03/24, 10:{i % 60:02d} - Hina: text {i}\n" + "more\n" * (i % 3) for i in range(1000))
    assert read(text.encode(), shard=4096) == read(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-12 10:11:05 - INFO: started\n" * 9,
        "12/03/2024,10:11,03001234567\n" * 9,
        "Meeting on 12/03/2024, 10:11 - please come\nBring: papers\n" * 9,
    ],
)
def test_logs_tables_and_prose_are_no_chats(text: str) -> None:
    assert not ChatReader().recognise(text.encode(), "x.txt")


@settings(deadline=None)
@given(st.text("[]12/:,- \nab\u200e،", max_size=300))
def test_any_text_is_taken_apart_without_a_fault(text: str) -> None:
    start = "12/03/24, 10:11 - Hina: x\n" * 200  # as many as are looked at
    (columns,) = read((start + text).encode()).values()
    assert columns["time"][:3] == ["12/03/24, 10:11"] * 3


INFO = {
    "Phone Number": "+923001234567",
    "Devices": [{"IMEI": "353918110123457", "Name": "حنا"}],
    "Count": 3,
    "Key": b"\0",
}


def test_binary_property_list_gives_its_values_under_their_paths() -> None:
    (columns,) = read(plistlib.dumps(INFO, fmt=plistlib.FMT_BINARY), "Status.plist").values()
    assert set(columns[None]) == {
        "Phone Number: +923001234567", "Devices.IMEI: 353918110123457", "Devices.Name: حنا", "Count: 3"
    }  # fmt: skip


@pytest.mark.parametrize("at", range(8, 250, 11))
def test_damaged_property_list_is_searched_for_text(at: int) -> None:
    data = plistlib.dumps(INFO, fmt=plistlib.FMT_BINARY)
    for case in (data[:at], data[:at] + bytes(4) + data[at + 4 :]):
        assert list(read(case, "Status.plist")) == ["Status.plist"]


def _database(rows: list[tuple[str, str]]) -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE message (address TEXT, body TEXT)")
    connection.executemany("INSERT INTO message VALUES (?, ?)", rows)
    connection.commit()
    data = connection.serialize()
    connection.close()
    return data


def _android(members: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return b"ANDROID BACKUP\n5\n1\nnone\n" + zlib.compress(sink.getvalue())


MESSAGES = _database([("+923001234567", "salam")])
SMS = "".join(
    f'<sms address="+92300123456{i}" date="171000000000{i}" body="salam" contact_name="Hina"/>' for i in range(9)
)
CALLS = "".join(f'<call number="+92300123456{i}" duration="{i}" contact_name="Hina"/>' for i in range(9))
BACKUPS = {
    "iOS: a file named by its digest": ("3d/3d0d7e5fb2ce288813306e4d4636395e047a3d28", MESSAGES, "address", 1),
    "Android: messages": ("backup.ab", _android({"apps/x/db/mmssms.db": MESSAGES}), "address", 1),
    "SMS Backup & Restore": ("sms.xml", f'<smses count="9">{SMS}</smses>'.encode(), "address", 9),
    "its calls": ("calls.xml", f'<calls count="9">{CALLS}</calls>'.encode(), "number", 9),
}


@pytest.mark.parametrize("name", BACKUPS)
def test_backup_gives_numbers_in_a_column_of_their_own(name: str) -> None:
    path, data, column, count = BACKUPS[name]
    found = read(data, path)
    assert sum(len(columns.get(column, ())) for columns in found.values()) == count
