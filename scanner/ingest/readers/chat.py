"""Exported chats: messages that begin with a date, a comma and a time, as messengers write them.

`[12/03/2024, 10:11:05] Hina: text` (iOS) and `12/03/24, 10:11 - Hina: text` (Android), in the digits, the order of
dates and the clock of any language. A line without a date goes on with the message above; a message without a sender
is the messenger's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from scanner.ingest.interface import Chunk, Head, Loose, Source, Stream
from scanner.ingest.readers.delimited import cleaned, closing, head_utf8, record_parts
from scanner.ingest.readers.rows import text_column
from scanner.ingest.sniff import encoding_of
from scanner.ingest.sources import Meter
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format

_MARKS = "\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
_START = re.compile(
    rf"""(?xm) ^ [{_MARKS}]* \[?
    ( \d{{1,4}} ([./-]) \d{{1,2}} \2 \d{{1,4}} [,،] \s?            # date, comma
      \d{{1,2}} [:.] \d\d (?: [:.] \d\d )? (?: [^\S\n]? [^\W\d]\.? [^\S\n]? [^\W\d]?\.? )? )    # time, half of the day
    (?: \] | [^\S\n] [-–] ) (?= [^\S\n] | [{_MARKS}] | $ )"""
)
_SENDER = re.compile(rf"[ {_MARKS}]*([^:\n]{{1,80}}):(?=[ {_MARKS}\n]|$)")
NAMES = ("time", "sender", "text")
#: Bytes and lines that are looked at, and how many messages make a chat.
_LOOKED, _LINES, _MESSAGES = 1 << 16, 200, 3


def messages(text: str) -> Iterator[tuple[str, str, str] | str]:
    """Time, sender (empty for the messenger's own) and text of each message; first the text above them, if any."""
    found = list(_START.finditer(text))
    above = text[: found[0].start()] if found else text
    if above.strip():
        yield above
    for one, following in zip(found, [*found[1:], None], strict=True):
        body = text[one.end() : following.start() if following is not None else len(text)]
        sent = _SENDER.match(body)
        sender = sent[1].strip(f"{_STRIPPED} ~") if sent is not None else ""
        yield one[1], sender, body[sent.end() if sent is not None else 0 :].strip(f"{_STRIPPED} \r\n")


_STRIPPED = "\u202f\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"


@dataclass(frozen=True, slots=True)
class _Block:
    order: int
    block: bytes

    def read(self) -> Chunk:
        """The block's messages as columns."""
        problems: list[Problem] = []
        rows: list[tuple[str, str, str]] = []
        loose: list[Loose] = []
        for one in messages(cleaned(self.block, problems, None).decode("utf-8", "replace")):
            if isinstance(one, str):
                loose.append(Loose(one.encode("utf-8", "replace"), "preamble"))
            else:
                rows.append(one)
        columns = tuple(text_column(cells) for cells in zip(*rows, strict=True)) or (text_column(()),) * len(NAMES)
        return Chunk(len(rows), columns, tuple(loose), tuple(problems))


class ChatReader:
    """Reads exported chats."""

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether most of the first lines begin as messages do, or go on with one, and most messages have a sender."""
        encoding, mark = encoding_of(head)
        if encoding is None:
            return False
        text = head_utf8(head[:_LOOKED], encoding, mark).decode("utf-8", "replace")
        lines = text.split("\n")[:_LINES]
        starts = [line for line in lines if _START.match(line)]
        if len(starts) < _MESSAGES or not any(_START.match(line) for line in lines[:2]):
            return False
        sent = sum(bool(one[1]) for one in messages("\n".join(starts)) if not isinstance(one, str))
        return len(starts) * 3 >= len([line for line in lines if line.strip()]) and sent * 2 >= len(starts)

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream of messages."""
        encoding, mark = encoding_of(source.head())
        encoding = encoding or "utf-8"
        meter = Meter(source)
        faults: list[Problem] = []
        head = Head(source.path, Format.TEXT, encoding, NAMES, detail="exported chat")
        parts = record_parts(meter, encoding, mark, options, faults, _last_start, _Block)
        yield Stream(head, parts, partial(closing, meter, faults))


def _last_start(data: bytes) -> int:
    """Where the last message of some bytes begins; 0 where that is not seen among the last lines."""
    at = len(data)
    for _ in range(_LINES):
        at = data.rfind(b"\n", 0, at)
        if at < 0:
            return 0
        if _START.match(data[at + 1 : at + 200].decode("utf-8", "replace")):
            return at + 1
    return 0
