"""The check sums of SQLite's write-ahead logs, which are compiled."""

from __future__ import annotations

from typing import Any

from scanner.compiled import kernel


@kernel
def chained(data: Any, start: int, end: int, big: int, first: int, second: int) -> tuple[int, int]:
    """The check sum of a write-ahead log carried on over `data[start:end]`, whole 8-byte steps (uint8[...])."""
    for at in range(start, end, 8):
        if big:
            one = (data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3]
            two = (data[at + 4] << 24) | (data[at + 5] << 16) | (data[at + 6] << 8) | data[at + 7]
        else:
            one = data[at] | (data[at + 1] << 8) | (data[at + 2] << 16) | (data[at + 3] << 24)
            two = data[at + 4] | (data[at + 5] << 8) | (data[at + 6] << 16) | (data[at + 7] << 24)
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + two + first) & 0xFFFFFFFF
    return first, second
