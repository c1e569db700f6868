"""Text as blocks of UTF-8 that end where a record ends, and the compiled scan that finds those ends."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from typing import Any

from scanner.compiled import expect, kernel
from scanner.ingest.sources import Meter

_LITERALS = 4096


def utf8_blocks(meter: Meter, encoding: str, mark: int, size: Callable[[], int]) -> Iterator[tuple[bytes, bool]]:
    """Pieces of the source as UTF-8 without byte order mark; the flag says that a piece is the last."""
    decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)("replace")
    first = True
    while True:
        data = meter.read(size())
        if first:
            data, first = data[mark:], False
        if decoder is not None:
            data = decoder.decode(data, meter.ended).encode("utf-8", "replace")
        yield data, meter.ended
        if meter.ended:
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
                    if lines > 200:
                        broken = True
                        break
                elif c == 13:
                    if at + 1 >= n and not final:
                        return cut, used
                    if at + 1 >= n or data[at + 1] != 10:
                        if first_end < 0:
                            first_end = at + 1
                        lines += 1
                        if lines > 200:
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

    def cut(self, data: bytes, final: bool) -> tuple[int, tuple[tuple[int, int], ...]]:
        """Bytes up to the last record end, and the ranges within that are lines without quoting."""
        limit = len(data) if final else len(data) - self.reserve
        if limit <= 0:
            return (len(data) if final else 0), ()
        if not self.quote or self.quote not in data:
            if final:
                return len(data), ()
            # a carriage return at the very end may be half a line end; `reserve` keeps clear of it
            return data.rfind(self.end, 0, limit) + 1, ()
        import numpy as np

        literals = np.zeros(2 * _LITERALS, np.int64)
        escape = 92 if self.escape else -1
        array = np.frombuffer(data, np.uint8)
        expect(len(data))
        cut, used = scan_records(array, self.delimiter[0], self.quote[0], escape, limit, final, literals)
        return int(cut), tuple((int(literals[i]), int(literals[i + 1])) for i in range(0, used, 2))


def record_blocks(
    meter: Meter, encoding: str, mark: int, cutter: Cutter, shard_bytes: int, max_cell: int, skip: int = 0
) -> Iterator[tuple[bytes, tuple[tuple[int, int], ...], bool]]:
    """Blocks that end at record ends, their unquoted ranges, and whether a block is the last.

    A record longer than `max_cell` is cut.
    """
    carry = b""
    want = shard_bytes

    def size() -> int:
        return want

    for data, ended in utf8_blocks(meter, encoding, mark, size):
        carry = carry + data if carry else data
        if skip:
            gone = min(skip, len(carry))
            carry, skip = carry[gone:], skip - gone
        while True:
            forced = ended or len(carry) > max_cell
            cut, literals = cutter.cut(carry, forced)
            if cut == 0:
                # an unfinished record: read twice as much, so that joining stays linear
                want = max(shard_bytes, len(carry))
                break
            want = shard_bytes
            block, carry = carry[:cut], carry[cut:]
            last = ended and not carry
            yield block, literals, last
            if not ended or not carry:
                break
