"""One JSON value at a time: the general way, which decides what any document means.

The standard library's decoder reads what is strict JSON (its hooks leave numbers as they stand and keep keys that occur
twice). What it refuses is read once more with the liberties that dumps take: comments, commas too many, single quotes,
names without quotes, words of Python and of the MongoDB shell, raw line ends in strings. Both yield the same plain
values: text is `str`, an object is a tuple of pairs, an array is a list.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

#: Keys that stand for the type of their only value in MongoDB's extended JSON
#: (https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/).
TYPE_KEYS = frozenset(
    f"${name}"
    for name in (
        "oid",
        "date",
        "numberInt",
        "numberLong",
        "numberDouble",
        "numberDecimal",
        "uuid",
        "symbol",
        "timestamp",
    )
)
#: A key with a number or an address in it is no name of a field but data, as in `{"923001234567": {...}}`.
DATA_KEY = re.compile(r"[0-9]{7}|@")
INDEX = re.compile(r"[0-9]{1,6}")
#: What may stand between values.
GAP = re.compile(r"(?:[ \t\r\n\f\v,\x1e\ufeff]+|//[^\n]*|/\*.*?\*/|\#[^\n]*)*+", re.DOTALL)
SPACE = re.compile(r"(?:[ \t\r\n\f\v\x1e\ufeff]+|//[^\n]*|/\*.*?\*/|\#[^\n]*)*+", re.DOTALL)
COMMENT = re.compile(r"//|/\*|#")
_STRING = re.compile(r""""([^"\\]*+(?:\\.[^"\\]*+)*+)"|'([^'\\]*+(?:\\.[^'\\]*+)*+)'""", re.DOTALL)
_WORD = re.compile(r"""[^\s,:{}\[\]()"'/#\\]+""")
#: What may be a record without quotes or brackets: a number however written, a constant.
_ALONE = re.compile(r"[+-]?(?:[0-9.][0-9A-Za-z.+\-]*|NaN|Infinity|inf)|true|false|null|True|False|None|undefined")
#: `ObjectId("…")`, `new Date(…)`: a value that is named.
_CALL = re.compile(r"(?:new\s+)?[A-Za-z_$][\w$.]*\s*\(")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|\r\n|.)", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "\n": "", "\r\n": "", "0": "\0", "v": "\v"}
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_HOP = re.compile(r"""["'{}\[\]]|//|/\*|\#""")


class Broken(ValueError):
    """The text is no value, whatever liberties are granted."""

    def __init__(self, ended: bool) -> None:
        """`ended`: it stops before the value does."""
        super().__init__("no JSON value")
        self.ended = ended


@dataclass(frozen=True, slots=True)
class Deep:
    """What is nested deeper than is read, as it stands."""

    text: str


def _refuse(word: str) -> None:
    raise ValueError(word)


_STRICT = json.JSONDecoder(
    parse_float=str, parse_int=str, parse_constant=_refuse, object_pairs_hook=tuple
)  # fmt: skip


def strict(text: str, at: int) -> tuple[Any, int]:
    """The value of RFC 8259 that begins at `at`, and where it ends.

    Raises:
        ValueError: there is none.
        RecursionError: it is nested too deeply for the decoder.
    """
    return _STRICT.raw_decode(text, at)


def value_at(text: str, at: int, depth: int, comments: list[str] | None = None) -> tuple[Any, int, bool]:
    """The value that begins at `at`, where it ends, and whether it took liberties; no deeper than `depth`.

    Comments in it are added to `comments`.

    Raises:
        Broken: there is none.
    """
    liberal = False
    try:
        value, end = strict(text, at)
        if text.count("[", at, end) + text.count("{", at, end) <= depth or not too_deep(value, depth):
            return value, end, False
    except ValueError:
        liberal = True
    except RecursionError:
        pass
    return *lenient(text, at, depth, [] if comments is None else comments), liberal


def too_deep(value: Any, depth: int) -> bool:
    """Whether arrays and objects stand within each other more than `depth` times."""
    level = [value]
    while level := [one for one in level if isinstance(one, tuple | list)]:
        if depth == 0:
            return True
        depth -= 1
        level = [
            item
            for one in level
            for item in (one if isinstance(one, list) else [pair[1] for pair in one])
            if isinstance(item, tuple | list)
        ]
    return False


def unescaped(body: str) -> str:
    """The text of a string's body; an unknown escape stands for the character behind the backslash."""

    def one(found: re.Match[str]) -> str:
        mark = found.group(1)
        if mark[0] in "ux" and len(mark) > 1:
            return chr(int(mark[1:], 16))
        return _ESCAPED.get(mark, mark)

    if "\\" not in body:
        return body
    return _PAIR.sub(
        lambda pair: pair.group().encode("utf-16", "surrogatepass").decode("utf-16"), _ESCAPE.sub(one, body)
    )


def _beyond(text: str, at: int) -> int:
    """Where the bracket at `at` is closed.

    Raises:
        Broken: it is not.
    """
    depth = 0
    while True:
        found = _HOP.search(text, at)
        if found is None:
            raise Broken(True)
        mark, at = found.group(), found.end()
        if mark in "{[":
            depth += 1
        elif mark in "}]":
            depth -= 1
            if depth == 0:
                return at
        else:
            string = _STRING.match(text, found.start()) if mark in "\"'" else SPACE.match(text, found.start())
            if string is None:
                raise Broken(True)
            at = max(at, string.end())


def whole_members(text: str, at: int, depth: int) -> tuple[tuple[tuple[str, Any], ...], int]:
    """The members of a broken object that are whole, and where the rest begins; none where `at` is no object."""
    members: list[tuple[str, Any]] = []
    end = at
    if text[at : at + 1] != "{":
        return (), end
    at += 1
    try:
        while True:
            key, at, _ = value_at(text, _end(SPACE.match(text, at), at), depth)
            at = _end(SPACE.match(text, at), at)
            if not isinstance(key, str) or text[at : at + 1] != ":":
                break
            value, at, _ = value_at(text, _end(SPACE.match(text, at + 1), at + 1), depth)
            after = _end(SPACE.match(text, at), at)
            if text[after : after + 1] not in (",", "}"):
                break
            members.append((key, value))
            end = at
            at = after + 1
    except Broken:
        pass
    return tuple(members), end


_KEY, _COLON, _VALUE, _AFTER = range(4)
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None, "undefined": None}


def lenient(text: str, at: int, depth: int, comments: list[str]) -> tuple[Any, int]:
    """The value that begins at `at`, with liberties, and where it ends; comments are added to `comments`.

    Raises:
        Broken: brackets do not match, a string is not closed, a colon or comma is missing.
    """
    stack: list[tuple[str, list[Any]]] = []
    """What closes an array, object or call, and what is in it so far; a key without its value stands last."""
    state = _VALUE
    while True:
        begin, at = at, _end(SPACE.match(text, at), at)
        if at > begin and COMMENT.search(text, begin, at):
            comments.append(text[begin:at])
        mark = text[at : at + 1]
        if not mark:
            raise Broken(True)
        innermost = stack[-1][0] if stack else ""
        value: Any
        if state == _COLON:
            if mark != ":":
                raise Broken(False)
            at, state = at + 1, _VALUE
            continue
        if mark == innermost and (state != _VALUE or mark != "}"):
            at += 1
            items = stack.pop()[1]
            value = items
            if mark == "}":
                value = tuple(zip(items[::2], items[1::2], strict=True))
            elif mark == ")":
                value = items[0] if len(items) == 1 else items or None
        elif mark == "," and stack and (state != _VALUE or innermost != "}"):
            at, state = at + 1, _KEY if innermost == "}" else _VALUE
            continue
        elif state == _AFTER:
            raise Broken(False)
        elif state == _VALUE and mark in "{[":
            if len(stack) < depth:
                stack.append(("}" if mark == "{" else "]", []))
                at, state = at + 1, _KEY if mark == "{" else _VALUE
                continue
            end = _beyond(text, at)
            value, at = Deep(text[at:end]), end
        elif string := _STRING.match(text, at):
            value, at = unescaped(string.group(1) if mark == '"' else string.group(2)), string.end()
        else:
            word = _WORD.match(text, at)
            if word is None:
                raise Broken(mark in "\"'")
            at = word.end()
            value = word.group()
            if state == _VALUE:
                call = _CALL.match(text, word.start())
                if call is not None and (stack or not re.search(r"\s", call.group())):
                    stack.append((")", []))
                    at = call.end()
                    continue
                if not stack and not _ALONE.fullmatch(value):
                    raise Broken(False)
                value = _WORDS.get(value, value)
        if state == _KEY and mark != "}":
            stack[-1][1].append(value)
            state = _COLON
            continue
        if not stack:
            return value, at
        stack[-1][1].append(value)
        state = _AFTER


def _end(found: re.Match[str] | None, at: int) -> int:
    return found.end() if found is not None else at


@dataclass(slots=True)
class Cells:
    """Cells in the order in which they stand: dotted path and text, None for a null."""

    found: list[tuple[str, str | None]] = field(default_factory=list)
    deep: list[str] = field(default_factory=list)
    """What is nested too deeply."""

    def add(self, row: Any) -> None:
        """Add the cells of a record: fields of an object, items of an array by position, else one value."""
        if isinstance(row, tuple):
            self._object(row, "")
        elif isinstance(row, list) and not any(isinstance(item, tuple | list) for item in row):
            for position, item in enumerate(row):
                self._value(item, str(position))
        else:
            self._value(row, "value")

    def _object(self, row: tuple[tuple[str, Any], ...], prefix: str) -> None:
        for key, value in row:
            if key in TYPE_KEYS and prefix:
                self._value(value, prefix[:-1])
            elif prefix and INDEX.fullmatch(key):
                self._value(value, f"{prefix[:-1]}[]")
            elif DATA_KEY.search(key):
                self.found.append((f"{prefix}*", key))
                if isinstance(value, tuple):
                    self._object(value, f"{prefix}*.")
                else:
                    self._value(value, f"{prefix}*.value")
            else:
                self._value(value, prefix + key)

    def _value(self, value: Any, path: str) -> None:
        if isinstance(value, str) or value is None:
            self.found.append((path, value))
        elif isinstance(value, tuple):
            self._object(value, path + ".")
        elif isinstance(value, list):
            for item in value:
                self._value(item, path + "[]")
        elif isinstance(value, Deep):
            self.deep.append(value.text)
        else:
            self.found.append((path, "true" if value else "false"))


def encoded(text: str) -> bytes:
    """UTF-8; halves of a surrogate pair as U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def transposed(value: Any) -> list[Any] | None:
    """The rows of an object of arrays of equally many plain values (or of objects numbered so); else None."""
    if not isinstance(value, tuple):
        return None
    columns: list[tuple[str, list[Any]]] = []
    for key, held in value:
        column = held
        if isinstance(held, tuple) and all(INDEX.fullmatch(name) for name, _ in held):
            column = [item for _, item in held]
        if DATA_KEY.search(key) or not isinstance(column, list):
            return None
        column = [item for item in column if not _void(item)]
        if any(isinstance(item, tuple | list | Deep) for item in column):
            return None
        if column:
            columns.append((key, column))
    if not columns or len({len(column) for _, column in columns}) > 1:
        return None
    names = [key for key, _ in columns]
    return [tuple(zip(names, cells, strict=True)) for cells in zip(*(held for _, held in columns), strict=True)]


def _void(value: Any) -> bool:
    """Whether a value is an array or object with nothing in it."""
    if isinstance(value, list):
        return all(map(_void, value))
    return isinstance(value, tuple) and all(_void(item) for _, item in value)
