"""OLE compound files that are no workbooks: Outlook messages, Word and PowerPoint documents before 2007, and others.

Their text is an artifact of lines under the document's own path; attachments and embedded files are members. Of a kind
that is not known the printable runs of each stream are searched. Layouts: MS-OXMSG and MS-OXPROPS (messages), MS-DOC,
MS-PPT, MS-OLEDS of Microsoft's Open Specifications.
"""

from __future__ import annotations

import datetime
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scanner.errors import LimitError, ReadError
from scanner.ingest.containers.documents import bytes_member, lines_stream
from scanner.ingest.containers.ledger import Ledger
from scanner.ingest.containers.mail import page_text
from scanner.ingest.containers.rich import unpacked, words
from scanner.ingest.interface import Source, Stream
from scanner.ingest.readers.sheets import Sheets, package_format
from scanner.ingest.readers.text import printable_runs
from scanner.ingest.sniff import encoding_of
from scanner.ingest.spool import as_read_error
from scanner.options import ScanOptions
from scanner.terms import ProblemCode, Status

_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: Bytes of one stream that are held; what is longer is cut there.
_MOST = 256 << 20
_WORKBOOKS = ("Workbook", "Book", "WORKBOOK")
#: Messages within messages.
_DEEPEST = 8

#: Tags of properties in words (MS-OXPROPS); of others that are text the text alone is given.
_NAMES = {
    0x0037: "subject", 0x0C1A: "from", 0x0C1F: "from", 0x5D01: "from", 0x0E04: "to", 0x0E03: "cc", 0x0E02: "bcc",
    0x3001: "name", 0x3003: "address", 0x39FE: "address", 0x3A1C: "mobile", 0x3A08: "phone", 0x3A09: "phone",
    0x3707: "attached", 0x1000: "",
}  # fmt: skip
#: Identities of entries and stores, search keys, class names: no text of a person's.
_OPAQUE = frozenset({0x001A, 0x3703, 0x370E, 0x3712, 0x0E1D, 0x3704, 0x300B, 0x0C1E, 0x0064, 0x3002})
_TIMES = {0x0039: "sent", 0x0E06: "received"}
_PROPERTY = re.compile(r"__substg1\.0_([0-9A-F]{4})([0-9A-F]{4})", re.IGNORECASE)
_EPOCH = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)

Path = tuple[str, ...]


@dataclass(slots=True)
class _File:
    """A compound file, opened."""

    ole: Any
    ledger: Ledger

    def streams(self, under: Path = ()) -> list[Path]:
        """Paths of the streams below a storage."""
        listed = (tuple(path) for path in self.ole.listdir(streams=True, storages=False))
        return [path for path in listed if path[: len(under)] == under]

    def has(self, *path: str) -> bool:
        """Whether there is a stream or storage of that path."""
        return bool(self.ole.exists(list(path)))

    def read(self, *path: str) -> bytes:
        """The bytes of a stream, empty where it is damaged or not there; that it is damaged is told."""
        if not self.has(*path):
            return b""
        try:
            if self.ole.get_size(list(path)) > (self.ledger.source.size or _MOST):  # the library would follow it
                raise ReadError(ProblemCode.CORRUPT, "a stream of the document is larger than the document")
            with self.ole.openstream(list(path)) as stream:
                data = bytes(stream.read(_MOST + 1))
        except Exception as error:
            self.ledger.fault(as_read_error(error, "a stream of the document is damaged"))
            return b""
        if len(data) > _MOST:
            self.ledger.fault(LimitError("a stream of more than 256 MiB; the rest of it was left out"))
        return data[:_MOST]


class Compound:
    """Opens compound files."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the magic bytes, where nothing at the front says that it is a workbook."""
        return head[:8] == _MAGIC and package_format(head, name) is None

    def members(self, source: Source, options: ScanOptions) -> Iterator[Source | Stream]:
        """What is attached or embedded as sources, then the text."""
        import olefile

        ledger = Ledger(source, options)
        lines: Iterator[str] = iter(())
        title = "compound file"
        try:
            file = _File(_opened(olefile.OleFileIO(source.seekable())), ledger)
            if any(file.has(name) for name in _WORKBOOKS):
                yield from Sheets().read(source, options)
                return
            kind = _kind_of(file)
            title, lines = kind.title, kind.lines(file)
            for number, (name, data) in enumerate(kind.files(file), 1):
                ledger.member(name or f"part{number}")
                ledger.read += 1
                yield bytes_member(f"{source.path}!{name or f'part{number}'}", data, options, ledger)
        except GeneratorExit:
            raise
        except BaseException as error:
            ledger.fault(as_read_error(error, "the compound file is damaged; what is printable in it was searched"))
            lines = _raw(source)
        yield lines_stream(source, ledger, lines, title)


def _opened(ole: Any) -> Any:
    """A compound file whose tables are no larger than it is: the library would follow them round and round.

    Raises:
        ReadError: they are.
    """
    size = ole.fp.seek(0, 2)
    if ole.num_mini_fat_sectors * ole.sector_size > size or ole.root.size > size:
        raise ReadError(ProblemCode.CORRUPT, "the tables of the document are larger than the document")
    return ole


def _raw(source: Source) -> Iterator[str]:
    """Printable runs of the file as it lies."""
    carry = b""
    with source.seekable() as stream:
        while window := stream.read(1 << 20):
            runs, carry = printable_runs(carry + window, last=False)
            yield from (run.decode("ascii") for run in runs)
    yield from (run.decode("ascii") for run in printable_runs(carry, last=True)[0])


def _decoded(data: bytes) -> str:
    """Text of one byte a character, in the encoding that it reads as."""
    return data.decode(encoding_of(data)[0] or "windows-1252", "replace")


class _Message:
    """An Outlook item: message, contact, appointment, task."""

    title = "Outlook item"

    def lines(self, file: _File, under: Path = (), depth: int = 0) -> Iterator[str]:
        """Properties that are text, recipients, and messages within the message."""
        yield from self._properties(file, under)
        for storage in self._storages(file, under, "__recip_version1.0_"):
            yield from self._properties(file, (*under, storage))
        for storage in self._storages(file, under, "__attach_version1.0_"):
            inner = (*under, storage, "__substg1.0_3701000D")
            yield from self._properties(file, (*under, storage))
            if file.has(*inner) and depth < _DEEPEST:
                yield from self.lines(file, inner, depth + 1)

    def files(self, file: _File, under: Path = (), depth: int = 0) -> Iterator[tuple[str, bytes]]:
        """Name and bytes of what is attached, to messages within the message too."""
        for storage in self._storages(file, under, "__attach_version1.0_"):
            path = (*under, storage)
            data = file.read(*path, "__substg1.0_37010102")
            if data:
                names = (self._text(file, path, tag) for tag in ("3707", "3704", "3001"))
                name = next((one for one in names if one), "")
                yield name.replace("\\", "/").rsplit("/", 1)[-1], data
            elif depth < _DEEPEST:
                yield from self.files(file, (*path, "__substg1.0_3701000D"), depth + 1)

    def _storages(self, file: _File, under: Path, prefix: str) -> list[str]:
        depth = len(under)
        names = (path[depth] for path in file.streams(under) if len(path) > depth + 1)
        return list(dict.fromkeys(name for name in names if name.startswith(prefix)))

    def _text(self, file: _File, under: Path, tag: str) -> str:
        wide, narrow = file.read(*under, f"__substg1.0_{tag}001F"), file.read(*under, f"__substg1.0_{tag}001E")
        return (wide.decode("utf-16-le", "replace") if wide else _decoded(narrow)).strip("\0")

    def _properties(self, file: _File, under: Path) -> Iterator[str]:
        yield from self._moments(file.read(*under, "__properties_version1.0"), len(under))
        plain = any(file.has(*under, f"__substg1.0_1000001{kind}") for kind in "EF")
        for path in file.streams(under):
            found = _PROPERTY.fullmatch(path[-1]) if len(path) == len(under) + 1 else None
            if found is None:
                continue
            tag, kind = int(found[1], 16), found[2].upper()
            if tag in _OPAQUE:
                continue
            if kind in ("001E", "001F"):
                name = _NAMES.get(tag, "")
                text = self._text(file, under, found[1])
                yield f"{name}: {text}" if name else text
            elif tag == 0x1013 and kind == "0102" and not plain:
                yield page_text(_decoded(file.read(*path)))
            elif tag == 0x1009 and kind == "0102" and not plain and not file.has(*under, "__substg1.0_10130102"):
                try:
                    yield words(unpacked(file.read(*path)))
                except ReadError as error:
                    file.ledger.fault(error)

    def _moments(self, data: bytes, depth: int) -> Iterator[str]:
        """Times of sending and delivery; a header of 32 bytes stands in front in a message, of 24 in one within."""
        for at in range(24 if depth else 32, len(data) - 15, 16):
            kind, tag = struct.unpack_from("<HH", data, at)
            if kind == 0x0040 and tag in _TIMES:
                (ticks,) = struct.unpack_from("<Q", data, at + 8)
                if 0 < ticks < 1 << 58:
                    moment = _EPOCH + datetime.timedelta(microseconds=ticks // 10)
                    yield f"{_TIMES[tag]}: {moment:%Y-%m-%d %H:%M:%S}"


def _embedded(file: _File) -> Iterator[tuple[str, bytes]]:
    """Files that are embedded as objects: packages with their name, and documents of newer programs."""
    for path in file.streams():
        if path[-1] == "\x01Ole10Native":
            yield _packaged(file.read(*path))
        elif path[-1] == "Package":
            yield "", file.read(*path)


def _packaged(data: bytes) -> tuple[str, bytes]:
    """Name and bytes of a package (MS-OLEDS 2.3.6); all bytes where it is laid out otherwise."""
    try:
        name, at = data[6 : data.index(b"\0", 6)], data.index(b"\0", data.index(b"\0", 6) + 1) + 1
        at += 4
        (length,) = struct.unpack_from("<I", data, at)
        at += 4 + length
        (size,) = struct.unpack_from("<I", data, at)
        if at + 4 + size <= len(data):
            return _decoded(name), data[at + 4 : at + 4 + size]
    except (ValueError, struct.error):
        pass
    return "", data[4:]


class _Word:
    """A document of Word 6 to 2003."""

    title = "Word document"

    def lines(self, file: _File) -> Iterator[str]:
        """The text with footnotes, headers and comments, a paragraph or table cell a line.

        Raises:
            ReadError: it is enciphered.
        """
        main = file.read("WordDocument")
        if len(main) < 32:
            raise ReadError(ProblemCode.TRUNCATED, "the document has no text")
        version, flags = struct.unpack_from("<H", main, 2)[0], struct.unpack_from("<H", main, 10)[0]
        if flags & 0x0100:
            file.ledger.fault(
                ReadError(ProblemCode.ENCRYPTED, "enciphered; remove its password first"), Status.UNREADABLE
            )
            return
        pieces: list[str] = []
        if version >= 0x00C1 and len(main) >= 0x01AA:
            table = file.read("1Table" if flags & 0x0200 else "0Table")
            begin, length = struct.unpack_from("<II", main, 0x01A2)
            pieces = list(_pieces(main, table[begin : begin + length]))
        if not pieces:
            begin, end = struct.unpack_from("<II", main, 0x18)
            pieces = [_decoded(main[begin:end])]
        text = "".join(pieces)
        # fields have their code between 13 and 14; 7 ends a cell, 11 and 12 break a line or page
        yield from re.split("[\r\x07\x0b\x0c]+", re.sub("[\x13\x14\x15]", " ", text))

    files = staticmethod(_embedded)


def _pieces(main: bytes, clx: bytes) -> Iterator[str]:
    """Text of the pieces that a piece table lists (MS-DOC 2.9.38, 2.8.35)."""
    at = 0
    while at + 3 <= len(clx) and clx[at] == 1:
        at += 3 + struct.unpack_from("<H", clx, at + 1)[0]
    if at + 5 > len(clx) or clx[at] != 2:
        return
    (length,) = struct.unpack_from("<I", clx, at + 1)
    plc = clx[at + 5 : at + 5 + length]
    count = (len(plc) - 4) // 12
    for index in range(max(0, count)):
        begin, end = struct.unpack_from("<II", plc, 4 * index)
        (place,) = struct.unpack_from("<I", plc, 4 * (count + 1) + 8 * index + 2)
        size = min(max(0, end - begin), _MOST)
        if place & 0x4000_0000:
            place = (place & 0x3FFF_FFFF) // 2
            yield main[place : place + size].decode("windows-1252", "replace")
        else:
            yield main[place : place + 2 * size].decode("utf-16-le", "replace")


class _Slides:
    """A presentation of PowerPoint 97 to 2003."""

    title = "PowerPoint presentation"
    _enciphered = 0xF3D1C4DF

    def lines(self, file: _File) -> Iterator[str]:
        """Text of slides, notes and comments, a paragraph a line."""
        user = file.read("Current User")
        if len(user) >= 16 and struct.unpack_from("<I", user, 12)[0] == self._enciphered:
            message = "enciphered; remove its password first"
            file.ledger.fault(ReadError(ProblemCode.ENCRYPTED, message), Status.UNREADABLE)
            return
        for kind, _, data in _records(file.read("PowerPoint Document")):
            if kind in (0x0FA0, 0x0FBA):
                yield from re.split("[\r\x0b]", data.decode("utf-16-le", "replace"))
            elif kind == 0x0FA8:
                yield from re.split("[\r\x0b]", data.decode("latin-1"))

    def files(self, file: _File) -> Iterator[tuple[str, bytes]]:
        """Objects embedded in slides, which are compound files themselves."""
        for kind, instance, data in _records(file.read("PowerPoint Document")):
            if kind == 0x1011:
                try:
                    yield "", zlib.decompressobj().decompress(data[4:], _MOST) if instance == 1 else data
                except zlib.error as error:
                    file.ledger.fault(as_read_error(error, "an embedded object is damaged"))


def _records(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Type, instance and bytes of the records that are no containers (MS-PPT 2.3.1), front to back."""
    at = 0
    while at + 8 <= len(data):
        head, kind, length = struct.unpack_from("<HHI", data, at)
        at += 8
        if head & 15 == 15:  # a container: its records follow
            continue
        yield kind, head >> 4, data[at : at + length]
        at += length


class _Other:
    """A compound file of another program."""

    title = "compound file"

    def lines(self, file: _File) -> Iterator[str]:
        """Printable runs of every stream."""
        message = "a compound file of a kind that is not known; what is printable in its streams was searched"
        file.ledger.fault(ReadError(ProblemCode.UNSUPPORTED, message))
        for path in file.streams():
            yield from (run.decode("ascii") for run in printable_runs(file.read(*path), last=True)[0])

    files = staticmethod(_embedded)


def _kind_of(file: _File) -> Any:
    if file.has("__properties_version1.0") or file.has("__nameid_version1.0"):
        return _Message()
    if file.has("WordDocument"):
        return _Word()
    return _Slides() if file.has("PowerPoint Document") else _Other()
