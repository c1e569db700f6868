"""Documents with text to be searched and files within: Word and PowerPoint packages, OpenDocument, PDF.

The text is an artifact of lines under the document's own path; what is embedded is a member.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from scanner.errors import ReadError
from scanner.ingest.containers.ledger import Ledger
from scanner.ingest.containers.zip import Directory, Entry, Shared, open_entry, recovered
from scanner.ingest.interface import Head, Parsed, Part, Source, Stream
from scanner.ingest.readers.text import lines_chunk
from scanner.ingest.spool import MemberSource, as_read_error
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode, Status

#: Parts of a package that hold text, and parts that hold files, by the kind of the package.
_WORD = re.compile(r"(word/(document|footnotes|endnotes|comments|header\d*|footer\d*)|docProps/(core|app))\.xml")
_SLIDES = re.compile(r"(ppt/(slides/slide|notesSlides/notesSlide|comments/comment)\d*|docProps/(core|app))\.xml")
_OPEN = re.compile(r"(content|styles|meta)\.xml")
_WITHIN = re.compile(r"(word|ppt)/embeddings/.+|Object [^/]*/.+\.(xlsx|ods|csv)")
_LINES = 20_000


def lines_stream(source: Source, ledger: Ledger, lines: Iterator[str], detail: str) -> Stream:
    """The text of a document as an artifact; a fault in `lines` ends it and stands in the ledger."""

    def parts() -> Iterator[Part]:
        order, held = 0, []
        try:
            for line in lines:
                held += [piece for piece in line.split("\n") if piece.strip()]
                if len(held) >= _LINES:
                    yield Parsed(order, lines_chunk(held))
                    order, held = order + 1, []
        except GeneratorExit:
            raise
        except BaseException as error:
            ledger.fault(as_read_error(error, "the text of the document breaks off here"))
        if held:
            yield Parsed(order, lines_chunk(held))

    return Stream(Head(source.path, Format.TEXT, "utf-8", (None,), lines=True, detail=detail), parts(), ledger.tail)


def _local(tag: Any) -> str:
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""


def _said(element: Any) -> str:
    """Text of a paragraph; tabs and breaks are elements."""
    from lxml import etree

    out: list[str] = []
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if event == "start":
            name = _local(node.tag)
            out.append({"tab": "\t", "br": "\n", "cr": "\n", "line-break": "\n", "s": " "}.get(name, ""))
            out.append(node.text or "")
        elif node is not element:
            out.append(node.tail or "")
    return "".join(out)


def paragraphs(stream: BinaryIO) -> Iterator[str]:
    """Paragraphs of WordprocessingML, DrawingML or OpenDocument text, a table row as one line of cells between tabs.

    Raises:
        ReadError: the XML is damaged.
    """
    from lxml import etree

    rows: list[list[str]] = []
    cells: list[list[str]] = []
    watch = {"p", "h", "tc", "tr", "table-cell", "table-row"}
    events = etree.iterparse(stream, ("start", "end"), resolve_entities=False, no_network=True, huge_tree=True)
    leaves = {"creator", "lastModifiedBy", "title", "subject", "description", "keywords", "Company", "Manager"}
    try:
        for event, element in events:
            name = _local(element.tag)
            if event == "start":
                if name in ("tr", "table-row"):
                    rows.append([])
                elif name in ("tc", "table-cell"):
                    cells.append([])
                continue
            if name in ("p", "h"):
                text = _said(element)
                if cells:
                    cells[-1].append(text)
                else:
                    yield text
            elif name in ("tc", "table-cell") and cells:
                cell = " ".join(cells.pop())
                if rows:
                    rows[-1].append(cell)
            elif name in ("tr", "table-row") and rows:
                row = "\t".join(rows.pop())
                if cells:
                    cells[-1].append(row)
                else:
                    yield row
            elif name in leaves and element.text:
                yield element.text
            if name in watch:
                element.clear(keep_tail=True)
                while not cells and not rows and (before := element.getprevious()) is not None:
                    element.getparent().remove(before)
    except etree.XMLSyntaxError:
        raise ReadError(ProblemCode.CORRUPT, "the XML of the document is damaged; what precedes was read") from None


def _number(name: str) -> tuple[str, int]:
    digits = re.search(r"(\d+)\.xml$", name)
    return name.rsplit("/", 1)[0], int(digits[1]) if digits else 0


class Office:
    """Opens Word and PowerPoint packages and OpenDocument texts and presentations."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the parts that the package begins with, or its media type."""
        return self._kind(head) is not None

    def _kind(self, head: bytes) -> tuple[str, re.Pattern[str]] | None:
        if head[:4] != b"PK\3\4":
            return None
        if head[30:38] == b"mimetype":
            kind = re.search(rb"application/vnd\.oasis\.opendocument\.(text|presentation|graphics)", head[38:200])
            return (f"OpenDocument {kind[1].decode()}", _OPEN) if kind else None
        names = {entry.name for entry in recovered(Shared(io.BytesIO(head)), len(head))}
        if "[Content_Types].xml" not in names:
            return None
        for folder, title, pattern in (("word/", "Word document", _WORD), ("ppt/", "PowerPoint presentation", _SLIDES)):
            if any(name.startswith(folder) for name in names):
                return title, pattern
        return None

    def members(self, source: Source, options: ScanOptions) -> Iterator[Source | Stream]:
        """Embedded files as sources, then the text."""
        ledger = Ledger(source, options)
        title, pattern = self._kind(source.head()) or ("", _WORD)
        texts: list[Entry] = []
        file: Shared | None = None
        try:
            file = Shared(source.seekable())
            for entry in self._entries(file, ledger, options.limits.max_member):
                if pattern.fullmatch(entry.name):
                    texts.append(entry)
                elif _WITHIN.fullmatch(entry.name):
                    ledger.member(entry.name)
                    ledger.read += 1
                    yield MemberSource(
                        f"{source.path}!{entry.name}", _opener(file, entry), entry.size, options.limits, ledger.budget,
                        max(entry.packed, 1),
                    )  # fmt: skip
        except GeneratorExit:
            raise
        except BaseException as error:
            ledger.fault(as_read_error(error, "the package cannot be read any further"))
        if not texts:
            ledger.fault(ReadError(ProblemCode.CORRUPT, "the package has no part with text"), Status.UNREADABLE)
        yield lines_stream(source, ledger, self._lines(texts, file, source, options, ledger), title)

    def _entries(self, file: Shared, ledger: Ledger, most: int) -> Iterator[Entry]:
        try:
            yield from Directory(file, (0,))
        except ReadError as error:
            ledger.fault(error)
            if error.code is ProblemCode.TRUNCATED:
                yield from recovered(file, most)

    def _lines(
        self, texts: list[Entry], file: Shared | None, source: Source, options: ScanOptions, ledger: Ledger
    ) -> Iterator[str]:
        for entry in sorted(texts, key=lambda one: _number(one.name)):
            if file is None:
                return
            member = MemberSource(
                source.path, _opener(file, entry), entry.size, options.limits, ledger.budget, max(entry.packed, 1)
            )
            try:
                with member.stream() as stream:
                    yield from paragraphs(stream)
            except ReadError as error:
                ledger.fault(error)


def _opener(file: Shared, entry: Entry) -> Callable[[], BinaryIO]:
    return lambda: open_entry(file, entry)


class Pdf:
    """Opens PDF files: the text of their pages, and what is attached."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the header, which may stand a little below the first byte."""
        return b"%PDF-" in head[:1024]

    def members(self, source: Source, options: ScanOptions) -> Iterator[Source | Stream]:
        """Attached files as sources, then the text."""
        import logging

        import pypdf

        logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its warnings quote what stands in the file
        ledger = Ledger(source, options)
        reader: Any = None
        try:
            reader = pypdf.PdfReader(source.seekable())
            if reader.is_encrypted and not any(reader.decrypt(word) for word in ("", *options.passwords)):
                reader = None
                message = "no password that was given opens it" if options.passwords else "give a password"
                raise ReadError(ProblemCode.ENCRYPTED, f"enciphered; {message}")
            for attached in reader.attachment_list:
                name = PurePosixPath(str(attached.name or "attachment").replace("\\", "/")).name
                data = attached.content
                ledger.member(name)
                ledger.read += 1
                yield bytes_member(f"{source.path}!{name}", data, options, ledger)
        except GeneratorExit:
            raise
        except BaseException as error:
            status = Status.UNREADABLE if reader is None else Status.PARTIAL
            ledger.fault(as_read_error(error, "the document cannot be read"), status)
        yield lines_stream(source, ledger, _pages(reader, ledger) if reader is not None else iter(()), "PDF")


def _pages(reader: Any, ledger: Ledger) -> Iterator[str]:
    """Text of the pages; a page of pictures alone is told."""
    for number, page in enumerate(reader.pages, 1):
        try:
            text = page.extract_text()
        except Exception as error:
            ledger.fault(as_read_error(error, "a page cannot be read", number))
            continue
        if not text.strip() and _has_picture(page):
            message = "a page of pictures without text, which are not read"
            ledger.fault(ReadError(ProblemCode.UNSUPPORTED, message, number))
        yield text


def _has_picture(page: Any) -> bool:
    try:
        held = page["/Resources"]["/XObject"]
        return any(held[name]["/Subtype"] == "/Image" for name in held)
    except Exception:  # no resources, or none of that kind
        return False


def bytes_member(path: str, data: bytes, options: ScanOptions, ledger: Ledger) -> MemberSource:
    """A member whose bytes are at hand; they count towards what the outermost file expands to."""
    return MemberSource(path, lambda: io.BytesIO(data), len(data), options.limits, ledger.budget)
