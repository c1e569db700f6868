"""SQL dumps as tables, in the dialects of the usual exporters."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.ingest.readers.sql import SqlReader
from scanner.ingest.sources import BytesSource
from scanner.options import ScanOptions

MYSQL = """-- MySQL dump
CREATE TABLE `subs` (
  `msisdn` varchar(20) NOT NULL,
  `name` varchar(80),
  PRIMARY KEY (`msisdn`)
) ENGINE=InnoDB;
INSERT INTO `subs` VALUES ('03001234567','O\\'Neil; (x)'),('03001234568',NULL);
INSERT INTO `subs` VALUES ('03001234569','It''s');
"""
POSTGRES = "COPY public.subs (msisdn, name) FROM stdin;\n03001234567\tA\\tB\n03001234568\t\\N\n\\.\n"
SERVER = "INSERT [dbo].[subs] ([msisdn], [name]) VALUES (N'03001234567', N'Ali')\nGO\n"


def tables(text: str) -> dict[str, tuple[tuple[str | None, ...], list[list[str]]]]:
    out = {}
    for stream in SqlReader().read(BytesSource(text.encode(), "d.sql"), ScanOptions()):
        columns: list[list[str]] = [[] for _ in stream.head.columns]
        for part in stream.parts:
            for held, array in zip(columns, part.read().columns, strict=False):
                held += [cell.decode() for cell in array.to_pylist()]
        out[stream.head.path] = (stream.head.columns, columns)
    return out


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (MYSQL, [["03001234567", "03001234568", "03001234569"], ["O'Neil; (x)", "", "It's"]]),
        (POSTGRES, [["03001234567", "03001234568"], ["A\tB", ""]]),
        (SERVER, [["03001234567"], ["Ali"]]),
    ],
    ids=["mysqldump", "pg_dump", "sql server"],
)
def test_dump_gives_its_table_with_names_and_values(text: str, columns: list[list[str]]) -> None:
    assert SqlReader().recognise(text.encode(), "d.sql")
    assert tables(text)["d.sql!subs"] == (("msisdn", "name"), columns)


def test_truncated_dump_keeps_the_rows_before_the_cut_and_says_so() -> None:
    streams = list(SqlReader().read(BytesSource(MYSQL[:-30].encode(), "d.sql"), ScanOptions()))
    assert sum(part.read().rows for part in streams[0].parts) == 2
    assert streams[0].tail().status.value == "partial"


def test_prose_that_mentions_inserts_is_no_dump() -> None:
    assert not SqlReader().recognise(b"You can insert into the table later.\nOr not.\n" * 9, "notes.txt")


@given(st.text(alphabet="INSERTO VALUES()',;\\\n`abc123", max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_without_a_fault(text: str) -> None:
    tables("INSERT INTO t VALUES " + text)


def test_a_quoted_column_name_may_hold_anything() -> None:
    dump = (
        'CREATE TABLE `m` (\n  `آمد/روانگی` text,\n  "Sr #" int,\n  [A-Party] text,\n  plain text\n);\n'
        "INSERT INTO `m` VALUES ('IN',1,'03001234567','x');\n"
    )
    assert tables(dump)["d.sql!m"] == (
        ("آمد/روانگی", "Sr #", "A-Party", "plain"),
        [["IN"], ["1"], ["03001234567"], ["x"]],
    )
