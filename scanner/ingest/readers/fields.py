"""The quick way through a block of delimited text: cells found in place, without a copy."""

from __future__ import annotations

from typing import Any

import numpy as np

from scanner.compiled import kernel
from scanner.ingest.interface import Cells, Grid
from scanner.ingest.readers.blocks import MOST_LINES
from scanner.lanes import bits_set, first_bit, leading, marks, unusual_at

#: Bytes at the front of a block from which its number of rows is estimated.
_SAMPLE = 1 << 16
_CR, _LF = np.uint8(13), np.uint8(10)
_NONE, _ONE, _U63, _TOP = np.uint64(0), np.uint64(1), np.uint64(63), np.uint64(1 << 63)
_SHIFTS = tuple(np.uint64(1 << n) for n in range(6))
#: What `split_rows` answers instead of a number of rows.
_UNEVEN, _FULL = -1, -2


@kernel
def plain_end(data, delimiter, quote, limit):
    """The last record end up to about `limit`; -1 where quotes stand elsewhere than around cells.

    `data` is uint8[n], begins with a record and goes on behind `limit`; a line feed outside quotes ends a record. Goes
    64 bytes at a time and compiled only; where it says -1, `scan_records` knows.
    """
    end = np.int64(0)
    inside = _NONE  # all bits where the block before ended within quotes
    before = _ONE  # the lowest bit where it ended so that a cell may begin
    closing = False
    broken = np.int64(0)  # line ends in the quotes that are open, at most
    block = np.int64(0)
    while block + 64 <= limit:
        quotes = marks(data, block, quote, quote, quote, quote)
        lines = marks(data, block, _LF, _LF, _LF, _LF)
        ends = lines | marks(data, block, _CR, _CR, _CR, _CR)
        beside = quotes | ends | marks(data, block, delimiter, delimiter, delimiter, delimiter)
        within = quotes
        for shift in _SHIFTS:
            within ^= within << shift
        within ^= inside
        opens, closes = quotes & within, quotes & ~within
        if opens & ~(beside << _ONE | before) or (closing and not beside & _ONE):
            return -1
        if closes & ~_TOP & ~(beside >> _ONE):
            return -1
        closing = closes & _TOP != _NONE
        before = beside >> _U63
        inside = _NONE - (within >> _U63)
        held = bits_set(ends & within)
        broken += held
        if broken > MOST_LINES:
            return -1
        if quotes:
            broken = held
        outside = lines & ~within
        if outside:
            end = block + 64 - leading(outside)
        block += 64
    if closing and not (data[block] == delimiter or data[block] == quote or data[block] == _LF or data[block] == _CR):
        return -1
    return end


@kernel
def split_rows(data, delimiter, quote, width, starts, stops, unusual):
    """Rows of text: `starts[column, row]` and `stops[column, row]` (int32) of every cell, without its quotes.

    `quote` is the delimiter where there is none. Empty lines are no rows. `unusual` (uint64[1]) tells whether there
    are bytes that are NUL or beyond ASCII, where it is not 0. Returns the number of rows; -1 where a row
    has not `width` cells, a carriage return stands alone, or a quote stands elsewhere than around a cell; -2 where the
    arrays are full.
    """
    n = len(data)
    room = starts.shape[1]
    quoting = quote != delimiter
    row = column = start = block = 0
    inside = _NONE  # all bits where the block before ended within quotes
    begun = _ONE  # the lowest bit where a cell may begin with the block
    closed = _NONE  # the lowest bit where the block before ended with a closing quote
    unusual[0] = strange = _NONE
    while block < n:
        found = quotes = _NONE
        last = _TOP
        if block + 64 <= n:
            found = marks(data, block, delimiter, _LF, _CR, quote)
            if quoting:
                quotes = marks(data, block, quote, quote, quote, quote)
            strange |= unusual_at(data, block)
        else:
            for i in range(block, n):
                c = data[i]
                last = _ONE << np.uint64(i - block)
                if c == 0 or c > 127:
                    strange = _ONE
                if c in (delimiter, _LF, _CR, quote):
                    found |= last
                if quoting and c == quote:
                    quotes |= last
        if quotes | inside | closed:
            within = quotes
            for shift in _SHIFTS:
                within ^= within << shift
            within ^= inside
            inside = _NONE - (within >> _U63)
            found &= ~(quotes | within)
            opens, closes = quotes & within, quotes & ~within
            if opens & ~(found << _ONE | begun) or closed & ~found or closes & ~last & ~(found >> _ONE):
                return _UNEVEN
            closed = closes >> _U63
        begun = found >> _U63
        while found:
            at = block + first_bit(found)
            found &= found - _ONE
            c = data[at]
            if c == delimiter:
                if column + 1 >= width:
                    return _UNEVEN
                if row >= room:
                    return _FULL
                quoted = np.int64(quoting and data[start] == quote)
                starts[column, row] = start + quoted
                stops[column, row] = at - quoted
                column += 1
                start = at + 1
            elif c == _LF:
                stop = at - 1 if at > start and data[at - 1] == _CR else at
                if column == 0 and stop == start:
                    start = at + 1
                    continue
                if column + 1 != width:
                    return _UNEVEN
                if row >= room:
                    return _FULL
                quoted = np.int64(quoting and data[start] == quote)
                starts[column, row] = start + quoted
                stops[column, row] = stop - quoted
                row += 1
                column = 0
                start = at + 1
            elif at + 1 >= n or data[at + 1] != _LF:
                return _UNEVEN
        block += 64
    unusual[0] = strange
    if inside:
        return _UNEVEN
    if start < n or column:
        if column + 1 != width:
            return _UNEVEN
        if row >= room:
            return _FULL
        quoted = np.int64(quoting and start < n and data[start] == quote)
        starts[column, row] = start + quoted
        stops[column, row] = n - quoted
        row += 1
    return row


@kernel
def _count(data, byte):
    n = len(data)
    total = at = 0
    while at + 64 <= n:
        total += bits_set(marks(data, at, byte, byte, byte, byte))
        at += 64
    while at < n:
        total += data[at] == byte
        at += 1
    return total


def _bytes_of(block: bytes | bytearray) -> Any:
    return np.frombuffer(memoryview(block).toreadonly(), np.uint8)  # kernels are compiled for what cannot be written


def count(block: bytes | bytearray, byte: bytes) -> int:
    """How often a byte stands in a block; does not hold the interpreter's lock."""
    return int(_count(_bytes_of(block), np.uint8(byte[0])))


def split(block: bytes | bytearray, delimiter: bytes, width: int, quote: bytes = b"") -> tuple[Grid, bool] | None:
    """The cells of a block, and whether all of it is ASCII without NUL.

    None where rows are uneven or quotes and line ends are not plain (see `split_rows`).
    """
    data = _bytes_of(block)
    lines = block.count(b"\n", 0, _SAMPLE) + 1
    room = lines if len(block) <= _SAMPLE else int(lines * 1.25 * len(block) / _SAMPLE) + 64
    unusual = np.zeros(1, np.uint64)
    special = np.uint8(delimiter[0]), np.uint8((quote or delimiter)[0])
    while True:
        starts, stops = np.empty((width, room), np.int32), np.empty((width, room), np.int32)
        rows = split_rows(data, *special, width, starts, stops, unusual)
        if rows == _UNEVEN:
            return None
        if rows != _FULL:
            return Grid(data, starts, stops, rows), unusual[0] == 0
        room *= 2


@kernel
def _line_ends(data, starts, stops):
    """The places of lines that are not empty; returns how many there are, or -2 where the arrays are full."""
    n = len(data)
    rows = start = block = 0
    while block < n:
        found = _NONE
        if block + 64 <= n:
            found = marks(data, block, _LF, _CR, _LF, _CR)
        else:
            for i in range(block, n):
                if data[i] == _LF or data[i] == _CR:
                    found |= _ONE << np.uint64(i - block)
        while found:
            at = block + first_bit(found)
            found &= found - _ONE
            if at > start:
                if rows == len(starts):
                    return _FULL
                starts[rows], stops[rows] = start, at
                rows += 1
            start = at + 1
        block += 64
    if n > start:
        if rows == len(starts):
            return _FULL
        starts[rows], stops[rows] = start, n
        rows += 1
    return rows


def split_lines(data: Any) -> Cells:
    """The lines of a block (uint8[n]) that are not empty; a line ends at a line feed, a carriage return or both."""
    sample = data[:_SAMPLE]
    ends = np.count_nonzero((sample == _LF) | (sample == _CR)) + 1
    room = int(ends * 1.25 * len(data) / max(1, len(sample))) + 64
    while True:
        starts, stops = np.empty(room, np.int32), np.empty(room, np.int32)
        rows = _line_ends(data, starts, stops)
        if rows != _FULL:
            return Cells(data, starts[:rows], stops[:rows])
        room *= 2


def holds(column: Cells, text: bytes) -> bool:
    """Whether a cell of a column is just `text`."""
    wanted: Any = np.frombuffer(text, np.uint8)
    at = column.starts[column.stops - column.starts == len(wanted)]
    for offset, byte in enumerate(wanted):
        at = at[column.data[at + offset] == byte]
        if not len(at):
            return False
    return bool(len(at))
