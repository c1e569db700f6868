"""dBase tables (`.dbf`), as dBase, FoxPro, Clipper and GIS programs write them: fixed records behind a header."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scanner.ingest.interface import Chunk, Head, Part, Source, Stream
from scanner.ingest.readers.delimited import closing
from scanner.ingest.readers.rows import text_column
from scanner.ingest.readers.text import BinaryReader
from scanner.ingest.sniff import encoding_of
from scanner.ingest.sources import Meter
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode

#: First bytes of the kinds: dBase II+ to 7, FoxPro, Visual FoxPro, FlagShip, with memo files or without.
_KINDS = frozenset(b"\x03\x04\x05\x30\x31\x32\x43\x63\x7b\x83\x8b\x8c\x8e\xcb\xf5\xfb")
#: Types whose bytes are text; of the others the little-endian numbers that stand in them.
_TEXTS = frozenset(b"CNFDLMVW")
_NUMBERS = {ord("I"): "<i4", ord("+"): "<i4", ord("B"): "<f8", ord("O"): "<f8", ord("Y"): "<i8"}
_ARROW = {"<i4": pa.int32(), "<f8": pa.float64(), "<i8": pa.int64()}
_OTHERS = frozenset(b"TGPQ@0")
_LEAST = 65
_BATCH = 8 << 20


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    kind: int
    begin: int
    width: int


@dataclass(frozen=True, slots=True)
class _Layout:
    start: int
    """Bytes before the first record."""
    size: int
    """Bytes of a record, the mark of deletion included."""
    rows: int
    fields: tuple[_Field, ...]


def layout_of(head: bytes) -> _Layout | None:
    """The fields that a header describes, None where the bytes are no table.

    A header has its length, that of a record and for each field name, type and width (32 bytes each), then 0x0D; the
    widths and the mark of deletion make up the record.
    """
    if len(head) < _LEAST or head[0] not in _KINDS or head[2] > 12 or head[3] > 31:
        return None
    rows, start, size = struct.unpack_from("<IHH", head, 4)
    fields: list[_Field] = []
    at, begin = 32, 1
    while at + 32 <= min(len(head), start) and head[at] != 0x0D:
        name, kind, width = head[at : at + 11].split(b"\0")[0], head[at + 11], head[at + 16]
        if kind == ord("C"):  # Clipper writes the width of long texts over two bytes
            width += head[at + 17] << 8
        known = kind in _TEXTS or kind in _OTHERS or (kind in _NUMBERS and width == int(_NUMBERS[kind][2:]))
        if not name or not known or not width or any(byte < 32 for byte in name):
            return None
        encoding = encoding_of(name)[0] or "windows-1252"
        fields.append(_Field(name.decode(encoding, "replace").strip(), kind, begin, width))
        at, begin = at + 32, begin + width
    closed = head[at : at + 1] == b"\x0d" and at < start
    return _Layout(start, size, rows, tuple(fields)) if fields and closed and begin == size else None


@dataclass(frozen=True, slots=True)
class _Rows:
    order: int
    data: bytes
    layout: _Layout
    encoding: str

    def read(self) -> Chunk:
        """The records as columns of text."""
        size = self.layout.size
        count = len(self.data) // size
        grid = np.frombuffer(self.data, np.uint8, count * size).reshape(count, size)
        return Chunk(count, tuple(self._column(grid, one) for one in self.layout.fields))

    def _column(self, grid: npt.NDArray[np.uint8], one: _Field) -> Any:
        import pyarrow.compute as pc  # takes long to load

        cells = np.ascontiguousarray(grid[:, one.begin : one.begin + one.width])
        if one.kind in _NUMBERS:
            form = _NUMBERS[one.kind]
            return pa.Array.from_buffers(_ARROW[form], len(cells), [None, pa.py_buffer(cells)])
        if one.kind not in _TEXTS or one.kind == ord("M"):
            return text_column([""] * len(cells))
        if one.kind == ord("D") and one.width == 8:
            dashed = np.full((len(cells), 10), ord("-"), np.uint8)
            dashed[:, :4], dashed[:, 5:7], dashed[:, 8:] = cells[:, :4], cells[:, 4:6], cells[:, 6:8]
            blank = np.all((cells == 32) | (cells == 0) | (cells == 48), axis=1)
            dashed[blank] = 32
            cells = dashed
        width = cells.shape[1]
        texts = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(cells), [None, pa.py_buffer(cells)])
        if not (cells & 0x80).any():
            return pc.utf8_trim(pc.cast(pc.cast(texts, pa.large_binary()), pa.large_string()), " \0")
        return text_column([text.decode(self.encoding, "replace").strip(" \0") for text in texts.to_pylist()])


class DbaseReader:
    """Reads dBase tables; memo files beside them are files of their own."""

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether the head is a header whose fields make up the record."""
        return layout_of(head) is not None

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream; records that are marked as deleted are read too."""
        head = source.head()
        layout = layout_of(head)
        if layout is None:
            yield from BinaryReader().read(source, options)
            return
        encoding = encoding_of(head[layout.start : layout.start + (1 << 16)].replace(b"\0", b" "))[0] or "windows-1252"
        meter = Meter(source)
        faults: list[Problem] = []

        def parts() -> Iterator[Part]:
            try:
                meter.read(layout.start)
                each = max(1, min(_BATCH, options.shard_bytes) // layout.size)
                left, order = layout.rows, 0
                while left and not meter.ended:
                    data = meter.read(min(left, each) * layout.size)
                    whole = len(data) // layout.size
                    left -= whole
                    if whole:
                        yield _Rows(order, data, layout, encoding)
                    order += 1
                if left:
                    message = "the table ends before as many records as its header states"
                    faults.append(Problem(ProblemCode.TRUNCATED, message, layout.rows - left + 1))
                meter.finish()
            finally:
                meter.close()

        names = tuple(one.name for one in layout.fields)
        told = Head(source.path, Format.BINARY, encoding, names, detail="dBase table")
        yield Stream(told, parts(), partial(closing, meter, faults))
