"""XML: lists of records as tables, workbooks in XML by sheet, any other document as its texts.

What repeats is a record. A table of its own is made for each kind of record whose fields differ from the others'; all
text that stands outside records is searched. The parser mends what is broken, expands no entity and opens nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from itertools import groupby
from typing import Any

from scanner.errors import ReadError
from scanner.ingest.interface import Head, Loose, Parsed, Part, Source, Stream, Tail
from scanner.ingest.readers.blocks import utf8_blocks
from scanner.ingest.readers.delimited import closing, head_utf8
from scanner.ingest.readers.rows import BATCH, Records, grid_streams, lines_chunk
from scanner.ingest.sniff import declared_encoding
from scanner.ingest.sources import Meter
from scanner.ingest.spool import as_read_error
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode

_LOOKS = re.compile(rb"\s*(?:<!--.*?-->\s*)*<[A-Za-z_][\w.:-]*(?:\s[^<>]*)?/?>", re.S)
_PROLOGUE = re.compile(rb"<\?xml\b[^>]*\?>|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>", re.S)
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
#: What no XML may hold and exporters write all the same: `&` and `<` as themselves, controls, halves of characters; and
#: comments and CDATA, in which the former two may stand.
_STRAY = re.compile(
    rb"(?s:<!--.*?-->|<!\[CDATA\[.*?\]\]>)"
    rb"|&(?!(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]\w{0,31});)|<(?![A-Za-z_/!?])|" + _CONTROLS.pattern
)
_HALVES = re.compile(rb"&#(?:(5[5-7]\d{3});&#(5[67]\d{3})|(?:5[5-7]\d{3}|[0-8]|1[124-9]|2\d|3[01]));")
#: Bytes from whose elements the kinds of records are learnt.
_LEARN = 8 << 20
_BLOCK = 1 << 20
#: Attributes that name what an element holds, as in `<field name="msisdn">`.
_NAMING = ("name", "key", "field", "column")
_BOOKS = (b"urn:schemas-microsoft-com:office:spreadsheet", b"urn:oasis:names:tc:opendocument:xmlns:office:1.0")
_UNKNOWN = b"&nbsp;"
_ROOT = "_"
#: Elements within elements of a record that are fields of their own.
_DEEPEST = 32
#: Cells of a row of a workbook; sheets repeat their last blank cell to the edge.
_WIDEST = 16_384

Path = tuple[str, ...]


@lru_cache(1 << 12)
def local(tag: Any) -> str:
    """A tag or attribute without its namespace; empty for comments and instructions."""
    return tag.rpartition("}")[2].rpartition(":")[2] if isinstance(tag, str) else ""


def _joined(found: re.Match[bytes]) -> bytes:
    high, low = found.group(1), found.group(2)
    if high is None:
        return b" "
    code = 0x10000 + ((int(high) - 0xD800) << 10) + (int(low) - 0xDC00)
    return chr(code).encode() if 0x10000 <= code <= 0x10FFFF else b" "


def _whole(data: bytes) -> int:
    """Where the last element, comment or CDATA of some bytes ends."""
    cut = data.rfind(b">") + 1
    for opens, closes in ((b"<!--", b"-->"), (b"<![CDATA[", b"]]>")):
        begin = data.rfind(opens)
        if begin >= 0 and data.find(closes, begin) < 0:
            cut = min(cut, begin)
    return cut


class _Feed:
    """Elements of a source as they begin and end, below one root that is put around everything."""

    def __init__(self, meter: Meter, encoding: str, mark: int, limit: int | None = None) -> None:
        self.meter, self.encoding, self.mark, self.limit = meter, encoding, mark, limit
        self.mended = 0
        self.open = 0
        self.cut = False

    def _mend(self, found: re.Match[bytes]) -> bytes:
        text = found.group()
        if len(text) == 1:
            self.mended += 1
            return {b"&": b"&amp;", b"<": b"&lt;"}.get(text, b" ")
        text, times = _CONTROLS.subn(b" ", text)
        self.mended += times
        return text

    def root(self) -> Any:
        """The root that is put around everything, with all that there is below it."""
        return next((one for _, one in self.events(("end",), _ROOT) if one.getparent() is None), ())

    def events(self, wanted: tuple[str, ...] = ("start", "end"), tag: str | None = None) -> Iterator[tuple[str, Any]]:
        from lxml import etree

        parser = etree.XMLPullParser(
            wanted, tag=tag, recover=True, huge_tree=True, resolve_entities=False, no_network=True, encoding="utf-8",
            remove_comments=False, remove_pis=True,
        )  # fmt: skip
        parser.feed(f"<{_ROOT}>".encode())
        carry = b""
        done = 0
        for data, last in utf8_blocks(self.meter, self.encoding, self.mark, lambda: _BLOCK):
            done += len(data)
            data = carry + data
            last = last or (self.limit is not None and done >= self.limit)
            cut = len(data) if last else _whole(data)
            if not cut and len(data) > 64 * _BLOCK:
                cut = len(data)
            carry, data = data[cut:], data[:cut]
            data = _PROLOGUE.sub(b"", data)
            data = _STRAY.sub(self._mend, data)
            if b"&#" in data:
                data = _HALVES.sub(_joined, data)
            parser.feed(data.replace(_UNKNOWN, b" "))
            events = list(parser.read_events())
            self.open += 2 * sum(event == "start" for event, _ in events) - len(events)
            yield from events
            if last:
                break
        self.cut = self.limit is None and self.open > 1
        parser.feed(f"</{_ROOT}>".encode())
        with suppress(etree.XMLSyntaxError):
            parser.close()
        yield from parser.read_events()

    def problems(self) -> list[Problem]:
        """What had to be mended, once all was read."""
        message = "characters that XML may not hold were taken as text"
        return [Problem(ProblemCode.CORRUPT, message)] if self.mended else []


def _named(element: Any) -> str | None:
    for key, value in element.items():
        if local(key).lower() in _NAMING and value.strip():
            return str(value).strip()
    return None


def _label(element: Any) -> str:
    """What tells tables of one tag apart: the name or type of an element with elements below."""
    if not len(element) or not (attributes := element.items()):
        return ""
    return next((value for key, value in attributes if local(key).lower() in ("name", "type")), "")


def leaves(element: Any) -> Iterator[tuple[str, str]]:
    """Name and text of each field of a record: dotted tags below it, names of attributes, `name` where one says so."""
    for key, value in element.items():
        yield local(key), value
    text = (element.text or "").strip()
    if text:
        yield "text" if len(element) else local(element.tag), text
    yield from _below(element, "")


def _below(element: Any, prefix: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    if depth > _DEEPEST:
        yield prefix.removesuffix("."), " ".join([*element.itertext(), *element.xpath(".//@*")])
        return
    key = None
    for child in element:
        tag = local(child.tag)
        if not tag:
            continue
        bare = not len(child)
        text = (child.text or "").strip()
        if tag == "key" and bare:  # property lists name the element that follows
            key = text
            continue
        attributes = child.items()
        name = key or (_named(child) if attributes else None)
        key = None
        here = prefix + (name or tag)
        if text or (bare and not attributes):
            yield here, text
        for attribute, value in attributes:
            plain = local(attribute)
            if name is not None and (plain.lower() in _NAMING or plain.lower() == "type"):
                continue
            # `<option value="x"/>`: the value is what the element holds
            yield (here if plain.lower() == "value" and not text else f"{here}.{plain}"), value
        if not bare:
            # a wrapper of one kind of value adds no name of its own
            lone = name is not None and all(local(one.tag) in ("value", "string") for one in child)
            if lone:
                for one in child:
                    yield here, " ".join("".join(one.itertext()).split())
            else:
                yield from _below(child, here + ".", depth + 1)
        tail = (child.tail or "").strip()
        if tail:
            yield prefix.removesuffix(".") or "text", tail


@dataclass(slots=True)
class _Seen:
    """What was learnt of the elements of one path."""

    count: int = 0
    fields: int = 0
    own_text: int = 0
    nested: int = 0
    """Elements that have elements below them."""
    attributes: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    names: dict[str, set[str]] = field(default_factory=dict)
    """Label → names of fields."""
    children: dict[str, _Seen] = field(default_factory=dict)


def _learn(element: Any, into: _Seen) -> None:
    stack = [(element, into)]
    while stack:
        one, seen = stack.pop()
        nested, attributes = len(one) > 0, len(one.keys())
        if not nested and not attributes:  # most are so
            seen.count += 1
            seen.own_text += bool((one.text or "").strip())
            if len(seen.labels) < 64 or "" in seen.labels:
                seen.labels[""] += 1
                seen.names.setdefault("", set())
            continue
        seen.count += 1
        seen.fields += nested or attributes > 0
        seen.nested += nested
        # `<item name="msisdn" value="…"/>` is one field, not a record of two
        seen.attributes += attributes > (0 if _named(one) is None else 1 + ("value" in one.attrib))
        seen.own_text += bool((one.text or "").strip())
        label = _label(one)
        if len(seen.labels) < 64 or label in seen.labels:
            seen.labels[label] += 1
            if seen.labels[label] <= 20:
                seen.names.setdefault(label, set()).update(_shallow(one))
        for child in one:
            tag = local(child.tag)
            if tag:
                into = seen.children.get(tag) or seen.children.setdefault(tag, _Seen())
                stack.append((child, into))


def _shallow(element: Any) -> Iterator[str]:
    for key in element.attrib:
        yield local(key)
    for child in element:
        yield _named(child) or local(child.tag)


def _holder(seen: _Seen) -> bool:
    """Whether elements only hold many of one kind, as `<table_data name="x">` holds rows."""
    solid = {tag: child for tag, child in seen.children.items() if child.fields}
    if len(seen.children) != 1 or not solid or seen.own_text:
        return False
    ((_, child),) = solid.items()
    return child.count >= 2 * seen.count and (child.nested * 2 > child.count or child.attributes * 2 > child.count)


@dataclass(slots=True)
class Kind:
    """One kind of record: where it stands, and which labels it takes."""

    name: str
    paths: set[tuple[Path, str]] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)


def _record_paths(seen: _Seen, path: Path, labels: tuple[str, ...]) -> Iterator[tuple[Path, _Seen]]:
    repeated = {
        tag for tag, one in seen.children.items() if one.fields * 2 >= one.count and one.count >= 2 * seen.count
    }
    for tag, one in seen.children.items():
        here = (*path, tag)
        if tag in repeated and not _holder(one):
            yield here, one
        elif repeated and tag not in repeated and one.fields and not one.nested and not _holder(one):
            yield here, one  # a rare record beside the common ones
        elif one.children:
            yield from _record_paths(one, here, labels)


def kinds_of(seen: _Seen) -> list[Kind]:
    """The kinds of records in a document, in the order in which they stand; those with the same fields are one."""
    kinds: list[Kind] = []
    for path, one in _record_paths(seen, (), ()):
        for label, names in one.names.items():
            for kind in kinds:
                if len(kind.fields & names) * 2 >= len(kind.fields | names):
                    break
            else:
                kind = Kind(label if label and len(one.names) > 1 else path[-1])
                kinds.append(kind)
            kind.fields |= names
            kind.paths.add((path, label))
    return [kind for kind in kinds if kind.fields]


class XmlReader:
    """Reads XML."""

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether the text begins with an element."""
        encoding, mark = declared_encoding(head)
        if encoding is None:
            return False
        text = head_utf8(head[:65536], encoding, mark).lstrip()
        declared = text.startswith(b"<?xml")
        return declared or (_LOOKS.match(_PROLOGUE.sub(b"", text)) is not None and (b"</" in text or b"/>" in text))

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream for each kind of record, or one of the document's texts."""
        head = source.head()
        encoding, mark = declared_encoding(head)
        encoding = encoding or "utf-8"
        if any(name in head_utf8(head, encoding, mark)[:8192] for name in _BOOKS):
            yield from _book(source, encoding, mark)
            return
        kinds = self._kinds(source, encoding, mark)
        if not kinds:
            yield _text_stream(source, encoding, mark)
            return
        used: Counter[str] = Counter()
        for index in range(len(kinds)):
            name = kinds[index].name
            used[name] += 1
            name = name if used[name] == 1 else f"{name} {used[name]}"
            path = source.path if len(kinds) == 1 else f"{source.path}!{name}"
            yield self._table(source, path, encoding, mark, kinds, index)

    def _kinds(self, source: Source, encoding: str, mark: int) -> list[Kind]:
        seen = _Seen(count=1)
        meter = Meter(source)
        for element in _Feed(meter, encoding, mark, _LEARN).root():
            if tag := local(element.tag):
                _learn(element, seen.children.setdefault(tag, _Seen()))
        meter.close()
        return kinds_of(seen)

    def _table(self, source: Source, path: str, encoding: str, mark: int, kinds: list[Kind], index: int) -> Stream:
        feed = _Feed(Meter(source), encoding, mark)
        faults: list[Problem] = []
        parts = _record_parts(feed, kinds, index, faults)
        return Stream(Head(path, Format.XML, encoding), parts, partial(_tail, feed, faults, len(kinds) > 1))


def _tail(feed: _Feed, faults: list[Problem], inside: bool) -> Tail:
    if feed.cut:
        faults = [*faults, Problem(ProblemCode.TRUNCATED, "the document ends within an element")]
    made = closing(feed.meter, faults)
    return replace(made, sha256=None, size_bytes=None) if inside else made


def _record_parts(feed: _Feed, kinds: list[Kind], index: int, faults: list[Problem]) -> Iterator[Part]:
    """The records of one kind; text outside all records goes with the first kind."""
    owner = {place: number for number, kind in enumerate(kinds) for place in kind.paths}
    default = {path: number for number, kind in reversed(list(enumerate(kinds))) for path, _ in kind.paths}
    batch = Records()
    path: list[str] = []
    inside = 0
    order = 0
    loose: list[Loose] = []
    try:
        for event, element in feed.events():
            if inside and event == "start":
                inside += 1
                continue
            if inside > 1:
                inside -= 1
                continue
            if event == "start":
                path.append(local(element.tag))
                inside = int(tuple(path[1:]) in default)
                continue
            here = tuple(path[1:])
            path.pop()
            if inside:
                inside = 0
                if owner.get((here, _label(element)), default[here]) == index:
                    batch.add(leaves(element))
            elif index == 0:
                loose += _texts_of(element)
            element.clear(keep_tail=True)
            before = element.getprevious()
            if before is not None:  # its tail is complete by now
                if index == 0:
                    loose += _loose([before.tail])
                before.getparent().remove(before)
            if batch.rows >= BATCH or len(loose) >= BATCH:
                yield Parsed(order, batch.chunk(loose, []))
                order, loose = order + 1, []
    except ReadError as error:
        faults.append(Problem(error.code, error.message, error.row))
    if batch.rows or loose or feed.mended:
        yield Parsed(order, batch.chunk(loose, feed.problems()))


def _loose(texts: Iterable[str | None]) -> list[Loose]:
    return [Loose(text.strip().encode("utf-8", "replace"), "comment") for text in texts if text and text.strip()]


def _texts_of(element: Any) -> list[Loose]:
    """Texts that an element holds itself, a comment's too."""
    return _loose([*element.values(), element.text])


def _text_stream(source: Source, encoding: str, mark: int) -> Stream:
    """A document without records: one line for each element's own texts."""
    feed = _Feed(Meter(source), encoding, mark)
    faults: list[Problem] = []

    def parts() -> Iterator[Part]:
        order, held = 0, []
        try:
            for event, element in feed.events():
                if event == "start":
                    continue
                held.append(" ".join([*element.attrib.values(), "".join(element.itertext())]))
                element.clear(keep_tail=True)
                if len(held) == BATCH:
                    yield Parsed(order, lines_chunk(held))
                    order, held = order + 1, []
        except ReadError as error:
            faults.append(Problem(error.code, error.message, error.row))
        made = lines_chunk(held)
        yield Parsed(order, replace(made, problems=tuple(feed.problems())))

    head = Head(source.path, Format.XML, encoding, (None,), lines=True)
    return Stream(head, parts(), partial(_tail, feed, faults, False))


def _sheet_rows(feed: _Feed) -> Iterator[tuple[str, list[str]]]:
    """Name of the sheet and cells of each row of a workbook; repeated and skipped cells are spread out."""
    sheet = ""
    row: list[str] = []
    for event, element in feed.events():
        tag = local(element.tag)
        marks = {local(key): value for key, value in element.attrib.items()}
        if event == "start":
            if tag in ("Worksheet", "table") and (name := marks.get("Name", marks.get("name"))):
                sheet = name
            elif tag in ("Row", "table-row"):
                row = []
            continue
        if tag in ("Cell", "table-cell", "covered-table-cell"):
            row += _cells(tag, marks, element, len(row))
        elif tag in ("Row", "table-row"):
            while row and not row[-1]:
                row.pop()
            yield sheet, row
            element.clear(keep_tail=False)
            while element.getprevious() is not None:
                del element.getparent()[0]


def _cells(tag: str, marks: dict[str, str], element: Any, at: int) -> list[str]:
    text = "\n".join(piece for piece in element.itertext() if piece.strip())
    room = max(1, _WIDEST - at)
    if tag == "Cell":
        place, across = marks.get("Index", ""), marks.get("MergeAcross", "")
        gap = int(place) - 1 - at if place.isdigit() else 0
        return [""] * min(max(gap, 0), room) + [text] + [""] * min(int(across) if across.isdigit() else 0, room)
    times = marks.get("number-columns-repeated", "")
    return [text] * min(int(times) if times.isdigit() else 1, room)


def _book(source: Source, encoding: str, mark: int) -> Iterator[Stream]:
    """The tables of each sheet, in one pass."""
    feed = _Feed(Meter(source), encoding, mark)
    faults: list[Problem] = []
    tail = partial(_tail, feed, faults, True)

    def failed(error: BaseException) -> None:
        made = as_read_error(error, "the workbook breaks off here")
        faults.append(Problem(made.code, made.message, made.row))

    for name, rows in groupby(_sheet_rows(feed), key=lambda one: one[0]):
        cells = (row for _, row in rows)
        yield from grid_streams(f"{source.path}!{name}", Format.XML, encoding, cells, tail, failed)
