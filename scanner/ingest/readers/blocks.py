"""Text as blocks of UTF-8 that end where a record ends, and the compiled scan that finds those ends."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from scanner.compiled import expect, is_compiled, kernel
from scanner.ingest.sources import Meter

_LITERALS = 4096
#: Line ends within quotes from which on a quote is taken for one that is never closed.
MOST_LINES = 200


class Buffers:
    """Buffers that were given back, to be filled again: fresh memory costs as much as what is read into it."""

    def __init__(self) -> None:
        """None yet."""
        self._free: list[bytearray] = []

    def take(self, size: int) -> bytearray:
        """A buffer of `size` bytes, whatever they are."""
        while self._free:
            made = self._free.pop()
            try:
                made.extend(bytes(max(0, size - len(made))))
                del made[size:]
            except BufferError:  # somebody still looks into it
                continue
            return made
        return bytearray(size)

    def give(self, block: bytes | bytearray) -> None:
        """Take back a buffer, if it is one, that nobody will use any more."""
        if isinstance(block, bytearray):
            self._free.append(block)


class Utf8:
    """What a meter, or the like of one, reads as UTF-8 without byte order mark."""

    def __init__(self, meter: Any, encoding: str, mark: int, buffers: Buffers | None = None) -> None:
        """`mark` is the length of the byte order mark."""
        self._meter, self._mark, self._buffers = meter, mark, buffers or Buffers()
        self._decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)("replace")
        self._in_place = self._decoder is None and isinstance(meter, Meter)

    @property
    def ended(self) -> bool:
        """Nothing comes any more."""
        return bool(self._meter.ended)

    def read(self, count: int) -> bytes:
        """The text of the next `count` bytes."""
        data: bytes = self._meter.read(count)
        if self._mark:
            data, self._mark = data[self._mark :], 0
        return data if self._decoder is None else self._decoder.decode(data, self.ended).encode("utf-8", "replace")

    def more(self, held: bytes | bytearray, count: int) -> bytes | bytearray:
        """What is held and the text of the next `count` bytes."""
        if not held or not self._in_place:
            return held + self.read(count) if held else self.read(count)
        # read to where it belongs: what is held is short as a rule, what comes is not copied
        made = self._buffers.take(len(held) + count)
        made[: len(held)] = held
        with memoryview(made) as view, view[len(held) :] as rest:
            got = self._meter.read_into(rest)
        del made[len(held) + got :]
        return made


def utf8_blocks(meter: Meter, encoding: str, mark: int, size: Callable[[], int]) -> Iterator[tuple[bytes, bool]]:
    """Pieces of the source as UTF-8 without byte order mark; the flag says that a piece is the last."""
    text = Utf8(meter, encoding, mark)
    while True:
        yield text.read(size()), text.ended
        if text.ended:
            return


@kernel
def scan_records(
    data: Any, delimiter: int, quote: int, escape: int, limit: int, final: bool, literals: Any
) -> tuple[int, int]:
    """Find record ends in bytes that begin with a record.

    `data` is uint8[n]. A record whose quote is never closed, or closed in the middle of a field after a line end, is
    taken as one line without quoting: its start and end go to `literals`, int64[2 * k]. Returns the last record end
    that is at most `limit` and the number of entries used in `literals`.
    """
    n = len(data)
    position = 0
    used = 0
    cut = 0
    while position < n and position < limit:
        start = position
        at = position
        state = 0  # 0 field start, 1 in field, 2 in quotes
        lines = 0
        first_end = -1
        ended = False
        broken = False
        while at < n:
            c = data[at]
            if state == 2:
                if escape >= 0 and c == escape:
                    at += 2
                    continue
                if c == quote:
                    if at + 1 >= n:
                        if not final:
                            return cut, used
                        at += 1
                        state = 1
                        continue
                    d = data[at + 1]
                    if d == quote:
                        at += 2
                        continue
                    if lines > 0 and d != delimiter and d != 10 and d != 13:
                        broken = True
                        break
                    state = 1
                elif c == 10:
                    if first_end < 0:
                        first_end = at + 1
                    lines += 1
                    if lines > MOST_LINES:
                        broken = True
                        break
                elif c == 13:
                    if at + 1 >= n and not final:
                        return cut, used
                    if at + 1 >= n or data[at + 1] != 10:
                        if first_end < 0:
                            first_end = at + 1
                        lines += 1
                        if lines > MOST_LINES:
                            broken = True
                            break
                at += 1
                continue
            if c == 10:
                at += 1
                ended = True
                break
            if c == 13:
                if at + 1 >= n and not final:
                    return cut, used
                at += 1
                if at < n and data[at] == 10:
                    at += 1
                ended = True
                break
            if c == delimiter:
                state = 0
            elif state == 0 and c == quote:
                state = 2
            elif escape >= 0 and c == escape:
                at += 1
                state = 1
            else:
                state = 1
            at += 1
        if broken or (state == 2 and not ended):
            if not broken and not final:
                return cut, used
            end = n if first_end < 0 else first_end
            if end > limit and not final:
                return cut, used
            if used + 2 > len(literals):
                return cut, used
            literals[used] = start
            literals[used + 1] = end
            used += 2
            position = end
            cut = end
            continue
        if not ended:
            if not final:
                return cut, used
            return n, used
        if at > limit:
            return cut, used
        position = at
        cut = at
    return cut, used


class Cutter:
    """Cuts text into blocks at record ends; the records do not depend on the size of the blocks."""

    def __init__(self, delimiter: bytes, quote: bytes, escape: bool, newline: bytes, reserve: int) -> None:
        """`quote` may be empty; the last `reserve` bytes stay with the last block."""
        self.delimiter, self.quote, self.escape = delimiter, quote, escape
        self.end = b"\r" if newline == b"\r" else b"\n"
        self.reserve = reserve

    def cut(self, data: bytes | bytearray, final: bool) -> tuple[int, tuple[tuple[int, int], ...]]:
        """Bytes up to the last record end, and the ranges within that are lines without quoting."""
        limit = len(data) if final else len(data) - self.reserve
        if limit <= 0:
            return (len(data) if final else 0), ()
        if not self.quote or self.quote not in data:
            if final:
                return len(data), ()
            # a carriage return at the very end may be half a line end; `reserve` keeps clear of it
            return data.rfind(self.end, 0, limit) + 1, ()
        literals = np.zeros(2 * _LITERALS, np.int64)
        escape = 92 if self.escape else -1
        array = np.frombuffer(memoryview(data).toreadonly(), np.uint8)
        expect(len(data))
        if not final and is_compiled() and self.end == b"\n" and not (self.escape and b"\\" in data):
            from scanner.ingest.readers.fields import plain_end  # loads numba

            end = plain_end(array, np.uint8(self.delimiter[0]), np.uint8(self.quote[0]), limit)
            if end >= 0:
                return int(end), ()
        cut, used = scan_records(array, self.delimiter[0], self.quote[0], escape, limit, final, literals)
        return int(cut), tuple((int(literals[i]), int(literals[i + 1])) for i in range(0, used, 2))


def record_blocks(
    meter: Any,
    encoding: str,
    mark: int,
    cutter: Cutter,
    shard_bytes: int,
    max_cell: int,
    skip: int = 0,
    buffers: Buffers | None = None,
) -> Iterator[tuple[bytes | bytearray, tuple[tuple[int, int], ...], bool]]:
    """Blocks that end at record ends, their unquoted ranges, and whether a block is the last.

    `meter` is a Meter or the like of one. A record longer than `max_cell` is cut. A block that is
    given back to `buffers` is filled again.
    """
    text = Utf8(meter, encoding, mark, buffers)
    held: bytes | bytearray = b""
    want = shard_bytes
    while True:
        held = text.more(held, want)
        ended = text.ended
        if skip:
            gone = min(skip, len(held))
            held, skip = held[gone:], skip - gone
        while True:
            forced = ended or len(held) > max_cell
            cut, literals = cutter.cut(held, forced)
            if cut == 0:
                # an unfinished record: read twice as much, so that joining stays linear
                want = max(shard_bytes, len(held))
                break
            want = shard_bytes
            block, held = _cut(held, cut)
            last = ended and not held
            yield block, literals, last
            if not ended or not held:
                break
        if ended:
            return


def _cut(held: bytes | bytearray, at: int) -> tuple[bytes | bytearray, bytes | bytearray]:
    """What stands before and after a place; what stands before is not copied where it need not be."""
    rest = held[at:]
    if isinstance(held, bytearray):
        del held[at:]
        return held, rest
    return held[:at], rest
