"""The readers, in the order in which they are asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import cast

from scanner.ingest.interface import Reader, Source, Stream
from scanner.options import ScanOptions

#: What a reader needs to be asked at all: (head, name) → whether; told without its module.
May = Callable[[bytes, str], bool]
#: Ends of names of JSON files; plain values in such a file are JSON too.
JSON_NAMES = (".json", ".ndjson", ".jsonl", ".geojson")


#: Types of values in BSON.
_TYPES = frozenset(range(0x14)) | {0x7F, 0xFF}
#: Digits, letters, blank and NUL in EBCDIC.
_COMMON = bytes(
    [0, 0x40, *range(0xF0, 0xFA)]
    + [at + place for at in (0x80, 0x90, 0xA0, 0xC0, 0xD0, 0xE0) for place in range(1 + (at & 0x20) // 0x20, 10)]
)


#: The end of a date, a comma of any script, a time.
_DATED = re.compile(rb"[./-](?:[0-9]|[\x80-\xff]){1,8}(?:,|\xd8\x8c)\s?(?:[0-9]|[\x80-\xff]){1,8}[:.]")


class Lazy:
    """A reader whose module is imported when it is first asked."""

    def __init__(self, module: str, name: str, may: May | None = None) -> None:
        """`module` stands in this package and holds a class `name`; unless `may`, it is not asked."""
        self.module, self.name, self.may = module, name, may
        self._reader: Reader | None = None

    def _load(self) -> Reader:
        if self._reader is None:
            module = import_module(f"{__name__}.{self.module}")
            self._reader = cast(Reader, getattr(module, self.name)())
        return self._reader

    def recognise(self, head: bytes, name: str) -> bool:
        """As the reader says."""
        return (self.may is None or self.may(head, name)) and self._load().recognise(head, name)

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """As the reader does."""
        return self._load().read(source, options)


def _begins(*marks: bytes) -> May:
    return lambda head, name: head.startswith(marks)


def _json(head: bytes, name: str) -> bool:
    return b"{" in head or b"[" in head or name.lower().endswith(JSON_NAMES)


def _markup(head: bytes, name: str) -> bool:
    return b"<" in head


def _statements(head: bytes, name: str) -> bool:
    """Whether a word stands in the head with which a statement begins; an encoding of several bytes hides it."""
    text = head.lower()
    return b"\0" in head[:4096] or any(word in text for word in (b"insert", b"replace", b"copy", b"create"))


def _dated(head: bytes, name: str) -> bool:
    """Whether a message of a chat may stand in the first lines; an encoding of several bytes hides it."""
    return head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in head[:64] or _DATED.search(head, 0, 2048) is not None


def _fielded(head: bytes, name: str) -> bool:
    """Whether a month and a day stand in the third and fourth byte."""
    return len(head) > 64 and head[2] <= 12 and head[3] <= 31


def _documents(head: bytes, name: str) -> bool:
    """Whether the first bytes are the length of a document of BSON and its first type, or those of an archive."""
    size = int.from_bytes(head[:4], "little")
    return head[:4] == b"\x6d\xe2\x99\x81" or (5 <= size <= 32 << 20 and len(head) > 4 and head[4] in _TYPES)


def _mainframe(head: bytes, name: str) -> bool:
    """Whether digits, letters and blanks of EBCDIC are more of the first bytes than they are by chance."""
    first = head[:8192]
    return not head.isascii() and len(first.translate(None, _COMMON)) < 0.72 * len(first)


#: Formats of text, the strict before the lax; anything is binary in the end.
TEXTS: tuple[Reader, ...] = (
    Lazy("json", "JsonReader", _json),
    Lazy("html", "HtmlReader", _markup),
    Lazy("xml", "XmlReader", _markup),
    Lazy("sql", "SqlReader", _statements),
    Lazy("chat", "ChatReader", _dated),
    Lazy("keyed", "KeyedReader"),
    Lazy("ruled", "RuledReader"),
    Lazy("delimited", "DelimitedReader"),
    Lazy("text", "TextReader"),
    Lazy("text", "BinaryReader"),
)

#: Formats with a signature come first.
READERS: tuple[Reader, ...] = (
    Lazy("columnar", "Parquet", _begins(b"PAR1", b"PARE")),
    Lazy(
        "ipc",
        "Arrow",
        lambda head, name: head.startswith((b"ARROW1", b"FEA1", b"\xff\xff\xff\xff")) or head[3:4] == b"\0",
    ),
    Lazy("orc", "Orc", _begins(b"ORC")),
    Lazy("avro", "Avro", _begins(b"Obj\1")),
    Lazy("sqlite", "Sqlite", _begins(b"SQLite format 3\0")),
    Lazy("sqlite", "SqliteLog", _begins(b"\x37\x7f\x06")),
    Lazy("sheets", "Sheets", _begins(b"PK\3\4", b"\xd0\xcf\x11\xe0")),
    Lazy("plist", "PlistReader", _begins(b"bplist00")),
    Lazy("dbase", "DbaseReader", _fielded),
    Lazy("bson", "BsonReader", _documents),
    Lazy("ebcdic", "EbcdicReader", _mainframe),
    *TEXTS,
)
