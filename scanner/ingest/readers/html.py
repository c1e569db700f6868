"""HTML pages: the largest table as columns, all other text searched as text; a page without a table as lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser

import pyarrow as pa

from scanner.ingest.interface import Chunk, Head, Loose, Parsed, Source, Stream, Tail
from scanner.ingest.sniff import encoding_of
from scanner.ingest.sources import Meter
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode, Status

_LOOKS = re.compile(
    rb"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|table|div|meta)\b", re.I | re.S
)
_UNSEEN = frozenset({"script", "style"})
_BREAKS = frozenset(
    {"p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4", "title", "table", "ul", "ol", "td", "th", "option"}
)
_BLOCK = 1 << 20


class Page(HTMLParser):
    """Collects the rows of each table and the text outside them."""

    def __init__(self) -> None:
        """An empty page."""
        super().__init__(convert_charrefs=True)
        self.tables: list[list[tuple[bool, list[str]]]] = []
        self.text: list[str] = [""]
        self._open: list[list[tuple[bool, list[str]]]] = []
        self._row: list[str] | None = None
        self._heads = 0
        self._cell: list[str] | None = None
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a table, a row or a cell."""
        if tag in _UNSEEN:
            self._hidden += 1
        elif tag == "table":
            self._end_row()
            self.tables.append([])
            self._open.append(self.tables[-1])
        elif tag == "tr" and self._open:
            self._end_row()
            self._row, self._heads = [], 0
        elif tag in ("td", "th") and self._open:
            self._end_cell()
            if self._row is None:
                self._row, self._heads = [], 0
            self._cell = []
            self._heads += tag == "th"
        elif tag in _BREAKS and self._cell is None and self.text[-1]:
            self.text.append("")

    def handle_endtag(self, tag: str) -> None:
        """Close what was opened."""
        if tag in _UNSEEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in ("td", "th"):
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag == "table" and self._open:
            self._end_row()
            self._open.pop()

    def handle_data(self, data: str) -> None:
        """Text of the open cell, or of the page."""
        if self._hidden:
            return
        if self._cell is not None:
            self._cell.append(data)
        elif data.strip():
            self.text[-1] += data

    def _end_cell(self) -> None:
        if self._cell is not None and self._row is not None:
            self._row.append(" ".join("".join(self._cell).split()))
        self._cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._row and self._open:
            self._open[-1].append((self._heads == len(self._row), self._row))
        self._row = None


class HtmlReader:
    """Reads HTML, also where it is named as a workbook."""

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether the text begins as a page or a table of one."""
        return bool(_LOOKS.match(head.removeprefix(b"\xef\xbb\xbf")[:4096]))

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream: the page."""
        import codecs

        meter, page = Meter(source), Page()
        encoding = encoding_of(source.head())[0] or "utf-8"
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        while not meter.ended:
            page.feed(decoder.decode(meter.read(_BLOCK), final=meter.ended))
        page.close()
        texts = [line for line in page.text if line.strip()]
        best = max(page.tables, key=len, default=[])
        width = Counter(len(row) for _, row in best).most_common(1)[0][0] if best else 0
        if len(best) < 2 or width < 2:
            texts += [" ".join(row) for table in page.tables for _, row in table]
            lines = pa.array([line.encode("utf-8", "replace") for line in texts], pa.large_binary())
            head = Head(source.path, Format.HTML, encoding, (), lines=True)
            yield Stream(head, iter([Parsed(0, Chunk(len(lines), (lines,)))]), partial(_tail, meter))
            return
        named = best[0][0] or all(cell and not re.search(r"\d{4}", cell) for cell in best[0][1])
        names: tuple[str | None, ...] = tuple(best[0][1]) if named and len(best[0][1]) == width else (None,) * width
        body = [row for _, row in best[1 if names[0] is not None else 0 :]]
        rows = [row for row in body if len(row) == width]
        bad = [" ".join(row) for row in body if len(row) != width]
        others = [" ".join(row) for table in page.tables if table is not best for _, row in table]
        loose = [Loose(line.encode("utf-8", "replace"), "comment") for line in texts + others]
        loose += [Loose(line.encode("utf-8", "replace"), "bad_row") for line in bad]
        columns = tuple(
            pa.array([cell.encode("utf-8", "replace") for cell in column], pa.large_binary())
            for column in (zip(*rows, strict=True) if rows else [()] * width)
        )
        problem = Problem(ProblemCode.BAD_ROW, "rows with another number of cells than the table has; searched as text")
        chunk = Chunk(len(rows) + len(bad), columns, tuple(loose), (problem,) * bool(bad), len(bad))
        yield Stream(Head(source.path, Format.HTML, encoding, names), iter([Parsed(0, chunk)]), partial(_tail, meter))


def _tail(meter: Meter) -> Tail:
    return meter.tail(Status.COMPLETE)
