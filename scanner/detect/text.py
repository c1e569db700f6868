"""The quick way through text: lines in which no identifier can stand are passed over, 64 bytes at a time.

What is left goes to `kernels.text_lines`. A line is passed over only where it has neither an @ nor bytes beyond ASCII,
and where no digits in it, with whatever separators between them, are as many as a notation that begins with such digits
has. Runs compiled only.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from scanner.compiled import kernel
from scanner.detect import kernels as k
from scanner.lanes import digits_at, first_bit, odd_at

#: Digits that a number in text has at most, as `kernels.scan_text` reads it.
_MOST_DIGITS = 24
#: Bytes that may stand between two digits of a number.
_WIDEST_GAP = 3
#: Numbers that may be read on at a time.
OPEN = 32
_NONE, _ONE, _ALL = np.uint64(0), np.uint64(1), np.uint64(2**64 - 1)


@lru_cache(maxsize=4)
def _sizes(rules: bytes, by_length: bytes, width: int) -> Any:
    table = np.frombuffer(rules, np.int64).reshape(-1, width)
    slices = np.frombuffer(by_length, np.int64).reshape(-1, 2)
    before = np.append(0, np.cumsum(table[:, 12] != 2))
    starts, stops = slices[: 1000 * (_MOST_DIGITS + 1)].T
    held = (before[np.maximum(starts, stops)] > before[starts]).reshape(-1, 1000)
    return (held << np.arange(len(held))[:, None]).sum(axis=0)


def sizes_of(book: Any) -> Any:
    """int64[1000]: by the first three digits, how many digits the notations have that stand in text, a bit each."""
    return _sizes(book.rules.tobytes(), book.by_length.tobytes(), book.rules.shape[1])


@kernel(inline=True)
def _first_three(data, at, b):
    """The first three digits from data[at] on, over separators."""
    value = np.int64(0)
    many = 0
    while at < b and many < 3:
        c = np.int64(data[at])
        if 48 <= c <= 57:
            value = value * 10 + c - 48
            many += 1
        at += 1
    return value if many == 3 else np.int64(0)


@kernel
def may_hold(data, a, b, sizes, counted, wanted):
    """Whether an identifier may stand in data[a:b]; 64 bytes and more follow a `b`.

    `counted`, `wanted`: int64[OPEN] each, to work with.
    """
    pos = a
    ended = np.int64(-1)
    many = dots = 0
    while pos < b:
        left = b - pos
        keep = _ALL if left >= 64 else (_ONE << np.uint64(left)) - _ONE
        if odd_at(data, pos) & keep:
            return True
        figures = digits_at(data, pos) & keep
        reached = pos + 64
        while figures:
            first = first_bit(figures)
            behind = ~(figures >> np.uint64(first))
            last = first + first_bit(behind) if behind else np.int64(64)
            begin = pos + first
            end = pos + last
            if last >= 64:
                while end < b and 48 <= data[end] <= 57:
                    end += 1
                reached = end
                figures = _NONE
            else:
                figures = (figures >> np.uint64(last)) << np.uint64(last)
            size = end - begin
            gap = begin - ended
            joined = ended >= 0 and gap <= _WIDEST_GAP
            if joined:
                for i in range(ended, begin):
                    c = data[i]
                    if not (c == 32 or c == 45 or c == 46 or c == 40 or c == 41 or c == 10 or c == 13):
                        joined = False
            if joined:
                dots = dots + 1 if gap == 1 and data[ended] == 46 else 0
                if dots == 3:
                    return True
                for i in range(many):
                    counted[i] += size
                    if counted[i] <= _MOST_DIGITS and wanted[i] >> counted[i] & 1:
                        return True
            else:
                many = dots = 0
            ended = end
            if many == OPEN:
                return True
            counted[many] = size
            wanted[many] = sizes[_first_three(data, begin, b)]
            if size <= _MOST_DIGITS and wanted[many] >> size & 1:
                return True
            many += 1
            if begin - a >= 2:
                one = data[begin - 2]
                two = data[begin - 1]
                if 65 <= one <= 90 and 65 <= two <= 90 and (size >= 7 or (one == 80 and two == 75)):
                    return True
        pos = reached
    return False


@kernel
def pass_over(data, starts, stops, sizes, counts, rest):
    """Count the lines that hold no identifier; the others go to `rest`, int32[2, lines]; returns how many those are."""
    counted, wanted = np.zeros(OPEN, np.int64), np.zeros(OPEN, np.int64)
    return _pass_over(data, starts, stops, sizes, counts, rest, counted, wanted)


@kernel
def _pass_over(data, starts, stops, sizes, counts, rest, counted, wanted):
    """`pass_over` with arrays to work with."""
    limit = len(data) - 64
    left = filled = size = 0
    for row in range(len(starts)):
        a, b = np.int64(starts[row]), np.int64(stops[row])
        if a == b:
            continue
        if b > limit or may_hold(data, a, b, sizes, counted, wanted):
            rest[0, left], rest[1, left] = a, b
            left += 1
        else:
            filled += 1
            size += b - a
    counts[k.FILLED] += filled
    counts[k.BYTE_TOTAL] += size
    return left
