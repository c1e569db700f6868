"""Records written as lines of `key: value`: operators' replies, vCard, LDIF, listings of devices."""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from scanner.ingest.interface import Chunk, Head, Loose, Source, Stream
from scanner.ingest.readers.delimited import cleaned, closing, head_utf8, record_parts
from scanner.ingest.readers.json.values import Broken, Cells, value_at
from scanner.ingest.readers.rows import Records
from scanner.ingest.sniff import encoding_of, kind_of
from scanner.ingest.sources import Meter
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode

_PAIR = re.compile(r"[ \t>*#-]*([^\W\d_][\w .#/()&'-]{0,38}?)[ \t]*(?:[:=]|\.{2,}:?|\t)[ \t]*(.*)")
_PARTING = re.compile(r"\s*(?:[-=*_~#+]{3,}.*|)\s*")
_CARD = re.compile(rb"BEGIN:(?:VCARD|VMSG|VCALENDAR|VEVENT)\s*$", re.I | re.M)
_LDIF = re.compile(rb"(?:\s*(?:version:[^\n]*|#[^\n]*)\n)*\s*dn::? ?\S")
#: Where a line begins that is not indented.
_FILLED = re.compile(rb"^(?=\S)", re.M)
_SAMPLE = 400
#: Arrays and objects within each other in the JSON of a line.
_DEEPEST = 64
#: Properties of a card that hold pictures, sounds and keys.
_OPAQUE = frozenset({"PHOTO", "LOGO", "SOUND", "KEY"})

Fields = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Shape:
    """How records are told apart, and how one is taken to pieces."""

    words: str
    start: re.Pattern[bytes]
    """Matches where a record begins."""
    take: Callable[[str], Iterator[Fields | str]]
    """Records of a text, and lines that belong to none."""
    keys: tuple[str, ...] = ()


def pairs_of(text: str) -> Shape | None:
    """The shape of blocks of `key: value`, or None where lines do not read so."""
    lines = text.split("\n")[:_SAMPLE]
    found: list[re.Match[str]] = []
    others, most = 0, 0.4 * len(lines) + 1
    for line in lines:
        if _PARTING.fullmatch(line):
            continue
        match = _PAIR.fullmatch(line.rstrip("\r"))
        if match is not None and not match[2].startswith("//"):
            found.append(match)
        else:
            others += 1
            if others > most:
                return None
    if len(found) < 4 or sum(bool(match[2]) for match in found) < 0.6 * (len(found) + others):
        return None
    counts = Counter(match[1].strip().lower() for match in found)
    again = [key for key, times in counts.items() if times > 1]
    if len(again) < 2 or sum(counts[key] for key in again) < 0.7 * len(found):
        return None
    records = [record for record in _blocks(again)("\n".join(lines)) if not isinstance(record, str)]
    if len(records) < 2:
        return None
    doubled = sum(len(record) - len({key for key, _ in record}) for record in records)
    if doubled > 0.3 * len(found):
        return None
    # people who talk in turns look the same: one column must hold what no speech is
    held: dict[str, list[str]] = {}
    for record in records:
        for key, value in record:
            held.setdefault(key.lower(), []).append(value)
    solid = sum(
        sum(kind_of(value.encode()) in ("n", "h", "e") for value in values) >= 0.7 * len(values)
        for key, values in held.items() if len(values) > 1
    )  # fmt: skip
    if not solid or (len(again) == 2 and solid < 1):
        return None
    start = _first_key(again, records)
    pattern = re.compile(rb"^[ \t>*#-]*" + re.escape(start.encode()) + rb"[ \t]*(?:[:=]|\.{2}|\t)", re.M | re.I)
    keys = tuple(dict.fromkeys(key for record in records for key, _ in record))
    return Shape("blocks of key and value", pattern, _blocks([start.lower()]), keys)


def _first_key(again: list[str], records: list[Fields]) -> str:
    first = Counter(record[0][0] for record in records if record)
    return first.most_common(1)[0][0]


def _blocks(starts: Iterable[str]) -> Callable[[str], Iterator[Fields | str]]:
    """Takes blocks apart: a record ends at a key that begins one, or that it holds already after a blank line."""
    begin = next(iter(starts))

    def take(text: str) -> Iterator[Fields | str]:
        record: Fields = []
        seen: set[str] = set()
        parted = False
        for line in text.split("\n"):
            line = line.rstrip("\r")
            if _PARTING.fullmatch(line):
                parted = True
                if line.strip(" -=*_~#+\t"):
                    yield line
                continue
            match = _PAIR.fullmatch(line)
            if match is None or match[2].startswith("//"):
                if record and not parted:
                    record[-1] = (record[-1][0], f"{record[-1][1]} {line.strip()}".strip())
                else:
                    yield line
                continue
            key, value = match[1].strip(), match[2].strip()
            if record and (key.lower() == begin or (parted and key.lower() in seen)):
                yield record if any(text for _, text in record) else " ".join(name for name, _ in record)
                record, seen = [], set()
            parted = False
            record.append((key, value))
            seen.add(key.lower())
        if record:
            yield record

    return take


_KEPT = re.compile(r"\s*([^\W\d_][\w .#/()-]{0,39}?)\s*[=:]\s*(?!//)(.*)", re.S)
_LOGGED = re.compile(r"""\s*([^\W\d_][\w.-]{0,39})=("(?:[^"\\]|\\.)*"|[^\s"]*)(?=\s|$)""")


def inline_of(text: str) -> Shape | None:
    """The shape of lines that are `key=value` or `key: value` pairs from end to end, or None where they are not."""
    lines = [line for line in text.split("\n")[:_SAMPLE] if line.strip()]
    for mark in ";|\t, ":
        if mark not in text:
            continue  # no line is of two pairs
        take = partial(_inline, mark=mark)
        made = _nearly_all(lines, take)
        if made is None:
            continue
        counts = Counter(key for record in made for key, _ in record)
        usual = [key for key, times in counts.items() if times * 2 > len(made)]
        if len(usual) < 2 or sum(counts[key] for key in usual) < 0.7 * counts.total():
            continue
        keys = tuple(dict.fromkeys(key for record in made for key, _ in record))
        return Shape("lines of pairs", _FILLED, partial(_line_by_line, take=take), keys)
    return None


def _nearly_all(lines: list[str], take: Callable[[str], Fields | None]) -> list[Fields] | None:
    """What lines are taken to pieces as; None as soon as it is plain that too many cannot be."""
    made: list[Fields] = []
    least = max(3, 0.9 * len(lines))
    for place, line in enumerate(lines):
        if len(made) + len(lines) - place < least:
            return None
        if found := take(line):
            made.append(found)
    return made if len(made) >= least else None


def _inline(line: str, mark: str) -> Fields | None:
    """The pairs that a line is made of, two or more; None where something else stands in it."""
    record: Fields = []
    if mark == " ":
        at, line = 0, line.rstrip()
        while at < len(line):
            found = _LOGGED.match(line, at)
            if found is None:
                return None
            record.append((found[1], found[2].strip('"')))
            at = found.end()
    else:
        for field in line.strip().rstrip(mark).split(mark):
            found = _KEPT.fullmatch(field)
            if found is None:
                return None
            record.append((found[1], found[2].strip().strip('"')))
    return record if len(record) > 1 else None


def _line_by_line(text: str, take: Callable[[str], Fields | None]) -> Iterator[Fields | str]:
    for line in text.split("\n"):
        if line.strip():
            yield take(line.rstrip("\r")) or line.rstrip("\r")


def payloads_of(text: str) -> Shape | None:
    """The shape of lines of a log that end with a JSON object behind other words, or None where they do not."""
    if "{" not in text:
        return None
    lines = [line for line in text.split("\n")[:_SAMPLE] if line.strip()]
    whole = lines[:-1] if len(lines) > 3 else lines  # the sample may end within a line
    made = _nearly_all(whole, _payload)
    if made is None:
        return None
    keys = tuple(dict.fromkeys(key for record in made for key, _ in record))
    return Shape("lines with JSON", _FILLED, partial(_line_by_line, take=_payload), keys)


def _payload(line: str) -> Fields | None:
    """What stands before the object that a line ends with, and its members; else None."""
    at = line.find("{")
    if at < 1 or not line.rstrip().endswith("}") or line[at - 1] in "\t;|,":  # the last cell of a row
        return None
    try:
        value, end, _ = value_at(line, at, _DEEPEST)
    except Broken:
        return None
    if line[end:].strip() or not isinstance(value, tuple):
        return None
    cells = Cells()
    cells.add(value)
    if cells.deep:
        return None
    return [("line", line[:at].strip()), *((path, text or "") for path, text in cells.found)]


_EXPANDED_START = re.compile(r"[-─]\[ ?RECORD \d+ ?\][-─+┬]*")


def _expanded(text: str) -> Iterator[Fields | str]:
    """Records of psql's expanded output: a line that numbers the record, then `column | value` lines."""
    record: Fields | None = None
    for line in text.split("\n"):
        line = line.rstrip("\r")
        name, bar, value = line.partition("│" if "│" in line else "|")
        if _EXPANDED_START.fullmatch(line.strip()):
            if record:
                yield record
            record = []
        elif record is None or not bar:
            if line.strip():
                yield line
        elif name.strip():
            record.append((name.strip(), value.strip().removesuffix("+").rstrip()))
        elif record:
            record[-1] = (record[-1][0], f"{record[-1][1]} {value.strip()}")  # a value of several lines
    if record:
        yield record


def _cards(text: str) -> Iterator[Fields | str]:
    """Records of vCard 2.1 to 4 and its kin: folded lines joined, quoted-printable and base64 decoded."""
    text = re.sub(r"\r\n?", "\n", text)
    text = re.sub(r"=\n(?![A-Z][A-Z0-9.-]*[;:])", "", text)
    text = re.sub(r"\n[ \t]", "", text)
    record: Fields | None = None
    depth = 0
    for line in text.split("\n"):
        name, colon, value = line.partition(":")
        upper = name.strip().upper()
        kind = value.strip().upper()
        if upper in ("BEGIN", "END") and kind == "VCALENDAR":  # holds the records (RFC 5545)
            continue
        if upper == "BEGIN" and colon:
            depth += 1
            if depth == 1 or record is None:
                record = []
            continue
        if upper == "END" and colon:
            depth = max(0, depth - 1)
            if depth == 0 and record is not None:
                if record:
                    yield " ".join(text for _, text in record) if kind == "VTIMEZONE" else record
                record = None
            continue
        if record is None:
            if line.strip():
                yield line
            continue
        if not colon:
            if line.strip():
                record.append(("TEXT", line.strip()))
            continue
        key, *parameters = upper.split(";")
        key = key.rpartition(".")[2]
        named = (one[3:].strip('"') for one in name.split(";")[1:] if one[:3].upper() == "CN=")
        record += ((f"{key} CN", one) for one in named)  # of people in calendars
        coded = ";".join(parameters)
        if key in _OPAQUE and ("BASE64" in coded or "ENCODING=B" in coded or value.startswith("data:")):
            continue
        record.append((key, _card_value(value, coded)))
    if record:
        yield record


def _card_value(value: str, parameters: str) -> str:
    if "QUOTED-PRINTABLE" in parameters:
        raw = quopri.decodestring(value.encode("utf-8", "replace"))
        found = re.search(r"CHARSET=([\w.-]+)", parameters)
        try:
            value = raw.decode(found.group(1) if found else "utf-8", "replace")
        except LookupError:
            value = raw.decode("utf-8", "replace")
    elif "BASE64" in parameters or re.search(r"ENCODING=B(?:;|$)", parameters):
        value = _unpacked(value)
    value = value.removeprefix("tel:").removeprefix("mailto:")
    return (
        " ".join(part for part in re.split(r"(?<!\\);", value) if part)
        .replace("\\,", ",")
        .replace("\\n", " ")
        .replace("\\;", ";")
    )


def _unpacked(value: str) -> str:
    try:
        return base64.b64decode(value.strip(), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return value


def _entries(text: str) -> Iterator[Fields | str]:
    """Records of LDIF (RFC 2849): folded lines joined, `::` values decoded."""
    text = re.sub(r"\r\n?", "\n", text)
    text = text.replace("\n ", "")
    record: Fields = []
    for line in text.split("\n"):
        if not line.strip():
            if record:
                yield record
            record = []
            continue
        key, colon, value = line.partition(":")
        if line.startswith("#") or not colon or key == "version":
            yield line
            continue
        value = _unpacked(value[1:]) if value.startswith(":") else value.removeprefix("<").strip()
        record.append((key.partition(";")[0], value))
    if record:
        yield record


_VCARD = Shape("vCard", re.compile(rb"^BEGIN:(?:VCARD|VMSG|VEVENT|VTODO|VJOURNAL)", re.M | re.I), _cards)
_CLIENT = Shape("records of a client", re.compile("^(?:-|─)\\[ ?RECORD \\d".encode(), re.M), _expanded)
_DIRECTORY = Shape("LDIF", re.compile(rb"^dn::?", re.M), _entries)


@dataclass(frozen=True, slots=True)
class _Block:
    order: int
    block: bytes
    shape: Shape

    def read(self) -> Chunk:
        """Take the block's records apart."""
        problems: list[Problem] = []
        text = cleaned(self.block, problems, None).decode("utf-8", "replace")
        records = Records()
        loose: list[Loose] = []
        for one in self.shape.take(text):
            if isinstance(one, str):
                loose.append(Loose(one.encode("utf-8", "replace"), "comment"))
            else:
                records.add(one)
        return records.chunk(loose, problems)


class KeyedReader:
    """Reads records of keyed lines."""

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether the first lines are a card, a directory entry or blocks with the same keys."""
        return self._shape(head) is not None

    def _shape(self, head: bytes) -> tuple[str, int, Shape] | None:
        encoding, mark = encoding_of(head)
        if encoding is None:
            return None
        text = head_utf8(head, encoding, mark)[:131072]
        if _CARD.match(text.lstrip()):
            return encoding, mark, _VCARD
        if _LDIF.match(text):
            return encoding, mark, _DIRECTORY
        if _CLIENT.start.search(text[:1024]) and len(_CLIENT.start.findall(text)) > 1:
            return encoding, mark, _CLIENT
        lines = text.decode("utf-8", "replace")
        shape = inline_of(lines) or pairs_of(lines) or payloads_of(lines)
        return None if shape is None else (encoding, mark, shape)

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream; its columns are the keys."""
        found = self._shape(source.head())
        if found is None:
            from scanner.ingest.readers.text import TextReader

            yield from TextReader().read(source, options, (Problem(ProblemCode.NOT_A_TABLE, "read as lines"),))
            return
        encoding, mark, shape = found
        meter = Meter(source)
        faults: list[Problem] = []
        head = Head(source.path, Format.TEXT, encoding, detail=shape.words)
        last_start, make = partial(_last_start, start=shape.start), partial(_Block, shape=shape)
        parts = record_parts(meter, encoding, mark, options, faults, last_start, make)
        yield Stream(head, parts, partial(closing, meter, faults))


def _last_start(data: bytes, start: re.Pattern[bytes]) -> int:
    """Where the last record of some bytes begins; 0 where only one does."""
    for reach in (1 << 16, len(data)):
        places = [found.start() for found in start.finditer(data, max(0, len(data) - reach))]
        if places and places[-1]:
            return places[-1]
    return 0
