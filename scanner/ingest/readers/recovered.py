"""Parquet files without their footer: column chunks found by their page headers, and decoded one by one.

What the pages do not say is the footer's alone: names and types of the columns. As much of a footer as there is gives
them; without, a column has the type in which its pages can be decoded to the last byte, and no name. Each chunk becomes
a file of one column with a footer written for it, which Arrow decodes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from operator import itemgetter
from typing import Any

import pyarrow as pa

from scanner.ingest.interface import Chunk, Loose, Parsed, Part
from scanner.ingest.readers import pages
from scanner.ingest.readers.columnar import leaf_paths, leaves
from scanner.ingest.readers.pages import DATA, DATA_V2, DICTIONARY, Long, Page, Struct
from scanner.ingest.readers.text import printable_runs
from scanner.ingest.sniff import kind_of
from scanner.options import Limits

#: Bytes behind the last page in which what is left of a footer is looked for.
_FOOTER = 64 << 20
#: A footer begins with its version and the list of the schema's elements, the first of which is a struct.
_BEGINS = re.compile(rb"\x15[\x00-\x06]\x19(?=[\x1c-\xfc])")
#: Chunks of a row group whose first values are looked at.
_SIGNS = 512
#: Bytes of pages that are decoded at once.
_AT_ONCE = 64 << 20
_MAGIC = b"PAR1"
#: The last field of a schema element that is written again: scale and precision of its older logical type.
_CONVERTED = 8
BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE, BYTE_ARRAY, FIXED = range(8)
_WIDTHS = {INT32: 4, INT64: 8, INT96: 12, FLOAT: 4, DOUBLE: 8}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A column as the schema has it: the elements from below the root down to it."""

    elements: tuple[Struct, ...]

    @property
    def path(self) -> list[bytes]:
        """Names of the elements."""
        return [one.get(4, b"") for one in self.elements]

    @property
    def kind(self) -> int:
        """Physical type."""
        return int(self.elements[-1].get(1, BYTE_ARRAY))

    @property
    def flat(self) -> bool:
        """It has a value or a null in every row."""
        return len(self.elements) == 1 and self.elements[0].get(3, 0) != 2


@dataclass(slots=True)
class Piece:
    """Pages of one column chunk, as far as the file holds them."""

    pages: list[Page] = field(default_factory=list)

    @property
    def values(self) -> int:
        """Values and nulls."""
        return sum(page.values for page in self.pages if page.kind in (DATA, DATA_V2))

    @property
    def plain(self) -> int:
        """Bytes once expanded."""
        return sum(page.plain for page in self.pages)

    @property
    def ends(self) -> list[int]:
        """Values up to the end of each page."""
        return list(accumulate(page.values for page in self.pages if page.kind in (DATA, DATA_V2) and page.values))

    def split(self, values: int) -> tuple[Piece, Piece] | None:
        """Two pieces, the first of so many values; None where no page ends there."""
        seen = 0
        for index, page in enumerate(self.pages):
            seen += page.values if page.kind in (DATA, DATA_V2) else 0
            if seen == values and page.kind != DICTIONARY:
                return Piece(self.pages[: index + 1]), Piece(self.pages[index + 1 :])
        return None


def found_pages(stream: Any, size: int) -> tuple[list[Page], int]:
    """All pages from the front of the file on, and where the last ends; what may lie between is passed over."""
    out: list[Page] = []
    at = len(_MAGIC)
    while True:
        for page in pages.pages(stream, at, size):
            out.append(page)
            at = page.end
        stream.seek(at)
        window = stream.read(1 << 16)
        try:
            held, length = pages.read_struct(window)
        except (IndexError, ValueError):
            return out, at
        if not out or not isinstance(held.get(3), list) or pages.page_at(stream, at + length, size) is None:
            return out, at
        at += length  # the chunk's own description (ColumnMetaData)


def schema_after(stream: Any, at: int, size: int) -> list[Leaf]:
    """The columns by what is left of a footer behind the pages; none where its schema is not whole."""
    stream.seek(at)
    data = stream.read(min(_FOOTER, size - at))
    for found in _BEGINS.finditer(data):
        try:
            elements, _ = pages.read_value(data, found.end(), 9, 0)
            made = _leaves(iter(elements))
        except (IndexError, ValueError, StopIteration, TypeError, AttributeError, RecursionError):
            continue
        if made:
            return made
    return []


def _leaves(elements: Iterator[Struct]) -> list[Leaf]:
    root = next(elements)
    if not root.get(5) or 1 in root:
        raise ValueError
    out: list[Leaf] = []

    def below(above: tuple[Struct, ...], count: int) -> None:
        for _ in range(count):
            one = next(elements)
            if not isinstance(one.get(4), bytes) or len(above) > 50:
                raise ValueError
            if one.get(5):
                below((*above, {**one, 5: 1}), one[5])
            else:
                out.append(Leaf((*above, one)))

    below((), root[5])
    return out


def chunks_of(found: list[Page]) -> list[Piece]:
    """Pages as column chunks: a dictionary begins one."""
    out: list[Piece] = []
    for page in found:
        if page.kind == DICTIONARY or not out:
            out.append(Piece())
        out[-1].pages.append(page)
    return out


def row_groups(
    pieces: list[Piece], width: int, fits: Callable[[list[Piece]], bool] | None = None
) -> list[tuple[int, list[Piece]]]:
    """Column chunks by row group: rows and chunks, `width` of each or, where that is 0, as many as have as many values.

    All chunks of a group have as many values; where no dictionary parts two chunks, that tells where one ends. The last
    chunk of the file may be cut short. `fits` says whether chunks can be those of a group; it is asked where no
    dictionary parts any.
    """
    left, out = [*pieces], list[tuple[int, list[Piece]]]()
    while left:
        rows = _rows(left, width) if fits is None or len(left) > 1 else _fitting(left[0], width, fits)
        group: list[Piece] = []
        while left and (not width or len(group) < width):
            halves = left[0].split(rows)
            if halves is None:
                if len(left) == 1 and left[0].values < rows:
                    group.append(left.pop())
                break
            group.append(halves[0])
            left[:1] = [halves[1]] if halves[1].pages else []
        if not group:
            group.append(left.pop(0))
        out.append((rows, group))
    return out


def _rows(left: list[Piece], width: int) -> int:
    """Rows of the group that begins with these chunks: the most that part this chunk and the next ones alike."""
    for rows in reversed(left[0].ends[:512]):
        if all(one.values % rows == 0 and _even(one, rows) for one in left[: min(max(width, 2), len(left) - 1)]):
            return rows
    return max(1, left[0].values)


def _fitting(piece: Piece, width: int, fits: Callable[[list[Piece]], bool]) -> int:
    """The fewest rows with which chunks that no dictionary parts are those of the columns."""
    for rows in piece.ends[:64]:
        group, rest = list[Piece](), piece
        while len(group) < width and (halves := rest.split(rows)) is not None:
            group.append(halves[0])
            rest = halves[1]
        if (len(group) == width or not rest.pages) and fits(group):
            return rows
    return max(1, piece.values)


def _even(piece: Piece, rows: int) -> bool:
    rest = piece
    while rest.values > rows:
        halves = rest.split(rows)
        if halves is None:
            return False
        rest = halves[1]
    return True


@dataclass(slots=True)
class Rebuilt:
    """A file without a footer, taken apart."""

    stream: Any
    leaves: list[Leaf]
    groups: list[tuple[int, list[Piece]]]
    limits: Limits
    rest: int
    """Offset behind the last whole page."""
    lost: int = 0
    """Chunks that could not be decoded; what is printable in them was searched."""
    _codec: str = ""

    @classmethod
    def of(cls, stream: Any, size: int, limits: Limits) -> Rebuilt:
        """What the pages of a file and the rest of its footer tell."""
        found, end = found_pages(stream, size)
        schema = schema_after(stream, end, size)
        pieces = chunks_of(found)
        made = cls(stream, schema, [], limits, end)
        if schema and not all(leaf.flat for leaf in schema):
            # how many values a row has is not known: dictionaries alone part the chunks
            width = len(schema)
            groups = [pieces[at : at + width] for at in range(0, len(pieces), width)]
            made.groups = [(_flat_values(group, schema), group) for group in groups]
            return made
        parted = any(page.kind == DICTIONARY for page in found)
        if not schema and not parted:
            pieces = made._alike(found)
        made.groups = row_groups(pieces, len(schema), None if parted or not schema else made._fits)
        if not schema and len(pieces) > 1 and (width := made._period()):
            made.groups = row_groups(pieces, width)
        return made

    @property
    def width(self) -> int:
        """Columns."""
        return len(self.leaves) or max((len(group) for _, group in self.groups), default=0)

    @property
    def columns(self) -> tuple[str | None, ...]:
        """Dotted names, as far as they are known."""
        if not self.leaves:
            return (None,) * self.width
        return tuple(map(_dotted, self.leaves))

    def _period(self) -> int:
        """After how many chunks the same kinds of column come again, by their first values; 0 where none do."""
        signs = [self._sign(piece) for _, group in self.groups for piece in group[:_SIGNS]]
        for width in range(2, 2 * len(signs) // 3 + 1):
            pairs = list(zip(signs[width:], signs, strict=False))
            alike = sum(one == other for one, other in pairs)
            if len(set(signs[:width])) > 1 and alike * 5 >= 4 * len(pairs) and all(a[0] == b[0] for a, b in pairs):
                return width
        return 0

    def _alike(self, found: list[Page]) -> list[Piece]:
        """Pages that follow each other and hold the same kind of value are taken for one chunk."""
        out: list[Piece] = []
        before = None
        for page in found:
            sign = self._sign(Piece([page]))
            if sign != before or not out:
                out.append(Piece())
            out[-1].pages.append(page)
            before = sign
        return out

    def _fits(self, group: list[Piece]) -> bool:
        """Whether chunks can be decoded as the columns, to the last byte."""
        for leaf, piece in zip(self.leaves, group, strict=False):
            codec = self._codec_of(piece)
            array = None if codec is None else self._as(leaf, codec, piece)
            if codec is None or array is None or not self._exact(array, leaf, codec, piece.pages):
                return False
        return True

    def _sign(self, piece: Piece) -> tuple[str, str]:
        first = next((index for index, page in enumerate(piece.pages) if page.kind in (DATA, DATA_V2)), 0)
        array = self._decoded(0, Piece(piece.pages[: first + 1]))
        if array is None:
            return "", ""
        cells = [
            str(value).encode() if not isinstance(value, bytes) else value
            for value in array[:200].drop_null().to_pylist()
        ]
        return str(array.type), max(Counter(map(kind_of, cells)).items(), key=itemgetter(1), default=("", 0))[0]

    def parts(self) -> Iterator[Part]:
        """The row groups, decoded; a chunk that cannot be is searched as text."""
        order = 0
        for rows, group in self.groups:
            for run in _runs(group):
                columns: list[tuple[int, pa.Array]] = []
                loose: list[Loose] = []
                for index, piece in run:
                    array = self._decoded(index, piece)
                    if array is None:
                        self.lost += 1
                        loose += [Loose(one, "bad_row") for one in self._printable(piece)]
                    else:
                        columns.append((index, array))
                held, width = dict(columns), self.width
                first = any(index == 0 for index, _ in run)
                chunk = Chunk(rows if first else 0, tuple(held.get(i, pa.nulls(0)) for i in range(width)), tuple(loose))
                yield Parsed(order, chunk)
                order += 1
        if not self.leaves:  # a page that breaks off
            self.stream.seek(self.rest)
            runs, _ = printable_runs(bytes(self.stream.read(_AT_ONCE)), last=True)
            yield Parsed(order, Chunk(0, (), tuple(Loose(one, "bad_row") for one in runs)))

    def _decoded(self, index: int, piece: Piece) -> pa.Array | None:
        data = [page for page in piece.pages if page.kind in (DATA, DATA_V2)]
        if not data or max(page.plain for page in piece.pages) > _AT_ONCE:
            return None
        codec = self._codec_of(piece)
        if codec is None:
            return None
        known = self.leaves[index] if self.leaves else None
        for leaf in [known] if known is not None else _guesses():
            array = self._as(leaf, codec, piece)
            if array is None:
                continue
            if known is None and not self._exact(array, leaf, codec, data):
                continue
            return array if known is not None else _unmistaken(array)
        return None

    def _codec_of(self, piece: Piece) -> str | None:
        """The codec that expands the chunk's first page to what its header says."""
        page = piece.pages[0]
        if page.plain > _AT_ONCE:
            return None
        same = page.packed == page.plain
        usual = ["uncompressed"] if same else []
        for codec in dict.fromkeys([self._codec, *usual, "snappy", "zstd", "gzip", "lz4_raw", "brotli"]):
            if not codec or (codec == "uncompressed" and not same):
                continue
            try:
                if len(pages.expanded(self.stream, codec, page)) == page.plain - page.levels:
                    self._codec = codec
                    return codec
            except (pa.ArrowException, OSError, ValueError):
                continue
        return None

    def _as(self, leaf: Leaf, codec: str, piece: Piece) -> pa.Array | None:
        """The chunk's values as Arrow decodes them under a footer that says what it is."""
        import pyarrow.parquet as pq

        try:
            file = pq.ParquetFile(pa.BufferReader(self._file(leaf, codec, piece)))
            column = file.read(use_threads=False).column(0)
            array = column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
            (held,) = leaves(array)
            return held
        except (pa.ArrowException, OSError, ValueError, IndexError):
            return None

    def _file(self, leaf: Leaf, codec: str, piece: Piece) -> bytes:
        begin, end = piece.pages[0].begin, piece.pages[-1].end
        self.stream.seek(begin)
        body = bytes(self.stream.read(end - begin))
        data = next(page for page in piece.pages if page.kind in (DATA, DATA_V2))
        about: Struct = {
            1: leaf.kind,
            2: [pages.PLAIN],
            3: leaf.path,
            4: pages.CODECS.index(codec),
            5: Long(piece.values),
            6: Long(piece.plain),
            7: Long(len(body)),
            9: Long(len(_MAGIC) + data.begin - begin),
        }
        if piece.pages[0].kind == DICTIONARY:
            about[11] = Long(len(_MAGIC))
        column: Struct = {2: Long(0), 3: about}
        group: Struct = {1: [column], 2: Long(piece.plain), 3: Long(piece.values)}
        return _with_footer(leaf, body, [group], piece.values)

    def _exact(self, array: pa.Array, leaf: Leaf, codec: str, data: list[Page]) -> bool:
        """Whether the values fill their plain pages, or those of their dictionary, to the last byte."""
        if any(page.encoding != pages.PLAIN for page in data):
            return all(page.encoding != pages.PLAIN for page in data)
        levels = 0
        if leaf.elements[0][3] == 1:
            for page in data:
                held = 0 if page.kind == DATA_V2 else 4
                if held:
                    held += int.from_bytes(pages.expanded(self.stream, codec, page)[:4], "little")
                levels += held or page.levels
        else:
            levels = sum(page.levels for page in data)
        body = sum(page.plain for page in data) - levels
        filled = len(array) - array.null_count
        if leaf.kind == BYTE_ARRAY:
            import pyarrow.compute as pc

            return bool(body == 4 * filled + (pc.sum(pc.binary_length(array)).as_py() or 0))
        if leaf.kind == BOOLEAN:
            return bool((filled + 7) // 8 <= body <= (filled + 7) // 8 + len(data))
        return bool(body == _WIDTHS[leaf.kind] * filled)

    def _printable(self, piece: Piece) -> Iterator[bytes]:
        codec = self._codec or self._codec_of(piece)
        for page in piece.pages if codec else ():
            carry = b""
            try:
                for window in pages.windows(self.stream, str(codec), page, _AT_ONCE, self.limits):
                    runs, carry = printable_runs(carry + window, last=False)
                    yield from runs
            except OSError:
                continue
            yield from printable_runs(carry, last=True)[0]


def _with_footer(leaf: Leaf, body: bytes, groups: list[Struct], rows: int) -> bytes:
    """A file of one column."""
    # what newer writers say of a logical type stands in the older form (6) too, but for the unit of a time
    elements = [{key: value for key, value in one.items() if key <= _CONVERTED} for one in leaf.elements]
    footer = pages.write_struct({1: 2, 2: [{4: b"schema", 5: 1}, *elements], 3: Long(rows), 4: groups})
    return _MAGIC + body + footer + len(footer).to_bytes(4, "little") + _MAGIC


def _dotted(leaf: Leaf) -> str:
    """The path of a column as it is named where the footer is whole."""
    import pyarrow.parquet as pq

    try:
        (field,) = pq.read_schema(pa.BufferReader(_with_footer(leaf, b"", [], 0)))
        (path,) = leaf_paths(field.type, field.name)
    except (pa.ArrowException, OSError, ValueError):
        return b".".join(leaf.path).decode("utf-8", "replace")
    return path


def _runs(group: list[Piece]) -> Iterator[list[tuple[int, Piece]]]:
    """A row group's chunks with their columns: all at once, or one by one where that is too much."""
    held = list(enumerate(group))
    if sum(piece.plain for piece in group) <= 2 * _AT_ONCE:
        yield held
    else:
        yield from ([one] for one in held)


def _guesses() -> Iterator[Leaf]:
    """Flat columns of every physical type, nullable ones first."""
    for nullable in (1, 0):
        for kind in (BYTE_ARRAY, INT64, INT32, INT96, BOOLEAN):
            yield Leaf(({1: kind, 3: nullable, 4: b"x"},))


def _unmistaken(array: pa.Array) -> pa.Array:
    """Whole numbers that fit no use of such are floating ones of the same width."""
    floating = {pa.int64(): (pa.float64(), 1 << 53), pa.int32(): (pa.float32(), 1 << 29)}.get(array.type)
    if floating is None:
        return array
    import pyarrow.compute as pc

    kind, most = floating
    filled = array.filter(pc.not_equal(array, 0))
    wide = pc.sum(pc.greater(pc.abs(filled), most)).as_py() or 0
    return array.view(kind) if wide * 2 > len(filled) else array


def _flat_values(group: list[Piece], leaves: list[Leaf]) -> int:
    """Rows of a group by a chunk that has a value in each; where none has, as many as the least values."""
    flat = [piece.values for piece, leaf in zip(group, leaves, strict=False) if leaf.flat]
    return flat[0] if flat else min(piece.values for piece in group)
