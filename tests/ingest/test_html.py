"""Pages as tables with names, with the text around them kept."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.ingest.interface import Chunk, Head
from scanner.ingest.readers.html import HtmlReader
from scanner.ingest.sources import BytesSource
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
    assert [column.to_pylist() for column in chunk.columns] == [[b"03001234568", b"03001234569"], [b"A & B", b"C"]]
    assert [piece.text.decode() for piece in chunk.loose] == ["Call 0300\xa01234567"]


def test_page_without_a_table_is_lines_without_scripts() -> None:
    head, chunk = read("<html><body><h1>Us</h1><p>One</p><p>Two</p><style>x</style></body></html>")
    assert head.lines
    assert chunk.columns[0].to_pylist() == [b"Us", b"One", b"Two"]


def test_page_is_told_from_other_text() -> None:
    assert HtmlReader().recognise(PAGE.encode(), "x.xls")
    assert not HtmlReader().recognise(b"a < b and <b>bold</b>\n", "x.html")


@given(st.text(alphabet="<>/tabletrdh \"'&;=abc1", max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_page_is_read_without_a_fault(text: str) -> None:
    read("<html>" + text)
