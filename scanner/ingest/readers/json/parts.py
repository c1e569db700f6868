"""Parts of a document: records in, the cells of one chunk out, by the general way or by the compiled one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scanner.compiled import compile_all
from scanner.ingest.interface import Cells as Column
from scanner.ingest.interface import Chunk, Loose, column_of
from scanner.ingest.readers.delimited import cleaned
from scanner.ingest.readers.json.cutting import MEMBERS, VALUES, element_end
from scanner.ingest.readers.json.values import (
    COMMENT,
    DATA_KEY,
    GAP,
    INDEX,
    SPACE,
    TYPE_KEYS,
    Broken,
    Cells,
    encoded,
    transposed,
    value_at,
    whole_members,
)  # fmt: skip
from scanner.model import Problem
from scanner.options import Limits
from scanner.terms import ProblemCode

#: Records one a line, each ending with its line; the other layouts are those of `cutting`.
LINES = 3
#: Bytes from which a part is worth loading the compiled kernels.
COMPILED_FROM = 1 << 18
_PAD = 32

LIBERTIES = "comments, commas too many, single quotes or other liberties of no strict JSON; read all the same"
_BAD_LINE = "lines that are no JSON; their whole fields were read, the rest was searched as text"
_BAD_ELEMENT = "records that are no JSON; their whole fields were read, the rest was searched as text"
_TOO_MANY = "more columns than max_columns; the rest was searched as text"


@dataclass(slots=True)
class Records:
    """Records read the general way."""

    depth: int
    cells: Cells = field(default_factory=Cells)
    rows: int = 0
    bad: int = 0
    count: int = 0
    """Elements, of which one may be a row and a bad row at once."""
    loose: list[Loose] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    only: Any = None
    """The first record."""
    odd: bool = False
    """Commas between elements are missing or too many."""

    def line(self, text: str, row: int) -> None:
        """Values one after another on a line."""
        at = self._gap(text, 0, row)
        while at < len(text):
            try:
                comments: list[str] = []
                value, at, liberal = value_at(text, at, self.depth, comments)
            except Broken:
                self._broken(text, at, row, _BAD_LINE)
                return
            self._comments(comments, row)
            self.take(value, liberal, row)
            at = self._gap(text, at, row)

    def element(self, text: str, base: int, row: int) -> None:
        """One element that stands alone in `text`."""
        at = self._gap(text, 0, row, base != VALUES)
        if at == len(text):
            return
        self.count += 1
        try:
            at = self._one(text, at, base, row)
        except Broken:
            self._broken(text, at, row, _BAD_ELEMENT)
            return
        at = self._gap(text, at, row)
        if at < len(text):
            self._broken(text, at, row, _BAD_ELEMENT)

    def elements(self, text: str, at: int, base: int, before: int, signature: tuple[bytes, int]) -> tuple[int, bool]:
        """Elements from `at` on, up to the bracket that closes the base; returns where that is and whether it is there.

        `before` elements stand before these. Where an element has no end, that is where it begins.
        """
        closes = ("", "]", "}")[base]
        comma, first = True, True
        while True:
            row = before + self.count + 1
            at = self._gap(text, at, row, base != VALUES)
            while base != VALUES and text[at : at + 1] == ",":
                self.odd = self.odd or comma
                comma = True
                at = self._gap(text, at + 1, row, True)
            if at >= len(text):
                return at, False
            closed = text[at] == closes
            if base != VALUES and (comma and not first if closed else not comma):
                self.odd = True
            if closed:
                return at, True
            first = comma = False
            try:
                end = self._one(text, at, base, row, closes)
            except Broken:
                end = -1
            if end < 0:
                # what it is must be told from where it ends
                rest = text[at:].encode()
                end, unfinished = element_end(rest, 0, base, signature)
                if unfinished:
                    return at, False
                piece = rest[:end].decode()
                self.element(piece, base, row)
                at += len(piece)
                comma = piece.rstrip().endswith(",")
            else:
                self.count += 1
                at = end

    def _one(self, text: str, at: int, base: int, row: int, closes: str | None = None) -> int:
        """Take the element at `at` and return where it ends.

        With `closes`, -1 and nothing taken where neither that, a comma nor another value follows.
        """
        key, begin, loose = "", at, False
        if base == MEMBERS:
            name, at, loose = value_at(text, at, self.depth)
            at = self._gap(text, at, row, True)
            if not isinstance(name, str) or text[at : at + 1] != ":":
                raise Broken(at >= len(text))
            key, at = name, self._gap(text, at + 1, row, True)
        comments: list[str] = []
        value, end, liberal = value_at(text, at, self.depth, comments)
        if closes:
            found = SPACE.match(text, end)
            if text[found.end() if found is not None else end :][:1] not in ("", ",", closes):
                return -1
        elif closes is not None and text[begin] not in "{[" and text[end : end + 1] not in ("", ",", *" \t\r\n"):
            return -1
        self._comments(comments, row)
        if base == MEMBERS:
            if DATA_KEY.search(key):
                self.cells.found.append(("*", key))
            elif not INDEX.fullmatch(key):
                value = ((key, value),)
        self.take(value, liberal or loose, row)
        return end

    def take(self, value: Any, liberal: bool, row: int) -> None:
        """Add a record."""
        deep = len(self.cells.deep)
        if self.rows == 0:
            self.only = value
        self.rows += 1
        self.cells.add(value)
        for text in self.cells.deep[deep:]:
            self.loose.append(Loose(encoded(text), "bad_row", row))
            self.note(ProblemCode.LIMIT, f"nested deeper than max_json_depth ({self.depth}); searched as text", row)
        if liberal:
            self.note(ProblemCode.CORRUPT, LIBERTIES, row)

    def note(self, code: ProblemCode, message: str, row: int | None) -> None:
        """Add a problem."""
        self.problems.append(Problem(code, message, row))

    def _broken(self, text: str, at: int, row: int, message: str) -> None:
        """What begins at `at` is no value: its whole fields are a row, the rest is loose."""
        members, end = whole_members(text, at, self.depth)
        if members:
            self.take(members, False, row)
        self.bad += 1
        self.loose.append(Loose(encoded(text[end:]), "bad_row", row))
        self.note(ProblemCode.BAD_ROW, message, row)

    def _comments(self, texts: list[str], row: int) -> None:
        self.loose += [Loose(encoded(text), "comment", row) for text in texts]

    def _gap(self, text: str, at: int, row: int, commas: bool = False) -> int:
        """The end of the gap at `at`; with `commas`, it ends at a comma."""
        found = (SPACE if commas else GAP).match(text, at)
        end = found.end() if found is not None else at
        if end > at and COMMENT.search(text, at, end):
            self.note(ProblemCode.CORRUPT, LIBERTIES, row)
            self._comments([text[at:end]], row)
        return end

    def transpose(self) -> None:
        """Where the one record is an object of arrays, take it as the rows that those are columns of."""
        rows = transposed(self.only) if self.rows == 1 and self.bad == 0 else None
        if rows:
            self.cells, self.rows = Cells(), 0
            for row in rows:
                self.rows += 1
                self.cells.add(row)

    def chunk(self, prefix: str, most: int) -> Chunk:
        """The records as columns of paths that begin with `prefix`; cells of columns beyond `most` are loose."""
        columns: dict[str, list[bytes]] = {}
        beyond: list[bytes] = []
        for path, text in self.cells.found:
            column = columns.get(path)
            if column is None:
                if len(columns) < most:
                    column = columns[path] = []
                else:
                    column = beyond
            if text is not None:
                column.append(encoded(text))
        return Chunk(
            self.rows,
            tuple(column_of(cells) for cells in columns.values()),
            (*self.loose, *_beyond(beyond)),
            (*self.problems, *([Problem(ProblemCode.LIMIT, _TOO_MANY)] if beyond else [])),
            self.bad,
            tuple(name_of(prefix, path) for path in columns),
        )


def _beyond(cells: list[bytes]) -> tuple[Loose, ...]:
    return (Loose(b"\n".join(cells), "bad_row"),) if cells else ()


def lines_of(data: memoryview) -> int:
    """Line ends in the data."""
    if len(data) < COMPILED_FROM:
        return bytes(data).count(b"\n")
    import numpy as np

    from scanner.ingest.readers.json import kernels

    compile_all()
    return int(kernels.count(np.frombuffer(data, np.uint8), 10))


def name_of(prefix: str, path: str) -> str:
    """The name of a column; a path is empty where a key is."""
    return prefix + path or '""'


_met = 0


def _much(size: int) -> bool:
    """Whether so much was read in small pieces, with `size` bytes more, that loading the kernels pays after all."""
    global _met
    _met += size
    return _met >= COMPILED_FROM


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of whole records, UTF-8."""

    order: int
    pieces: tuple[bytes | memoryview, ...]
    """The piece in pieces."""
    layout: int
    """LINES, or what the elements stand in."""
    before: int
    """Lines or elements before the piece."""
    signature: tuple[bytes, int]
    prefix: str
    limits: Limits
    alone: bool = False
    """The piece is the whole document, which is one value."""

    def read(self) -> Chunk:
        """The cells of the records; a record that is no JSON is a bad row whose text is kept."""
        size = sum(map(len, self.pieces))
        if size < COMPILED_FROM and not _much(size):
            return self._plain()
        compile_all()
        return self._compiled(size)

    def _bytes(self, problems: list[Problem]) -> bytes:
        return cleaned(b"".join(self.pieces), problems, self.before + 1)

    def _plain(self) -> Chunk:
        records = Records(self.limits.max_json_depth)
        text = self._bytes(records.problems).decode()
        if self.layout == LINES:
            for number, line in enumerate(text.split("\n"), self.before + 1):
                records.line(line, number)
        else:
            at, _ = records.elements(text, 0, self.layout, self.before, self.signature)
            if at < len(text):
                records.element(text[at:], self.layout, self.before + records.count + 1)
            if self.alone:
                records.transpose()
        return records.chunk(self.prefix, self.limits.max_columns)

    def _compiled(self, size: int) -> Chunk:
        room = 1 << 12
        while True:
            made = self._with_room(size, room)
            if made is not None:
                return made
            room *= 8

    def _joined(self, size: int, problems: list[Problem]) -> Any:
        """The piece and zeros behind it, uint8[size + _PAD] or as long as it is with bytes of no UTF-8 replaced."""
        import numpy as np

        from scanner.ingest.readers.json import kernels

        joined = np.empty(size + _PAD, np.uint8)
        at = 0
        for piece in self.pieces:
            joined[at : at + len(piece)] = np.frombuffer(piece, np.uint8)
            at += len(piece)
        joined[size:] = 0
        if kernels.is_plain(joined, size):
            return joined
        data = self._bytes(problems)
        if len(data) != size or problems:
            return np.frombuffer(data + bytes(_PAD), np.uint8).copy()
        return joined

    def _with_room(self, size: int, room: int) -> Chunk | None:
        """The chunk, read with a tree of at most `room` nodes; None where that is too small."""
        import numpy as np

        from scanner.ingest.readers.json import kernels

        records = Records(self.limits.max_json_depth)
        text = self._joined(size, records.problems)
        n, most = len(text) - _PAD, self.limits.max_columns
        data = b""
        nodes = np.zeros((room, 10), np.int64)
        nodes[:3, kernels.PARENT], nodes[:3, kernels.GLUE] = -1, -1
        nodes[:3, kernels.KIND] = kernels.ROOT, kernels.ROW, kernels.ALONE
        table = np.full(room * 2, -1, np.int32)
        state = np.zeros(8, np.int64)
        state[kernels.NODES] = 3
        where = np.empty(n // 8 + 64, np.int32)
        starts, stops = np.empty_like(where), np.empty_like(where)
        paths: dict[str, int] = {}
        extra = bytearray()
        at = 0
        while True:
            at = int(
                kernels.records(
                    text, at, n, self.layout, self.limits.max_json_depth,
                    nodes, table, where, starts, stops, state,
                )
            )  # fmt: skip
            reason, used = int(state[kernels.REASON]), int(state[kernels.CELLS])
            if reason == kernels.DONE:
                break
            if reason == kernels.MANY and room < most:
                return None
            data = data or self._bytes([])  # strings of the record may be unescaped already where they stand
            if reason == kernels.FULL:
                where, starts, stops = (np.concatenate([one, np.empty_like(one)]) for one in (where, starts, stops))
                text[at:n] = np.frombuffer(data, np.uint8)[at:]
                continue
            end = self._general(data, at, records, int(state[kernels.ROWS]), int(state[kernels.LINE]))
            found = records.cells.found
            if used + len(found) + 8 > len(where):
                more = len(found) + 2 * len(where)
                where, starts, stops = np.resize(where, more), np.resize(starts, more), np.resize(stops, more)
            for path, cell in found:
                where[used] = room + paths.setdefault(path, len(paths))
                starts[used] = stops[used] = -1
                if cell is not None:
                    starts[used] = n + _PAD + len(extra)
                    extra += encoded(cell)
                    stops[used] = n + _PAD + len(extra)
                used += 1
            found.clear()
            state[kernels.CELLS] = used
            at = end
        tree = nodes[: int(state[kernels.NODES])]
        rows = int(state[kernels.ROWS])
        where, starts, stops = where[:used], starts[:used], stops[:used]
        columns = None
        if self.alone and rows == 1 and records.rows + records.bad == 0:
            columns = _columns_of_one(tree, where, text)
        if columns is not None:
            rows, names = columns
        else:
            names = dict(enumerate(_paths(tree, text)))
            names.update((room + number, path) for path, number in paths.items())
        if extra:
            text = np.concatenate([text, np.frombuffer(bytes(extra) + bytes(_PAD), np.uint8)])
        return self._chunk(rows, records, names, text, where, starts, stops)

    def _general(self, data: bytes, at: int, records: Records, rows: int, lines: int) -> int:
        """Read the record at `at` the general way; returns where it ends."""
        if self.layout == LINES:
            end = data.find(b"\n", at)
            end = len(data) if end < 0 else end
            records.line(data[at:end].decode(), self.before + lines + 1)
            return end
        end, _ = element_end(data, at, self.layout, self.signature)
        records.element(data[at:end].decode(), self.layout, self.before + rows + records.count + 1)
        if self.alone:
            records.transpose()
        return max(end, at + 1)

    def _chunk(
        self, rows: int, records: Records, names: dict[int, str], text: Any, where: Any, starts: Any, stops: Any
    ) -> Chunk:
        """Cells sorted into columns, in the order in which those are first seen."""
        import numpy as np

        from scanner.ingest.readers.json import kernels

        first, filled = kernels.seen(where, starts, max(names, default=0) + 1)
        order: dict[str, int] = {}
        column_of = np.zeros(len(first), np.int32)
        for node in sorted((node for node in names if first[node] >= 0), key=lambda node: int(first[node])):
            column_of[node] = order.setdefault(names[node], len(order))
        bounds = np.zeros(len(order) + 1, np.int64)
        known = np.greater_equal(first, 0)  # Atheris gives free no array that an operator compares
        np.add.at(bounds, column_of[known] + 1, filled[known])
        bounds = bounds.cumsum()
        begin, end = np.empty(int(bounds[-1]), np.int32), np.empty(int(bounds[-1]), np.int32)
        kernels.by_column(where, starts, stops, bounds[:-1].copy(), column_of, begin, end)
        most = min(len(order), self.limits.max_columns)
        beyond = [bytes(text[begin[cell] : end[cell]]) for cell in range(int(bounds[most]), int(bounds[len(order)]))]
        columns = tuple(
            Column(text, begin[bounds[column] : bounds[column + 1]], end[bounds[column] : bounds[column + 1]])
            for column in range(most)
        )
        return Chunk(
            rows + records.rows,
            columns,
            (*records.loose, *_beyond(beyond)),
            (*records.problems, *([Problem(ProblemCode.LIMIT, _TOO_MANY)] if beyond else [])),
            records.bad,
            tuple(name_of(self.prefix, path) for path in list(order)[:most]),
        )


def _key(node: Any, text: Any) -> str:
    from scanner.ingest.readers.json import kernels

    return bytes(text[int(node[kernels.KEY]) : int(node[kernels.KEY_END])]).decode()


def _paths(tree: Any, text: Any) -> list[str]:
    """The dotted path of each node, as `values.Cells` names it."""
    from scanner.ingest.readers.json import kernels as k

    paths: list[str] = []
    for node in tree:
        kind, parent = int(node[k.KIND]), int(node[k.PARENT])
        above = paths[parent] if parent >= 0 else ""
        stem = f"{above}." if parent > 0 else ""
        if kind == k.NAMED:
            key = _key(node, text)
            paths.append(above if parent > 0 and key in TYPE_KEYS else stem + key)
        elif kind in (k.ITEM, k.NUMBERED):
            paths.append(f"{above}[]")
        elif kind == k.PLACE:
            paths.append(str(int(node[k.KEY])))
        elif kind == k.DATA:
            paths.append(f"{stem}*")
        elif kind == k.UNDER:
            paths.append(f"{above}.value")
        else:
            paths.append("value" if kind == k.ALONE else "")
    return paths


def _columns_of_one(tree: Any, where: Any, text: Any) -> tuple[int, dict[int, str]] | None:
    """Rows and names of the columns where one record is an object of arrays of equally many values; else None."""
    import numpy as np

    from scanner.ingest.readers.json import kernels as k

    counts = np.bincount(where, minlength=len(tree))
    names: dict[int, str] = {}
    for node in np.flatnonzero(counts).tolist():
        holder = int(tree[node][k.PARENT])
        if (
            tree[node][k.KIND] not in (k.ITEM, k.NUMBERED)
            or tree[holder][k.PARENT] != 0
            or tree[holder][k.KIND] != k.NAMED
        ):
            return None
        names[node] = _key(tree[holder], text)
    sizes = {int(counts[node]) for node in names}
    return (sizes.pop(), names) if len(sizes) == 1 else None
