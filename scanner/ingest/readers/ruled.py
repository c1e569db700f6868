"""Text tables: columns under rulers, between bars or at fixed places, as database clients and reports print them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import pyarrow as pa

from scanner.errors import ReadError
from scanner.ingest.interface import HEAD_BYTES, Chunk, Head, Loose, Part, Source, Stream, column_of
from scanner.ingest.readers.blocks import Cutter, record_blocks
from scanner.ingest.readers.delimited import cleaned, closing, head_utf8
from scanner.ingest.sniff import encoding_of, is_header, kind_of, newline_of, table_of
from scanner.ingest.sources import Meter
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode

_RULER = re.compile(r"\s*(?:-{2,}|={2,}|_{2,})(?:\s+(?:-{1,}|={1,}|_{1,}))*\s*")
_MARKS = ("--", "==", "__")
_SPAN = re.compile(r"[-=_]+")
_CROSS = re.compile(r"[-=]{2,}(?:[+┼][-=]{2,})+\s*|[-─]+(?:[+┼][-─]+)+\s*")
#: Lines that only draw: corners and edges in ASCII, Markdown or box characters.
_DRAWN = re.compile(r"[\s+\-=|:─━═│┃║┌┬┐├┼┤└┴┘╔╦╗╠╬╣╚╩╝╒╤╕╞╪╡╘╧╛╓╥╖╟╫╢╙╨╜┏┳┓┣╋┫┗┻┛┡╇┩╭╮╰╯]+")
_BARS = ("|", "│", "┃", "║")
_SAMPLE = 300


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the cells of a line lie."""

    names: tuple[str | None, ...]
    bar: str = ""
    """Cells stand between bars; empty for cells at fixed places."""
    edged: bool = False
    """A bar begins and ends each line."""
    spans: tuple[tuple[int, int | None], ...] = ()
    """First character and end of each cell; the last runs to the end of the line."""
    gaps: tuple[int, ...] = ()
    """Characters that are blank in every row."""
    above: tuple[str, ...] = ()
    """Lines above the table."""
    header: str = ""
    """The header's line, which pages repeat."""
    skip: int = 0
    """Lines that `above` and the header take."""
    words: str = ""


def layout_of(text: str) -> Layout | None:
    """The layout of a text table that begins within the first lines of a text."""
    barred = "|" in text or (not text.isascii() and any(bar in text for bar in _BARS))
    ruled = any(mark[0] in text and mark in text for mark in _MARKS)
    placed = "  " in text
    if not (barred or ruled or placed):
        return None
    lines = [line.rstrip("\r") for line in text.split("\n", _SAMPLE)[:_SAMPLE]]
    return (
        (_doubled(lines) or _barred(lines) if barred else None)
        or (_ruled(lines) if ruled else None)
        or (_placed(lines) if placed else None)
    )


def _doubled(lines: list[str]) -> Layout | None:
    """A wiki's table: double bars around the names, single ones around the cells."""
    filled = [(index, line.strip()) for index, line in enumerate(lines) if line.strip()]
    tops = (at for at, (_, line) in enumerate(filled[:20]) if line[:2] == line[-2:] == "||" and len(line) > 4)
    place = next(tops, None)
    if place is None:
        return None
    top, header = filled[place]
    names = tuple(name.strip() or None for name in header[2:-2].split("||"))
    rows = [line for _, line in filled[place + 1 :]]
    fits = sum(line[0] == line[-1] == "|" and line.count("|") == len(names) + 1 for line in rows)
    if len(names) < 2 or fits < max(1, 0.8 * len(rows)):
        return None
    above = tuple(line for line in lines[:top] if line.strip())
    return Layout(names, "|", True, above=above, header=header, skip=top + 1, words="between |")


def _barred(lines: list[str]) -> Layout | None:
    filled = [(index, line) for index, line in enumerate(lines) if line.strip()]
    for bar in _BARS:
        rows = [(index, line) for index, line in filled if bar in line and not _DRAWN.fullmatch(line)]
        if len(rows) < 2:
            continue
        drawn = [index for index, line in filled if len(line.strip()) > 2 and _DRAWN.fullmatch(line)]
        others = len(filled) - len(rows) - len(drawn)
        if not drawn or others * 2 > len(rows):
            continue
        cross = any(_CROSS.fullmatch(lines[index].strip()) for index in drawn)
        edged = sum(line.strip()[0] == bar and line.strip()[-1] == bar for _, line in rows) > 0.8 * len(rows)
        if not (edged or cross):
            continue
        counts = Counter(line.count(bar) for _, line in rows)
        bars, times = counts.most_common(1)[0]
        width = bars - 1 if edged else bars + 1
        if width < 1 or times < 0.6 * len(rows) or times + len(drawn) < 0.5 * len(filled):
            continue
        top = next(index for index, line in rows if line.count(bar) == bars)
        ruler = next((index for index in drawn if index > top), None)
        cells = [_cells(line, bar, edged) for index, line in rows if index >= top and line.count(bar) == bars]
        named = ruler is not None and not any(top < index < ruler for index, _ in rows)
        if not named and not is_header([c.encode() for c in cells[0]], [[c.encode() for c in r] for r in cells[1:50]]):
            names: tuple[str | None, ...] = (None,) * width
            skip = top
        else:
            names, skip = tuple(cell or None for cell in cells[0]), top + 1
        above = tuple(line for line in lines[:top] if line.strip() and not _DRAWN.fullmatch(line))
        header = lines[top].strip() if skip > top else ""
        return Layout(names, bar, edged, above=above, header=header, skip=skip, words=f"between {bar}")
    return None


def _cells(line: str, bar: str, edged: bool) -> list[str]:
    line = line.strip() if edged else line
    cells = [cell.strip() for cell in line.split(bar)]
    return cells[1:-1] if edged else cells


def _ruled(lines: list[str]) -> Layout | None:
    for index, line in enumerate(lines):
        if index == 0 or not _RULER.fullmatch(line):
            continue
        spans = [found.span() for found in _SPAN.finditer(line)]
        if len(spans) < 2 or max(end - begin for begin, end in spans) < 3:
            continue
        top = index - 1
        if not lines[top].strip():
            continue
        ends = [*(begin for begin, _ in spans[1:]), None]
        cut = tuple(
            (begin if place else 0, end) for place, ((begin, _), end) in enumerate(zip(spans, ends, strict=True))
        )
        gaps = tuple(place for (_, end), (begin, _) in pairwise(spans) for place in (end,) if begin > end)
        names = [lines[top][begin:end].strip() for begin, end in cut]
        if sum(map(bool, names)) * 2 < len(names):
            continue
        below = [row for row in lines[index + 1 :] if row.strip()]
        if not below or not any(all(row[gap : gap + 1] in ("", " ") for gap in gaps) for row in below[:20]):
            continue
        above = tuple(row for row in lines[:top] if row.strip())
        return Layout(
            tuple(name or None for name in names), spans=cut, gaps=gaps, above=above, header=lines[top].strip(),
            skip=index + 1, words="fixed places, ruled",
        )  # fmt: skip
    return None


def _placed(lines: list[str]) -> Layout | None:
    """Columns without a ruler: characters that are blank in every line, two or more of them in most."""
    rows = [(index, line.rstrip()) for index, line in enumerate(lines) if line.strip()]
    if len(rows) < 5 or sum("  " in line.strip() for _, line in rows) < 0.7 * len(rows):
        return None
    if any("\t" in line for _, line in rows):
        return None
    other = table_of("\n".join(lines).encode("utf-8", "replace"), True)
    if other is not None and other.delimiter != b" ":
        return None
    for start in range(min(6, len(rows) - 4)):
        found = _places([line for _, line in rows[start:]])
        if found is None:
            continue
        cells = [[line[begin:end].strip().encode() for begin, end in found] for _, line in rows[start:]]
        body = cells[1:]
        kinds = []
        for column in zip(*body, strict=True):
            seen = Counter(kind_of(cell) for cell in column if cell)
            kind, times = seen.most_common(1)[0] if seen else ("", 0)
            kinds.append(kind if times >= 0.7 * len(body) else "")
        if sum(kind in ("n", "h", "e") and kind != "" for kind in kinds) < 2:
            continue
        named = is_header(cells[0], body)
        names = tuple((cell.decode("utf-8", "replace") or None) if named else None for cell in cells[0])
        top = rows[start][0]
        return Layout(
            names, spans=tuple(found), gaps=tuple(begin - 1 for begin, _ in found[1:]),
            above=tuple(line for _, line in rows[:start]), header=rows[start][1].strip() if named else "",
            skip=top + 1 if named else top, words="fixed places",
        )  # fmt: skip
    return None


def _places(lines: list[str]) -> list[tuple[int, int | None]] | None:
    length = max(map(len, lines))
    if length > 4000 or sum(len(line) * 3 >= length for line in lines) < 0.8 * len(lines):
        return None
    taken = bytearray(length)
    for line in lines:
        for found in re.finditer(r"\S+", line):
            taken[found.start() : found.end()] = b"\1" * (found.end() - found.start())
    begins = [found.start() for found in re.finditer(rb"(?<=\x00)\x01|\A\x01", bytes(taken))]
    if len(begins) < 2:
        return None
    solid, apart = [], 0
    for place in begins[1:]:
        wide = sum(line[max(0, place - 2) : place].isspace() or len(line) < place for line in lines)
        even = sum(line[place : place + 1] not in ("", " ") for line in lines)
        if wide > 0.6 * len(lines) or even > 0.9 * len(lines):
            solid.append(place)
            apart += wide > 0.6 * len(lines)
    if apart * 2 < len(solid) or not solid or not any(line[: solid[0]].rstrip().count("  ") == 0 for line in lines):
        return None
    starts = [0, *solid]
    return list(zip(starts, [*starts[1:], None], strict=True))


@dataclass(frozen=True, slots=True)
class _Block:
    order: int
    block: bytes | bytearray
    layout: Layout
    first: bool

    def read(self) -> Chunk:
        """Cut the block's lines into cells."""
        import pyarrow.compute as pc  # takes long to load

        layout = self.layout
        problems: list[Problem] = []
        block = cleaned(self.block, problems, None)
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = pc.split_pattern(column_of([block], pa.large_string()), "\n").values
        loose: list[Loose] = []
        if self.first:
            loose += [Loose(line.encode("utf-8", "replace"), "preamble") for line in layout.above]
            lines = lines.slice(layout.skip)
        bare = pc.utf8_trim_whitespace(lines)
        keep = pc.and_(pc.not_equal(bare, ""), pc.invert(pc.match_substring_regex(bare, _DRAWN_RE2)))
        if layout.header:
            keep = pc.and_(keep, pc.not_equal(bare, layout.header))
        lines, bare = lines.filter(keep), bare.filter(keep)
        fits, cells = self._barred(bare if layout.edged else lines) if layout.bar else self._placed(lines)
        wrong = lines.filter(pc.invert(fits))
        short = [text for text in wrong.to_pylist() if text]
        bad = 0
        for text in short:
            footer = not layout.bar or layout.bar not in text
            bad += not footer
            loose.append(Loose(text.encode("utf-8", "replace"), "footer" if footer else "bad_row"))
        if bad:
            message = "lines with another number of cells than the table has; searched as text"
            problems.append(Problem(ProblemCode.BAD_ROW, message))
        rows = len(cells[0]) if cells else 0
        return Chunk(rows + bad, tuple(cells), tuple(loose), tuple(problems), bad)

    def _barred(self, lines: pa.Array) -> tuple[pa.Array, list[pa.Array]]:
        import pyarrow.compute as pc

        layout = self.layout
        width, shift = len(layout.names), 1 if layout.edged else 0
        split = pc.split_pattern(lines, layout.bar)
        fits = pc.equal(pc.list_value_length(split), width + 2 * shift)
        split = split.filter(fits)
        return fits, [pc.utf8_trim_whitespace(pc.list_element(split, index + shift)) for index in range(width)]

    def _placed(self, lines: pa.Array) -> tuple[pa.Array, list[pa.Array]]:
        import pyarrow.compute as pc

        layout = self.layout
        fits = pc.is_valid(lines)
        for gap in layout.gaps:
            one = pc.utf8_slice_codeunits(lines, gap, gap + 1)
            fits = pc.and_(fits, pc.or_(pc.equal(one, " "), pc.equal(one, "")))
        filled = None
        cells = []
        for begin, end in layout.spans:
            cell = pc.utf8_trim_whitespace(pc.utf8_slice_codeunits(lines, begin, end))
            cells.append(cell)
            here = pc.cast(pc.not_equal(cell, ""), pa.int32())
            filled = here if filled is None else pc.add(filled, here)
        # a line with one cell of several is a remark
        if len(cells) > 2 and len(lines):
            fits = pc.and_(fits, pc.greater(filled, 1))
        return fits, [cell.filter(fits) for cell in cells]


_DRAWN_RE2 = "^" + _DRAWN.pattern.replace("\\-", "-").replace("[\\s+-=", "[\\s+=\\-") + "$|^[-=_ ]+$"


class RuledReader:
    """Text tables, one a text."""

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether the first lines fall into columns by rulers, bars or places."""
        return self._layout(head) is not None

    def _layout(self, head: bytes) -> tuple[str, int, Layout] | None:
        encoding, mark = encoding_of(head)
        if encoding is None:
            return None
        text = head_utf8(head, encoding, mark)[:65536]
        if len(head) >= 65536:
            text = text[: text.rfind(b"\n") + 1]
        layout = layout_of(text.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n"))
        return None if layout is None else (encoding, mark, layout)

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream."""
        head = source.head()
        found = self._layout(head)
        if found is None:
            from scanner.ingest.readers.text import TextReader

            yield from TextReader().read(source, options, (Problem(ProblemCode.NOT_A_TABLE, "read as lines"),))
            return
        encoding, mark, layout = found
        meter = Meter(source)
        faults: list[Problem] = []

        def parts() -> Iterator[Part]:
            newline = newline_of(head_utf8(head[:HEAD_BYTES], encoding, mark))
            cutter = Cutter(b"\n", b"", False, newline, 2)
            blocks = record_blocks(meter, encoding, mark, cutter, options.shard_bytes, options.limits.max_cell)
            try:
                for order, (block, _, _) in enumerate(blocks):
                    yield _Block(order, block, layout, order == 0)
            except ReadError as error:
                faults.append(Problem(error.code, error.message, error.row))
            finally:
                meter.close()

        told = Head(source.path, Format.TEXT, encoding, layout.names, detail=layout.words)
        yield Stream(told, parts(), partial(closing, meter, faults))
