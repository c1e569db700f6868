"""SQL dumps as tables, in the dialects of the usual exporters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.compiled import kernels
from scanner.ingest import open_source
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


def tables_of(data: bytes, shard: int = 8 << 20) -> dict[str, dict[str | None, list[str]]]:
    out: dict[str, dict[str | None, list[str]]] = {}
    for stream in open_source(BytesSource(data, "d.sql"), ScanOptions(shard_bytes=shard)):
        columns = out.setdefault(stream.head.path.removeprefix("d.sql!"), {})
        for part in stream.parts:
            chunk = part.read()
            for name, array in zip(chunk.names or stream.head.columns, chunk.columns, strict=True):
                cells = [cell.decode() if isinstance(cell, bytes) else cell for cell in array.to_pylist()]
                columns.setdefault(name, []).extend(cells)
    return out


DIALECTS = {
    "mysql, several tables, hexadecimal, comments": (
        "/*!40101 SET NAMES utf8 */;\nDROP TABLE IF EXISTS `a`;\nCREATE TABLE `a` (`x` varchar(9) COMMENT 'n, (m)', "
        "`y` decimal(10,2) DEFAULT NULL, KEY `k` (`x`)) ENGINE=InnoDB;\nLOCK TABLES `a` WRITE;\n"
        "INSERT INTO `a` VALUES (0x30333030,1.5),('it\\'s',NULL);\nINSERT INTO `b` (`p`) VALUES (_binary 'q');\n"
        "INSERT INTO `a` VALUES ('three\\n',-3);\nUNLOCK TABLES;\n",
        {"a": {"x": ["0300", "it's", "three\n"], "y": ["1.5", "", "-3"]}, "b": {"p": ["q"]}},
    ),
    "postgres inserts": (
        "CREATE TABLE public.s (\n    msisdn text NOT NULL,\n    note text,\n    CONSTRAINT c CHECK (true)\n);\n"
        "INSERT INTO public.s VALUES ('C:\\', E'a\\tb');\nINSERT INTO public.s VALUES ('0301', 'x;\ny');\n",
        {"s": {"msisdn": ["C:\\", "0301"], "note": ["a\tb", "x;\ny"]}},
    ),
    "postgres copy between inserts": (
        "INSERT INTO t (a, b) VALUES (1, 'x');\nCOPY public.s (m, n) FROM stdin;\n1\t\\N\n2\tc\\\\d\n\\.\n\n"
        "INSERT INTO t (a, b) VALUES (2, 'y');\n",
        {"t": {"a": ["1", "2"], "b": ["x", "y"]}, "s": {"m": ["1", "2"], "n": ["", "c\\d"]}},
    ),
    "postgres copy that lists the columns otherwise than the table": (
        "CREATE TABLE public.s (\n    m text,\n    age integer,\n    n text\n);\n"
        "COPY public.s (n, m) FROM stdin;\nx\t0300\n\\.\n",
        {"s": {"n": ["x"], "m": ["0300"]}},
    ),
    "mysql, columns set by name": (
        "CREATE TABLE `s` (`m` varchar(20), `n` varchar(20), `at` datetime);\n"
        "INSERT INTO `s` SET `m`='0300', `n`='O\\'Neil, x', `at`=NOW();\n"
        "REPLACE INTO s SET m = '0301', at = NULL, n = \"a 'b'\";\nINSERT IGNORE INTO `s` SET m='0302';\n",
        {"s": {"m": ["0300", "0301", "0302"], "n": ["O'Neil, x", "a 'b'"], "at": ["NOW()", ""]}},
    ),
    "sql server": (
        "USE [crm]\nGO\nCREATE TABLE [dbo].[s](\n\t[m] [nvarchar](20) NULL,\n\t[d] [datetime] NULL\n)\nGO\n"
        "INSERT [dbo].[s] ([m], [d]) VALUES (N'0300''1', CAST(N'2024-01-02T03:04:05' AS DateTime))\nGO\n"
        "INSERT [dbo].[s] ([m], [d]) VALUES (N'0301', NULL)\nGO\n",
        {"s": {"m": ["0300'1", "0301"], "d": ["2024-01-02T03:04:05", ""]}},
    ),
    "oracle": (
        "REM INSERTING into S\nInsert into CRM.S (M,D) values ('0300',to_date('02-JAN-24','DD-MON-RR'));\n"
        "INSERT ALL\n  INTO S (M, D) VALUES ('0301', sysdate)\n"
        "  INTO S (M, D) VALUES ('0302', null)\nSELECT * FROM dual;\n",
        {"S": {"M": ["0300", "0301", "0302"], "D": ["02-JAN-24", "sysdate", ""]}},
    ),
    "sqlite": (
        'PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE IF NOT EXISTS "s" ("m" TEXT, n INTEGER);\n'
        "INSERT INTO s VALUES('0300',1);\nINSERT INTO s VALUES('0301',X'3132');\nCOMMIT;\n",
        {"s": {"m": ["0300", "0301"], "n": ["1", "12"]}},
    ),
    "statements that list different columns": (
        "INSERT INTO s (a, b) VALUES (1, 2);\nINSERT INTO s (b) VALUES (3);\n", {"s": {"a": ["1"], "b": ["2", "3"]}},
    ),
    "a broken row": (
        "INSERT INTO s (a, b) VALUES (1, 2), (3, 'x;\nINSERT INTO s (a, b) VALUES (4, 5);\n",
        {"s": {"a": ["1", "4"], "b": ["2", "5"]}},
    ),
    "rows of other widths": (
        "INSERT INTO s (a, b) VALUES (1, 2), (3), (4, 5, 6);\n", {"s": {"a": ["3", "4", "1"], "b": ["", "5", "2"]}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DIALECTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_dialects_of_exporters(case: str, encoding: str) -> None:
    text, expected = DIALECTS[case]
    assert tables_of(text.encode(encoding)) == expected


def test_tables_do_not_depend_on_the_size_of_pieces() -> None:
    rows = [f"('0300{i:07d}','it\\'s {i}),(',{i})" for i in range(4000)]
    text = "CREATE TABLE `s` (`m` int, `n` int, `o` int);\n" + "".join(
        f"INSERT INTO `s` VALUES {','.join(rows[at : at + 500])};\n" for at in range(0, 4000, 500)
    )
    whole = tables_of(text.encode())
    assert len(whole["s"]["m"]) == 4000
    assert whole["s"]["n"][3999] == "it's 3999),("
    assert tables_of(text.encode(), 4096) == whole


TRAPS = {
    "rows in a string": "INSERT INTO `t` VALUES " + ",".join(f"('{i:05d}','a),(b'')')" for i in range(900)) + ";\n",
    "statements in a string": "".join(
        f"INSERT INTO t (a, b) VALUES ('{i:05d}', 'x INSERT INTO u (b) VALUES (1),(2');\n" for i in range(900)
    ),
    "quotes in comments": "".join(
        f"-- don't, row {i}\nINSERT INTO t VALUES ('{i:05d}',/* it's */'),(');\n" for i in range(900)
    ),
    "backslashes": "-- MySQL dump\nINSERT INTO `t` VALUES "
    + ",".join(f"('{i:05d}','\\'),(\\\\')" for i in range(900))
    + ";\n",
    "blanks between rows": "INSERT INTO t VALUES\n"
    + " ,\n".join(f"('{i:05d}' , 'it''s),\n(')" for i in range(900))
    + ";\n",
    "batches": "INSERT [t] VALUES (N'00000', N'),(')\nGO\n"
    + "".join(f"INSERT [t] VALUES (N'{i:05d}', N'),\r\n(')\nGO\n" for i in range(1, 900)),
}


@pytest.mark.parametrize("name", TRAPS)
@pytest.mark.parametrize("shard", [4096, 4999])
def test_pieces_end_between_rows_whatever_stands_in_strings(name: str, shard: int) -> None:
    data = TRAPS[name].encode()
    whole = tables_of(data)
    assert next(iter(next(iter(whole.values())).values())) == [f"{i:05d}" for i in range(900)]
    assert tables_of(data, shard) == whole


def test_kernel_gives_the_same_compiled_and_interpreted() -> None:
    (split,) = (one for one in kernels() if one.function.__name__ == "split_values")
    data = np.frombuffer(
        b"I (1, N'a''b', f('x', 'y'), NULL, X'4142'),\n('z' || 'q', 0x3031, -1.5, E'\\t');I (2)", np.uint8
    )
    results = []
    for run in (split.machine, split.interpreted):
        out, ends, rows = np.zeros(200, np.uint8), np.zeros(9000, np.int64), np.zeros(99, np.int64)
        state = np.zeros(5, np.int64)
        end = run(data, 2, 0, 0, out, ends, rows, state)
        results.append((end, bytes(out), ends.tolist(), rows.tolist(), state.tolist()))
    assert results[0] == results[1]
    assert results[0][1].rstrip(b"\0") == b"1a'bxABzq0x3031-1.5\t2"


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
