"""HTML pages: each table as columns, all other text searched as text; a page without a table as lines."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from functools import partial
from itertools import chain, islice
from typing import Any

from scanner.errors import ReadError
from scanner.ingest.interface import Head, Source, Stream, Tail
from scanner.ingest.readers.delimited import closing, head_utf8
from scanner.ingest.readers.rows import find_header, lines_parts, row_parts
from scanner.ingest.sniff import declared_encoding
from scanner.ingest.sources import Meter
from scanner.ingest.spool import Shelf
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode
from scanner.vault import Vault

_LOOKS = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|table|div|meta|style)\b", re.I | re.S
)
_UNSEEN = frozenset({"script", "style", "noscript", "template"})
_BREAKS = frozenset({"br", "p", "div", "li", "tr", "td", "th", "h1", "h2", "h3", "h4"})
_BLOCK = 1 << 20
#: Columns of one table; a span beyond is a mistake.
_WIDEST = 1024

Row = list[str]


class _Table:
    """A table of the page: rows of header cells at its top, and the rows below."""

    def __init__(self, name: str, vault: Vault) -> None:
        self.name = name
        self.heads: list[Row] = []
        self.rows: Shelf[Row] = Shelf(vault)
        self.nested = False
        self._spans: dict[int, tuple[int, str]] = {}
        """Column → rows that a cell above still covers, and its text."""

    def add(self, row: Any) -> None:
        """Take a row element; a cell over several rows or columns stands in each."""
        cells: Row = []
        heads = 0
        given = [one for one in row if one.tag in ("td", "th")]

        def covered() -> None:
            while (span := self._spans.get(len(cells))) and span[0] > 0 and len(cells) < _WIDEST:
                self._spans[len(cells)] = (span[0] - 1, span[1])
                cells.append(span[1])

        for cell in given:
            covered()
            text = " ".join("".join(_visible(cell)).split())
            heads += cell.tag == "th"
            wide, high = (_count(cell.get(name)) for name in ("colspan", "rowspan"))
            for _ in range(min(wide, max(1, _WIDEST - len(cells)))):
                if high > 1:
                    self._spans[len(cells)] = (high - 1, text)
                cells.append(text)
        covered()
        if not any(cells):
            return
        section = row.getparent()
        top = heads == len(given) or (section is not None and section.tag == "thead")
        if top and not len(self.rows) and len(self.heads) < 4:
            self.heads.append(cells)
        else:
            self.rows.append(cells)

    def laid_out(self) -> tuple[tuple[str | None, ...], Iterator[Row], list[Row]] | None:
        """Names, rows and what stands above the names; None for what is laid out as a table and is none."""
        rows, above = self.rows.first, []
        width = max((len(row) for row in rows[:1000]), default=0)
        heads = [row for row in self.heads if len(row) >= width]
        above = [row for row in self.heads if len(row) < width]
        if heads and width > 1:
            return tuple(_named(column) for column in zip(*heads, strict=False)), iter(self.rows), above
        index = find_header(rows[:25])
        if index is not None and width > 1 and len(rows) > index + 1:
            named = tuple(cell.strip() or None for cell in rows[index])
            body = islice(iter(self.rows), index + 1, None)
            return named + (None,) * (width - len(named)), body, above + rows[:index]
        if width < 2 or len(rows) < 2 or self.nested:
            return None
        return (None,) * width, iter(self.rows), above


def _named(cells: tuple[str, ...]) -> str | None:
    return " ".join(dict.fromkeys(cell for cell in cells if cell)) or None


def _count(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 5 and int(text) else 1


def _visible(element: Any) -> Iterator[str]:
    """Text of an element without scripts and tables within it, which are tables of their own."""
    from lxml import etree

    walk = etree.iterwalk(element, events=("start", "end"))
    for event, node in walk:
        inner = node is not element
        if event == "start":
            if inner and (node.tag in _UNSEEN or node.tag == "table"):
                walk.skip_subtree()
            else:
                yield f" {node.text or ''}" if node.tag in _BREAKS else node.text or ""
        elif inner:
            yield f" {node.tail or ''}" if node.tag in _BREAKS else node.tail or ""


class Page:
    """Tables and texts of a page, read as its bytes come."""

    def __init__(self, vault: Vault) -> None:
        """An empty page, whose rows and texts lie in the vault where they are many."""
        from lxml import etree

        self.tables: list[_Table] = []
        self.texts: Shelf[str] = Shelf(vault)
        self._vault = vault
        self._open: list[_Table] = []
        self._parser = etree.HTMLPullParser(
            ("start", "end"),
            tag=("table", "tr", "caption", *_TEXTS),
            encoding="utf-8",
            huge_tree=True,
            remove_comments=True,
            remove_pis=True,
        )

    def feed(self, data: bytes) -> None:
        """The next bytes, UTF-8."""
        self._parser.feed(data)
        self._take()

    def close(self) -> None:
        """The page is over."""
        from lxml import etree

        try:
            self._root = self._parser.close()
        except (etree.XMLSyntaxError, AssertionError):  # nothing stood in it
            return
        self._take()
        if self._root is not None:
            for text in _visible(self._root):
                if text.strip():
                    self.texts.append(text.strip())

    def _take(self) -> None:
        for event, element in self._parser.read_events():
            if element.tag == "table":
                if event == "start":
                    if self._open:
                        self._open[-1].nested = True
                    self.tables.append(_Table(element.get("id") or "", self._vault))
                    self._open.append(self.tables[-1])
                elif self._open:
                    self._open.pop()
            elif event == "end" and element.tag == "tr" and self._open:
                self._open[-1].add(element)
                element.clear(keep_tail=True)
                while (before := element.getprevious()) is not None and before.tag == "tr":
                    element.getparent().remove(before)
            elif event == "end" and element.tag in _TEXTS and not self._open:
                text = " ".join("".join(_visible(element)).split())
                if text:
                    self.texts.append(text)
                element.clear(keep_tail=True)


#: Elements whose text is a line of the page.
_TEXTS = ("p", "li", "h1", "h2", "h3", "h4", "title", "dt", "dd", "option", "pre", "address")


class HtmlReader:
    """Reads HTML, also where it is named as a workbook."""

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether the text begins as a page or a table of one."""
        encoding, mark = declared_encoding(head)
        return encoding is not None and bool(_LOOKS.match(head_utf8(head[:16384], encoding, mark)))

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream for each table of a page, tables of the same columns being one; the other text with the first."""
        meter, page = Meter(source), Page(Vault(options.limits.spool_memory))
        faults: list[Problem] = []
        encoding, mark = declared_encoding(source.head())
        encoding = encoding or "utf-8"
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        try:
            while not meter.ended:
                data = meter.read(_BLOCK)
                data, mark = data[mark:], 0
                page.feed(decoder.decode(data, final=meter.ended).encode("utf-8", "replace").replace(b"\0", b" "))
        except ReadError as error:
            faults.append(Problem(error.code, error.message, error.row))
        page.close()
        texts = page.texts
        groups: dict[tuple[str | None, ...], tuple[str, list[Iterator[Row]]]] = {}
        for table in page.tables:
            made = table.laid_out()
            if made is None:
                for row in chain(table.heads, table.rows):
                    texts.append(" ".join(row))
                continue
            names, rows, above = made
            for row in above:
                texts.append(" ".join(row))
            groups.setdefault(names, (table.name, []))[1].append(rows)
        if not groups and not len(texts):  # nested beyond what the parser follows
            from scanner.ingest.readers.text import TextReader

            yield from TextReader().read(source, options, (Problem(ProblemCode.NOT_A_TABLE, "read as lines"),))
            return
        if not groups:
            head = Head(source.path, Format.HTML, encoding, (None,), lines=True)
            yield Stream(head, lines_parts(texts), partial(closing, meter, faults))
            return
        several = len(groups) > 1
        problem = Problem(ProblemCode.SEVERAL_TABLES, "more than one table; each is an artifact of its own")
        for number, (names, (name, held)) in enumerate(groups.items(), 1):
            path = f"{source.path}!{name or f'table {number}'}" if several else source.path
            parts = row_parts(
                chain.from_iterable(held),
                len(names),
                texts if number == 1 else (),
                (problem,) * (several and number == 1),
            )
            yield Stream(Head(path, Format.HTML, encoding, names), parts, partial(_tail, meter, faults, several))


def _tail(meter: Meter, faults: list[Problem], inside: bool) -> Tail:
    made = closing(meter, faults)
    return Tail(made.status, made.problems, None, None, made.bytes_total, made.bytes_read) if inside else made
