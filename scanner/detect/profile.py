"""What one pass over some rows yields: partial results that merge in any order.

Profiles hold counts, extremes, histograms and key sets, never a verdict; the verdict is passed on the whole column
after the merge. The few raw sample cells stay inside the process until `verdict` masks them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from scanner.compiled import expect, is_compiled
from scanner.detect.keys import Keys, names_key
from scanner.detect.rows import Births, Together, says_birth
from scanner.detect.tables import Tables
from scanner.ingest.interface import Cells, Chunk, Grid, column_of
from scanner.model import Problem
from scanner.sets import BOUNDLESS, KeyCounts, KeySet, Room

if TYPE_CHECKING:
    from scanner.detect.added import AddedProfile

_SAMPLE_BYTES = 200
_MOST_BYTES = 1 << 30
#: Stands for a column where something stands outside of all.
OUTSIDE = -1
#: Cells of a piece that samples are taken from.
_FIRST = 64
#: Of them, those whose places are looked up together.
_AT_ONCE = 8
#: Values of an array from which those that repeat are counted.
_COUNTED_FROM = 1 << 15
_LONG_LINE = 300
"""Bytes of a line beyond which it is none of a form; see `kernels.parted`."""
#: Times its dictionary that the values of an array may take where they are passed over one by one.
_SWOLLEN = 16
#: Values of which most are met once where it is not worth looking at more.
_GLANCE = 1 << 10
#: Bytes of text from which a block is large.
_SMALL = 1 << 16
_PADDING = np.zeros(64, np.uint8)
_TEXTS = (pa.BinaryArray, pa.StringArray, pa.LargeBinaryArray, pa.LargeStringArray)
_ONCE = np.zeros(0, np.int64)
"""Weights where each cell counts once."""
_here = threading.local()
"""The desk of a thread for `quick`, the tables that it was made for, and arrays that `quick.Finds` are cut from."""


def _extremes() -> Any:
    from scanner.detect import kernels

    made = np.zeros(len(kernels.EXTREMES), np.int64)
    made[[0, 2, 4, 6]] = kernels.HIGH
    made[[1, 3, 5, 7]] = kernels.LOW
    return made


@dataclass(slots=True)
class ColumnProfile:
    """Counts over the cells of one column; neutral when new. Arrays are those of `kernels.Tally`."""

    cells: int = 0
    counts: Any = None
    lengths: Any = None
    lead: Any = None
    extremes: Any = None
    rule_counts: Any = None
    lex_counts: Any = None
    times: Any = None
    sets: dict[int, KeySet] = field(default_factory=dict)
    """Kind * 3 + way to stand → distinct keys."""
    samples: tuple[tuple[int, int, bytes], ...] = ()
    """The first distinct cells: order of the shard, row in it, bytes."""
    place: tuple[int, int] = (1 << 62, 0)
    """Where the column was first seen: order of the shard, position in it."""
    added: AddedProfile | None = None
    """What it shows of identifiers that the pack adds; None where it adds none."""
    room: Room = BOUNDLESS
    """Where the sets are held."""

    def ready(self, tables: Tables) -> None:
        """Cells are about to be added one by one."""
        if self.counts is None:
            from scanner.detect import kernels

            self.counts = np.zeros(len(kernels.CLASSES), np.int64)
            self.lengths = np.zeros(32, np.int64)
            self.lead = np.zeros(1000, np.int64)
            self.extremes = _extremes()
            self.rule_counts = np.zeros((len(tables.rule_types), 2), np.int64)
            self.lex_counts = np.zeros((64, 2), np.int64)
            self.times = np.zeros(3 * len(kernels.KINDS), np.int64)

    def scan(
        self,
        column: pa.Array | Cells,
        tables: Tables,
        order: int,
        keep: int,
        text_only: bool = False,
        across: bool = False,
    ) -> None:
        """Add the cells of a column; `keep` samples are kept.

        `text_only`: they are texts; `across`: lines of one, so that a message may have several.
        """
        self.cells += len(column)
        for cells, weights, first in weighed(column, tables.added is None):
            expect(cells.nbytes)
            if not len(cells):
                continue
            if text_only or len(weights) or not is_compiled():
                self._general(cells, weights, tables, text_only, across)
            else:
                scan_grid(Grid(cells.data, cells.starts[None, :], cells.stops[None, :], len(cells)), [self], tables)
            self.also(cells, first, tables, order, keep, text_only)
        self.ready(tables)

    def _general(
        self, cells: Cells, weights: Any, tables: Tables, text_only: bool = False, across: bool = False
    ) -> None:
        """Add cells by the kernels that know all shapes."""
        from scanner.detect import kernels

        self.ready(tables)
        data = _constant(cells.data)
        if not text_only and is_compiled():
            cells, weights = self._plain(Cells(data, cells.starts, cells.stops), weights, tables)
            if not len(cells):
                return
        starts, stops = cells.starts, cells.stops
        tally = kernels.Tally(
            self.counts, self.lengths, self.lead, self.extremes, self.rule_counts, self.lex_counts, self.times
        )
        scratch = np.zeros(int((stops - starts).max(initial=0)) + 1, np.uint8)
        room = 2 * len(cells) + cells.nbytes // 7 + 16 + int(weights.sum())
        sink = kernels.Sink(np.empty(room, np.uint8), np.empty(room, np.int64), np.zeros(2, np.int64), self.times)
        if text_only:
            marks = np.zeros(len(cells), np.uint8)
            some = _may_hold(data, starts, stops, tables, tally) if is_compiled() and not len(weights) else None
            if some is None:
                kernels.text_lines(data, starts, stops, weights, scratch, tables.book, tally, sink, marks)
            elif some.size:
                held = marks[: some.shape[1]]
                kernels.text_lines(data, some[0], some[1], _ONCE, scratch, tables.book, tally, sink, held)
            if across and (marks == 2).any():
                rows = np.flatnonzero(marks)
                bits = marks[rows]
                if some is not None:  # the last of the lines that begin there: those before it are empty
                    rows = np.searchsorted(starts, some[0, rows], side="right") - 1
                kernels.link_lines(data, starts, stops, rows, bits, tables.book, self.counts)
        else:
            kernels.profile_column(data, starts, stops, weights, scratch, tables.book, tally, sink)
        used = int(sink.state[0])
        if used:
            present = np.flatnonzero(np.bincount(sink.codes[:used])).tolist()
            self._keep(sink.codes[:used], sink.keys[:used], present)

    def _plain(self, cells: Cells, weights: Any, tables: Tables) -> tuple[Cells, Any]:
        """Add the cells that are plain texts; returns the others and their weights."""
        from scanner.detect import words

        rest, others = np.empty((2, len(cells)), np.int32), np.empty(len(weights), np.int64)
        left = words.pass_over(
            cells.data, cells.starts, cells.stops, weights, tables.book, tables.sizes, _memory(tables),
            self.counts, self.lex_counts, rest, others,
        )  # fmt: skip
        return Cells(cells.data, rest[0, :left], rest[1, :left]), others[:left] if len(weights) else weights

    def _keep(self, codes: Any, keys: Any, present: list[int]) -> None:
        """Add `keys` to the sets of their `codes`, which are those that are `present`."""
        for code in present:
            self._set(code).add(keys, codes, code)

    def add_quick(
        self, place: int, data: Any, desk: Any, fresh: Any, finds: Any, found: list[int], tables: Tables
    ) -> None:
        """Take what the quick way found of a column, and send the cells that it left the general way.

        A column that holds nothing yet takes its rows of `fresh`, copies of what stands on the desk. `found` are the
        codes of what was found in it.
        """
        if self.counts is None:
            self.counts, self.lengths, self.lead, self.rule_counts, self.times, self.extremes, self.lex_counts = (
                one[place] for one in fresh
            )
        else:
            for name in ("counts", "lengths", "lead", "rule_counts", "times"):
                mine = getattr(self, name)
                mine += getattr(desk, name)[place]
            _extend(self.extremes, desk.extremes[place])
        used, left, aside = desk.state[place, :3].tolist()
        if found:
            self._keep(finds.codes[place, :used], finds.keys[place, :used], found)
        if left:
            rest = finds.rest[place]
            self._general(Cells(data, rest[0, :left], rest[1, :left]), _ONCE, tables)
        if aside:
            cells = Cells(desk.side[place], desk.side_starts[:aside], desk.side_stops[place, :aside])
            self._general(cells, desk.side_weights[place, :aside], tables)

    def also(self, cells: Cells, first: Cells, tables: Tables, order: int, keep: int, text_only: bool = False) -> None:
        """Do what is done beside the counts: identifiers that the pack adds, `keep` distinct cells of the first."""
        if tables.added is not None:
            from scanner.detect.added import AddedProfile

            if self.added is None:
                self.added = AddedProfile(room=self.room)
            self.added.scan(cells, tables, text_only)
        if not text_only and len(self.samples) < keep:
            self._sample(first, order, keep)

    @property
    def digests(self) -> KeyCounts:
        """How often each digest stands, by its key."""
        from scanner.detect import kernels

        held = self.sets.get(3 * kernels.K_DIGEST)
        return held if isinstance(held, KeyCounts) else KeyCounts()

    def _set(self, code: int) -> KeySet:
        from scanner.detect import kernels

        if code not in self.sets:  # where another thread is first, its set is taken
            self.sets.setdefault(code, (KeyCounts if code == 3 * kernels.K_DIGEST else KeySet)(self.room))
        return self.sets[code]

    def _sample(self, cells: Cells, order: int, keep: int) -> None:
        seen = {text for _, _, text in self.samples}
        got = list(self.samples)
        for row, (start, stop) in enumerate(_first_places(cells)):
            if len(got) >= keep:
                break
            text = cells.data[start : min(stop, start + _SAMPLE_BYTES)].tobytes().strip()
            if text and text not in seen:
                seen.add(text)
                got.append((order, row, text))
        self.samples = tuple(got)

    def update(self, other: ColumnProfile, keep: int) -> None:
        """Merge another profile into this one."""
        self.cells += other.cells
        self.place = min(self.place, other.place)
        if other.added is not None:
            self.added = type(other.added)(room=self.room) if self.added is None else self.added
            self.added.update(other.added)
        if other.counts is None:
            return
        if self.counts is None:
            self.counts, self.lengths, self.lead = other.counts.copy(), other.lengths.copy(), other.lead.copy()
            self.extremes, self.rule_counts = other.extremes.copy(), other.rule_counts.copy()
            self.lex_counts, self.times = other.lex_counts.copy(), other.times.copy()
        else:
            for name in ("counts", "lengths", "lead", "rule_counts", "lex_counts", "times"):
                mine = getattr(self, name)
                mine += getattr(other, name)
            _extend(self.extremes, other.extremes)
        for code, held in other.sets.items() if other.sets is not self.sets else ():
            self._set(code).update(held)
        merged: dict[bytes, tuple[int, int, bytes]] = {}
        for sample in sorted((*self.samples, *other.samples)):
            merged.setdefault(sample[2], sample)
        self.samples = tuple(list(merged.values())[:keep])


def _first_places(cells: Cells) -> Iterator[tuple[int, int]]:
    """Where the first cells begin and end."""
    for first in range(0, min(len(cells), _FIRST), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        yield from zip(cells.starts[some].tolist(), cells.stops[some].tolist(), strict=True)


def _extend(mine: Any, theirs: Any) -> None:
    """Widen extremes (see `kernels.EXTREMES`) by others."""
    mine[0:8:2] = np.minimum(mine[0:8:2], theirs[0:8:2])
    mine[1:8:2] = np.maximum(mine[1:8:2], theirs[1:8:2])
    mine[8] = max(mine[8], theirs[8])


def _constant(data: Any) -> Any:
    """Bytes that kernels take: they are compiled for such as cannot be written."""
    data = data.view()
    data.flags.writeable = False
    return data


def _memory(tables: Tables) -> Any:
    """Where this thread keeps the words of texts."""
    from scanner.detect import words

    if getattr(_here, "spoken", None) is not tables:
        _here.spoken, _here.words = tables, words.memory()
    return _here.words


def _grids(chunk: Chunk) -> Iterator[tuple[Grid, Sequence[int]]]:
    """Columns that lie in one buffer with equally many cells, as grids, and which they are; those of a small chunk all.

    Passed over together, a stretch of the buffer is read from memory once and not once a column.
    """
    if chunk.grid is not None:
        if chunk.rows:
            yield chunk.grid, range(len(chunk.columns))
        return
    if (small := _small_grid(chunk)) is not None:
        yield small, range(len(chunk.columns))
        return
    alike: dict[tuple[int, int], list[int]] = {}
    for place, column in enumerate(chunk.columns):
        if isinstance(column, Cells) and len(column):
            alike.setdefault((id(column.data), len(column)), []).append(place)
    for places in alike.values():
        if len(places) > 1:
            some = [chunk.columns[place] for place in places]
            starts, stops = np.stack([one.starts for one in some]), np.stack([one.stops for one in some])
            yield Grid(some[0].data, starts, stops, len(some[0])), places


def scan_grid(grid: Grid, columns: Sequence[ColumnProfile], tables: Tables) -> None:
    """Add the columns of a grid to their profiles: common shapes the quick way, the rest of the cells the general one.

    Counts no cells and takes no samples. Compiled only.
    """
    from scanner.detect import quick

    if getattr(_here, "tables", None) is not tables:
        _here.tables, _here.desk = tables, quick.desk_for(tables.book, len(tables.rule_types))
        _here.room = (np.empty(0, np.uint8), np.empty(0, np.int64), np.empty(0, np.int32))
    # the last cells of a text are quick too where bytes follow them; in a small one they are many
    padded = np.concatenate((grid.data, _PADDING)) if len(grid.data) < _SMALL else grid.data
    data = _constant(padded)
    for first in range(0, len(columns), quick.MOST_COLUMNS):
        some = grid.slice(first, first + quick.MOST_COLUMNS)
        width, rows = len(some.starts), max(1, grid.rows)
        if len(_here.room[0]) < 2 * width * rows:
            more = 2 * width * (rows + rows // 8)  # the next part has a few rows more
            _here.room = tuple(np.empty(more, one.dtype) for one in _here.room)
        codes, keys, rest = (one[: 2 * width * rows].reshape(width, -1) for one in _here.room)
        finds = quick.Finds(codes, keys, rest.reshape(width, 2, rows))
        desk = _here.desk
        quick.scan_quick(data, some.starts, some.stops, grid.rows, tables.book, desk, finds)
        fresh: tuple[Any, ...] = ()
        if any(column.counts is None for column in columns[first : first + width]):
            held = (desk.counts, desk.lengths, desk.lead, desk.rule_counts, desk.times, desk.extremes)
            fresh = (*(one[:width].copy() for one in held), np.zeros((width, 64, 2), np.int64))
        found: list[list[int]] = [[] for _ in range(width)]
        for place, code in zip(*(one.tolist() for one in np.nonzero(desk.times[:width])), strict=True):
            found[place].append(code)
        for place in range(width):
            columns[first + place].add_quick(place, data, desk, fresh, finds, found[place], tables)


def _small_grid(chunk: Chunk) -> Grid | None:
    """The columns of a small chunk in one buffer, to be passed over together; None of any other chunk."""
    pieces: list[Cells] = []
    size = 0
    for column in chunk.columns:
        if len(column) != chunk.rows or not isinstance(column, (Cells, *_TEXTS)):
            return None
        pieces += in_place(column)
        size += len(pieces[-1].data)
        if size > _SMALL:
            return None
    if not pieces or not chunk.rows:
        return None
    if len(pieces) == 1:
        data, starts, stops = pieces[0].data, pieces[0].starts[None, :], pieces[0].stops[None, :]
    else:
        data = np.concatenate([one.data for one in pieces])
        begins = np.cumsum([0, *(len(one.data) for one in pieces[:-1])], dtype=np.int32)[:, None]
        starts, stops = np.stack([one.starts for one in pieces]), np.stack([one.stops for one in pieces])
        starts, stops = starts + begins, stops + begins
    return Grid(data, starts, stops, chunk.rows)


def _may_hold(data: Any, starts: Any, stops: Any, tables: Tables, tally: Any) -> Any:
    """Starts and stops (int32[2, n]) of the lines in which an identifier may stand; the others are counted."""
    from scanner.detect import text

    rest = np.empty((2, len(starts)), np.int32)
    return rest[:, : text.pass_over(data, starts, stops, tables.sizes, tally.counts, rest)]


def _edge(cells: Cells, rows: range) -> bytes:
    """Some lines in a row as a text of their own, with a blank one where blank ones were, cut to what may count."""
    out = []
    starts, stops = cells.starts[rows.start : rows.stop + 1].tolist(), cells.stops[rows.start : rows.stop].tolist()
    for start, stop, behind in zip(starts, stops, [*starts[1:], len(cells.data)], strict=False):
        gap = cells.data[stop : min(behind, stop + _LONG_LINE)].tobytes()
        if b"\r" in gap:
            gap = gap.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        out += [
            cells.data[start : min(stop, start + _LONG_LINE)].tobytes(),
            b"\n\n" if gap.count(b"\n") > 1 else b"\n",
        ]
    return b"".join(out)


def _linked(text: bytes, tables: Tables) -> Any:
    """Messages of a few lines that hold a number with a CNIC, and those that hold a name too: int64[2]."""
    from scanner.detect import kernels

    data = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(data == 10)
    starts, stops = np.append(0, ends[:-1] + 1).astype(np.int32), ends.astype(np.int32)
    some = stops > starts
    made = ColumnProfile()
    made.ready(tables)
    made._general(Cells(data, starts[some], stops[some]), _ONCE, tables, True, True)
    return made.counts[[kernels.LINKED, kernels.NAMED]]


@dataclass(slots=True)
class Piece:
    """What one part of a sampled artifact holds."""

    size: int = 0
    """Bytes of its cells."""
    rows: int = 0
    filled: dict[str | int, int] = field(default_factory=dict)
    """Column → filled cells."""
    found: dict[str | int, Any] = field(default_factory=dict)
    """Column → occurrences by kind * 3 + way to stand, int64[3 * kinds], those of types that a pack adds behind."""

    def times(self, key: str | int, codes: tuple[int, ...]) -> int:
        """Occurrences in a column by some codes."""
        held = self.found.get(key)
        return 0 if held is None else sum(int(held[code]) for code in codes if code < len(held))

    def _times(self, column: ColumnProfile) -> Any:
        added = None if column.added is None else column.added.times
        return column.times if added is None else np.concatenate((column.times, added))

    def without(self, key: str | int, column: ColumnProfile) -> None:
        """What the column holds before the part is added to it."""
        if column.counts is not None:
            from scanner.detect import kernels

            self.filled[key], self.found[key] = -int(column.counts[kernels.FILLED]), -self._times(column)

    def add(self, key: str | int, column: ColumnProfile) -> None:
        """What it holds afterwards."""
        if column.counts is not None:
            from scanner.detect import kernels

            self.filled[key] = self.filled.get(key, 0) + int(column.counts[kernels.FILLED])
            now, before = self._times(column).copy(), self.found.get(key, ())
            now[: len(before)] += np.asarray(before, np.int64)
            self.found[key] = now


@dataclass(slots=True)
class ArtifactProfile:
    """Everything that the rows of one artifact yielded so far; neutral when new."""

    keep: int = 3
    rows: int = 0
    bad_rows: int = 0
    cells: int = 0
    columns: dict[str | int, ColumnProfile] = field(default_factory=dict)
    """By name where the chunks name their columns, else by position."""
    names: dict[str | int, str | None] = field(default_factory=dict)
    loose: ColumnProfile = field(default_factory=ColumnProfile)
    problems: dict[tuple[str, str], tuple[int, int | None]] = field(default_factory=dict)
    """(code, message) → (how often, first row)."""
    failed: bool = False
    """A part could not be read."""
    together: Together = field(default_factory=Together)
    births: Births = field(default_factory=Births)
    keys: Keys = field(default_factory=Keys)
    room: Room = BOUNDLESS
    """Where the sets of keys are held."""
    common: dict[str | int, dict[int, KeySet]] | None = None
    """The sets of each column that it has in common with others; None where it is the only one that adds to its own."""

    edges: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)
    """Of a document of lines: order of a part → its first and last lines, as messages may go on in the next part."""
    by_piece: bool = False
    """Keep what each part holds, as the bounds of a sample need it."""
    pieces: dict[int, Piece] = field(default_factory=dict)
    """By the order of the part."""

    def __post_init__(self) -> None:
        """What stands outside the columns shares the room and what is in common."""
        self.loose = self._column(OUTSIDE)

    def _column(self, key: str | int) -> ColumnProfile:
        """A column without cells."""
        if self.common is None:
            return ColumnProfile(room=self.room)
        return ColumnProfile(room=self.room, sets=self.common.setdefault(key, {}))

    def scan(
        self,
        chunk: Chunk,
        order: int,
        tables: Tables,
        lines: bool,
        heads: tuple[str | None, ...] = (),
        births: frozenset[str] = frozenset(),
        suffixes: tuple[str, ...] = (),
    ) -> None:
        """Add the rows of a chunk.

        `heads` are the headers by position where the chunk does not name its columns, `births` the spellings (folded)
        that head dates of birth, `suffixes` what headers of keys end in.
        """
        self.rows += chunk.rows
        self.bad_rows += chunk.bad_rows
        named: tuple[str | None, ...] = getattr(chunk, "names", ())
        piece = Piece(rows=chunk.rows)
        if self.by_piece:
            piece.size = sum(cells.nbytes for column in chunk.columns for cells in in_place(column))
            self.pieces[order] = piece
            piece.without(OUTSIDE, self.loose)
        made: list[ColumnProfile] = []
        touched: dict[str | int, ColumnProfile] = {}
        for position, array in enumerate(chunk.columns):
            key: str | int = named[position] or position if named else position
            column = self.columns.get(key)
            if column is None:
                column = self.columns[key] = self._column(key)
                self.names[key] = named[position] if named else None
            column.place = min(column.place, (order, position))
            if self.by_piece and key not in touched:
                piece.without(key, column)
            made.append(column)
            touched[key] = column
            self.cells += len(array)
        columns: list[pa.Array | Cells] = list(chunk.columns)
        in_grids: set[int] = set()
        for grid, places in _grids(chunk) if is_compiled() and not lines else ():
            for place, cells in zip(places, grid.columns(), strict=True):
                columns[place] = cells
                made[place].cells += len(cells)
                made[place].also(cells, cells, tables, order, self.keep)
            scan_grid(grid, [made[place] for place in places], tables)
            in_grids.update(places)
        for place, (column, array) in enumerate(zip(made, chunk.columns, strict=True)):
            if place not in in_grids:
                column.scan(array, tables, order, self.keep, text_only=lines, across=lines)
                if lines and not self.by_piece:
                    self._edges(array, order)
        if self.by_piece:
            for key, column in touched.items():
                piece.add(key, column)
        if not lines:
            keys = [named[i] or i if named else i for i in range(len(chunk.columns))]
            self.together.scan(keys, columns, chunk.rows)
            for key, array in zip(keys, columns, strict=True):
                name = key if isinstance(key, str) else heads[key] if key < len(heads) else None
                if name is not None and says_birth(name, births):
                    self.births.scan(key, in_place(array))
                if name is not None and suffixes and names_key(name, suffixes):
                    self.keys.scan(key, _each_once(array))
        if chunk.loose:
            self.loose.scan(column_of([one.text for one in chunk.loose]), tables, order, 0, True)
        if self.by_piece:
            piece.add(OUTSIDE, self.loose)
        for problem in chunk.problems:
            self._note(problem.code.value, problem.message, 1, problem.row)

    def _edges(self, column: pa.Array | Cells, order: int) -> None:
        from scanner.detect.kernels import EDGE

        pieces = [cells for cells in in_place(column) if len(cells)]
        if pieces:
            first, last = pieces[0], pieces[-1]
            blank = b"\n" if first.starts[0] and b"\n" in bytes(first.data[: min(first.starts[0], 64)]) else b""
            head = _edge(first, range(min(EDGE, len(first))))
            self.edges[order] = (blank + head, _edge(last, range(max(0, len(last) - EDGE), len(last))))

    def linked(self, tables: Tables) -> tuple[int, int]:
        """Messages, lines or cells that hold a mobile number with a CNIC, and those of them that hold a name too."""
        from scanner.detect import kernels

        total = np.zeros(2, np.int64)
        for column in (*self.columns.values(), self.loose):
            if column.counts is not None:
                total += column.counts[[kernels.LINKED, kernels.NAMED]]
        parts = [self.edges[order] for order in sorted(self.edges)]
        for (_, before), (after, _) in pairwise(parts):
            total += _linked(before + after, tables) - _linked(before, tables) - _linked(after, tables)
        return int(total[0]), int(total[1])

    def _note(self, code: str, message: str, times: int, row: int | None) -> None:
        count, first = self.problems.get((code, message), (0, None))
        rows = [one for one in (first, row) if one is not None]
        self.problems[code, message] = (count + times, min(rows) if rows else None)

    def note(self, problem: Problem) -> None:
        """Add a problem."""
        self._note(problem.code.value, problem.message, 1, problem.row)

    def update(self, other: ArtifactProfile) -> None:
        """Merge another profile into this one."""
        self.rows += other.rows
        self.bad_rows += other.bad_rows
        self.cells += other.cells
        self.failed = self.failed or other.failed
        for key, column in other.columns.items():
            if key not in self.columns:
                self.columns[key] = self._column(key)
            self.columns[key].update(column, self.keep)
            self.names.setdefault(key, other.names.get(key))
        self.loose.update(other.loose, 0)
        self.pieces.update(other.pieces)
        self.edges.update(other.edges)
        self.together.update(other.together)
        self.births.update(other.births)
        self.keys.update(other.keys)
        for (code, message), (times, row) in other.problems.items():
            self._note(code, message, times, row)

    def held(self) -> Iterator[KeySet]:
        """All sets of keys."""
        for column in (*self.columns.values(), self.loose):
            yield from column.sets.values()
            yield from column.added.sets.values() if column.added is not None else ()

    def merge(self, other: ArtifactProfile) -> ArtifactProfile:
        """Both as a profile of its own; associative and commutative, the new profile is neutral."""
        made = ArtifactProfile(keep=max(self.keep, other.keep), room=self.room)
        made.update(self)
        made.update(other)
        return made


def weighed(column: pa.Array | Cells, may_count: bool) -> Iterator[tuple[Cells, Any, Cells]]:
    """A column as cells in place, how often each stands (int64[n], empty where once), and the first of them in order.

    With `may_count`, values of a typed or dictionary array that repeat are counted instead of being written out.
    """
    pieces = column.chunks if isinstance(column, pa.ChunkedArray) else (column,)
    for piece in pieces:
        if may_count and not isinstance(piece, Cells) and _repeats(piece):
            first = piece.slice(0, _FIRST)
            if pa.types.is_dictionary(piece.type) and (standing := _standing(piece)) is not None:
                yield *standing, next(in_place(first))
                continue
            counted = piece.value_counts()
            weights = np.array(counted.field("counts"), np.int64)
            ((values, first),) = zip(in_place(counted.field("values")), in_place(first), strict=True)
            yield values, weights, first
        else:
            for cells in in_place(piece):
                yield cells, _ONCE, cells


def _repeats(array: pa.Array) -> bool:
    """Whether the values of an array are worth counting, by some of them: it decides the way, not what comes out."""
    kind = array.type
    if len(array) < _COUNTED_FROM:
        return False
    if pa.types.is_dictionary(kind):
        few = len(array.dictionary) * 4 <= len(array)
        return not pa.types.is_null(kind.value_type) and (few or _swells(array))
    if not (pa.types.is_primitive(kind) or pa.types.is_decimal(kind)):
        return False
    try:  # few values, lest most columns be counted in vain
        some = array.slice(len(array) // 2, _COUNTED_FROM // 2)
        return len(some[:_GLANCE].unique()) * 16 <= _GLANCE * 15 and len(some.unique()) * 4 <= len(some)
    except pa.ArrowNotImplementedError:  # such as floats of 16 bits
        return False


def in_place(column: pa.Array | Cells) -> Iterator[Cells]:
    """A column as cells in place; nulls are empty, typed values are written as text."""
    if isinstance(column, Cells):
        yield column
        return
    if isinstance(column, pa.ChunkedArray):
        for chunk in column.chunks:
            yield from in_place(chunk)
        return
    kind = column.type
    if len(column) == 0 or pa.types.is_null(kind):
        return
    if pa.types.is_dictionary(kind):
        yield from _from_dictionary(column)
    elif isinstance(column, pa.ExtensionArray):
        yield from in_place(column.storage)
    elif pa.types.is_binary(kind) or pa.types.is_string(kind):
        yield _arrow_cells(column, np.int32)
    elif pa.types.is_large_binary(kind) or pa.types.is_large_string(kind):
        yield from _pieces(column)
    elif (cells := _written(column)) is not None:
        yield cells
    else:
        yield from in_place(as_text(column))


def _each_once(column: pa.Array | Cells) -> Iterator[Cells]:
    """A column as cells in place, those of a dictionary once each."""
    for piece in column.chunks if isinstance(column, pa.ChunkedArray) else (column,):
        standing = _standing(piece) if isinstance(piece, pa.DictionaryArray) else None
        if standing is not None:
            yield standing[0]
        else:
            yield from in_place(piece)


def _standing(column: pa.DictionaryArray) -> tuple[Cells, Any] | None:
    """The values that stand in a dictionary array and how often each does, nulls aside; None of long dictionaries."""
    if (found := _placed(column)) is None:
        return None
    values, places, valid = found
    times = np.bincount(places if valid is None else places[valid])
    held = np.flatnonzero(times)
    return Cells(values.data, values.starts[held], values.stops[held]), times[held]


def _from_dictionary(column: pa.DictionaryArray) -> Iterator[Cells]:
    """The cells of a dictionary array, which lie in its dictionary however often each stands."""
    if (found := _placed(column)) is None:
        yield from in_place(column.dictionary_decode())
        return
    values, places, valid = found
    starts, stops = values.starts[places], values.stops[places]
    yield Cells(values.data, starts, stops if valid is None else np.where(valid, stops, starts))


def _placed(column: pa.DictionaryArray) -> tuple[Cells, Any, Any] | None:
    """The values of a dictionary, the place of each cell's among them, and which cells are no nulls (bool[n]).

    Nulls have the first place; the last is None where there are none. None of a dictionary that is empty or in pieces.
    """
    values = list(in_place(column.dictionary))
    if len(values) != 1:
        return None
    indices = column.indices
    held = np.frombuffer(indices.buffers()[1], indices.type.to_pandas_dtype())
    places = held[indices.offset : indices.offset + len(indices)]
    if not column.null_count:
        return values[0], places, None
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    return values[0], np.where(valid, places, 0), valid


def _swells(column: pa.DictionaryArray) -> bool:
    """Whether the values of a dictionary array, each as often as it stands, are far more than the dictionary."""
    found = _placed(column) if column.dictionary.nbytes > len(column) else None
    if found is None:
        return False
    values, places, _ = found
    return int((values.stops - values.starts)[places].sum(dtype=np.int64)) > _SWOLLEN * values.nbytes


def _written(column: pa.Array) -> Cells | None:
    """A typed array as text by a kernel, where it pays and there is one for such values."""
    if len(column) <= _FIRST or not is_compiled():
        return None
    from scanner.detect import typed

    return typed.written(column)


def _pieces(column: pa.Array) -> Iterator[Cells]:
    """An array of 64-bit offsets in pieces that 32 bits can address."""
    if column.nbytes < _MOST_BYTES or len(column) == 1:
        yield _arrow_cells(column, np.int64)
        return
    half = len(column) // 2
    yield from _pieces(column.slice(0, half))
    yield from _pieces(column.slice(half))


def _arrow_cells(column: pa.Array, width: type[np.signedinteger[Any]]) -> Cells:
    valid, offsets, data = column.buffers()
    places = np.frombuffer(offsets, width)[column.offset : column.offset + len(column) + 1]
    first, last = int(places[0]), int(places[-1])
    content = np.frombuffer(data, np.uint8)[first:last] if data is not None and data.size else np.zeros(0, np.uint8)
    places = (places - first).astype(np.int32)
    starts, stops = places[:-1], places[1:]
    if valid is not None and column.null_count:
        stops = np.where(column.is_null().to_numpy(zero_copy_only=False), starts, stops)
    return Cells(content, starts, stops)


def _hexadecimal(array: pa.Array) -> pa.Array:
    """Raw bytes of one width as hexadecimal digits; nulls as empty."""
    width, n = array.type.byte_width, len(array)
    raw = np.frombuffer(array.buffers()[1], np.uint8)[array.offset * width : (array.offset + n) * width]
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    text = np.stack((digits[raw >> 4], digits[raw & 15]), axis=1).tobytes()
    places = np.cumsum(np.append(0, array.is_valid().to_numpy(False) * (2 * width)), dtype=np.int32)
    if array.null_count:
        text = np.frombuffer(text, np.uint8).reshape(n, 2 * width)[array.is_valid().to_numpy(False)].tobytes()
    return pa.StringArray.from_buffers(n, pa.py_buffer(places), pa.py_buffer(text))


def as_text(array: pa.Array) -> pa.Array:
    """Typed values as a person would write them: whole floats without a point, moments in ISO 8601, bytes in hex."""
    import pyarrow.compute as pc  # text needs none of it, and it takes long to load

    kind = array.type
    if pa.types.is_floating(kind):
        wide = array.cast(pa.float64())
        whole = pc.and_(pc.equal(pc.floor(wide), wide), pc.less(pc.abs(wide), 1e18))
        whole = pc.fill_null(whole, False)
        integers = pc.if_else(whole, wide, None).cast(pa.int64(), safe=False).cast(pa.string())
        return pc.coalesce(integers, wide.cast(pa.string()))
    if pa.types.is_fixed_size_binary(kind):
        return _hexadecimal(array)
    if pa.types.is_decimal(kind) and kind.scale <= 0:
        return array.cast(pa.string())
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        array = array.cast(pa.timestamp(kind.unit))
    try:
        return array.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array([None if value is None else str(value) for value in array.to_pylist()], pa.string())
