"""Pages as tables with names, with the text around them kept."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.ingest.interface import Chunk, Head
from scanner.ingest.readers.html import HtmlReader
from scanner.ingest.sources import BytesSource
from scanner.ingest.spool import Shelf
from scanner.options import ScanOptions

PAGE = (
    "<!DOCTYPE html><html><head><script>var t = 3001234567;</script></head><body><p>Call 0300&nbsp;1234567</p>"
    "<table><tr><th>MOBILE</th><th>NAME</th></tr><tr><td>03001234568</td><td>A &amp; B</td></tr>"
    "<tr><td>03001234569<td>C</table></body></html>"
)


def read(text: str) -> tuple[Head, Chunk]:
    (stream,) = HtmlReader().read(BytesSource(text.encode(), "p.html"), ScanOptions())
    (part,) = stream.parts
    return stream.head, part.read()


def test_table_gives_named_columns_and_the_rest_is_text() -> None:
    head, chunk = read(PAGE)
    assert head.columns == ("MOBILE", "NAME")
    assert [column.to_pylist() for column in chunk.columns] == [["03001234568", "03001234569"], ["A & B", "C"]]
    assert [piece.text.decode() for piece in chunk.loose] == ["Call 0300 1234567"]


def test_page_without_a_table_is_lines_without_scripts() -> None:
    head, chunk = read("<html><body><h1>Us</h1><p>One</p><p>Two</p><style>x</style></body></html>")
    assert head.lines
    assert chunk.columns[0].to_pylist() == ["Us", "One", "Two"]


def test_page_is_told_from_other_text() -> None:
    assert HtmlReader().recognise(PAGE.encode(), "x.xls")
    assert not HtmlReader().recognise(b"a < b and <b>bold</b>\n", "x.html")


def read_all(data: bytes) -> dict[str, tuple[tuple[str | None, ...], list[list[str]]]]:
    out = {}
    for stream in HtmlReader().read(BytesSource(data, "p.xls"), ScanOptions()):
        chunks = [part.read() for part in stream.parts]
        out[stream.head.path] = (stream.head.columns, [column.to_pylist() for column in chunks[0].columns])
    return out


TABLES = {
    "two kinds of tables are two": (
        "<table id=a><tr><th>A<th>B<tr><td>1<td>2</table><table><tr><th>C<th>D<th>E<tr><td>3<td>4<td>5</table>",
        {"p.xls!a": (("A", "B"), [["1"], ["2"]]), "p.xls!table 2": (("C", "D", "E"), [["3"], ["4"], ["5"]])},
    ),
    "tables of the same columns are one": (
        "<table><tr><th>A<th>B<tr><td>1<td>2</table><p>page 2</p><table><tr><th>A<th>B<tr><td>3<td>4</table>",
        {"p.xls": (("A", "B"), [["1", "3"], ["2", "4"]])},
    ),
    "a table within a cell stands alone": (
        "<table><tr><td>menu<td><table><tr><th>A<th>B<tr><td>1<td>2</table></table>",
        {"p.xls": (("A", "B"), [["1"], ["2"]])},
    ),
    "cells over several rows and columns": (
        "<table><thead><tr><th colspan=2>Owner<th rowspan=2>City<tr><th>Name<th>No</thead>"
        "<tr><td>A<td>1<td rowspan=2>X<tr><td>B<td>2<tr><td colspan=2>C<td>Y</table>",
        {"p.xls": (("Owner Name", "Owner No", "City"), [["A", "B", "C"], ["1", "2", "C"], ["X", "X", "Y"]])},
    ),
    "no header": ("<table><tr><td>Ali<td>03001234567<tr><td>B<td>03001234568</table>",
        {"p.xls": ((None, None), [["Ali", "B"], ["03001234567", "03001234568"]])}),
    "short and long rows": (
        "<table><tr><th>A<th>B<tr><td>1<tr><td>2<td>3</table>", {"p.xls": (("A", "B"), [["1", "2"], ["", "3"]])}),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_tables_of_a_page(case: str) -> None:
    text, expected = TABLES[case]
    assert read_all(("<html><body>" + text).encode()) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1256", "iso-8859-7"])
def test_encoding_is_found_or_taken_from_the_page(encoding: str) -> None:
    word = "Αθήνα" if encoding == "iso-8859-7" else "علي خان"
    text = f'<html><meta charset="{encoding}"><table><tr><th>A<th>B' + f"<tr><td>{word}<td>1" * 20 + "</table>"
    columns = read_all(text.encode(encoding))["p.xls"][1]
    assert columns[0] == [word] * 20


@given(st.text(alphabet="<>/tabletrdh \"'&;=abc1", max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_page_is_read_without_a_fault(text: str) -> None:
    read("<html>" + text)


def test_rows_beyond_those_in_memory_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"<tr><td>{i}<td>0300{i:07d}" for i in range(100))
    page = f"<html><body><table><tr><th>A<th>B{rows}</table>" + "".join(f"<p>text {i}</p>" for i in range(50))
    whole = [(head, chunk.loose, [column.to_pylist() for column in chunk.columns]) for head, chunk in [read(page)]]
    monkeypatch.setattr(Shelf, "KEPT", 7)
    head, chunk = read(page)
    assert [(head, chunk.loose, [column.to_pylist() for column in chunk.columns])] == whole
    assert chunk.rows == 100
