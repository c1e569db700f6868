"""Rich text as messages hold it: compressed (MS-OXRTFCP), and the words among its control words (RTF 1.9)."""

from __future__ import annotations

import re

from scanner.errors import ReadError
from scanner.terms import ProblemCode

#: What stands in the window before the first byte (MS-OXRTFCP 2.1.2.1).
_BEFORE = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    + b"\r\n"
    + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_WINDOW = 1 << 12
_TOKEN = re.compile(rb"\\'([0-9a-fA-F]{2})|\\([a-zA-Z]+)(-?\d+)? ?|\\(.)|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.S)
#: Groups that hold no words of the document.
_TABLES = frozenset({b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"themedata", b"listtable"})
_SIGNS = {b"par": "\n", b"line": "\n", b"row": "\n", b"tab": "\t", b"cell": "\t", b"emdash": "-", b"endash": "-"}


def unpacked(data: bytes) -> bytes:
    """The rich text that is held compressed; each two bytes of it stand for 17 at most.

    Raises:
        ReadError: it is not laid out so.
    """
    kind = data[8:12]
    if kind == b"MELA":
        return data[16:]
    if kind != b"LZFu":
        raise ReadError(ProblemCode.CORRUPT, "a message body is no compressed rich text")
    out = bytearray(_BEFORE)
    at = 16
    while at < len(data):
        control = data[at]
        at += 1
        for bit in range(8):
            if not control >> bit & 1:
                out += data[at : at + 1]
                at += 1
                continue
            pair = int.from_bytes(data[at : at + 2], "big")
            at += 2
            back = (len(out) - (pair >> 4)) % _WINDOW  # how far behind the end it stands
            if not back or at > len(data) or back > len(out):
                return bytes(out[len(_BEFORE) :])
            for _ in range((pair & 15) + 2):
                out.append(out[-back])
    return bytes(out[len(_BEFORE) :])


def words(text: bytes) -> str:
    """The words of rich text, paragraphs as lines."""
    out: list[str] = []
    hidden, skip = [False], 0
    for found in _TOKEN.finditer(text):
        code, word, number, sign, brace, plain = found.groups()
        if brace == b"{":
            hidden.append(hidden[-1])
        elif brace == b"}":
            if len(hidden) > 1:
                hidden.pop()
        elif word in _TABLES or sign == b"*":
            hidden[-1] = True
        elif hidden[-1]:
            continue
        elif word == b"u" and number is not None:
            out.append(chr(int(number) % (1 << 16)))
            skip = 1
        elif code is not None or (sign is not None and sign in b"\\{}"):
            if not skip:
                out.append((bytes([int(code, 16)]) if code is not None else sign).decode("windows-1252", "replace"))
            skip = 0
        elif plain is not None:
            out.append(plain[skip:].decode("windows-1252", "replace"))
            skip = 0
        elif word is not None:
            out.append(_SIGNS.get(word, ""))
    return "".join(out)
