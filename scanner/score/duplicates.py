"""Which artifacts hold the same rows: re-exports in another order, notation, format or choice of columns."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256

from scanner.sets import KeySet

#: Kept nowhere: without it nobody can tell a print from one made of guessed numbers.
_SECRET = os.urandom(32)

#: Keys from which their marks are worth threads.
_MANY = 1 << 20


@dataclass(frozen=True, slots=True)
class Print:
    """What one column holds, whatever the order of its rows and the notation of its values."""

    type: str
    filled: int
    """Cells that hold something."""
    mark: bytes
    """Keyed digest over the normalised values, ascending."""


def mark(sets: Iterable[KeySet]) -> bytes:
    """A keyed digest over sets of keys."""
    digest = sha256(_SECRET)  # which most processors compute in hardware
    for held in sets:
        digest.update(len(held).to_bytes(8, "little"))
        for keys in held.pieces():
            digest.update(keys.data)
    return digest.digest()[:16]


def marks(groups: Sequence[Sequence[KeySet]], threads: int) -> list[bytes]:
    """The mark of each group of sets, made on threads where the keys are many."""
    if threads == 1 or sum(len(held) for sets in groups for held in sets) < _MANY:
        return [mark(sets) for sets in groups]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(mark, groups))


@dataclass(frozen=True, slots=True)
class Shape:
    """What tells whether the rows of two artifacts are the same."""

    rows: int
    prints: tuple[Print, ...]
    """Of the columns that hold identifiers, in any order."""
    times: frozenset[tuple[int, int]]
    """First and last moment of each column of moments."""
    width: int
    """Columns with values."""
    sha256: str | None = None
    """Of the artifact's own bytes."""

    @property
    def weight(self) -> tuple[int, int]:
        """How much an artifact holds, to tell the fuller of two."""
        return len(self.prints), self.width


def _covers(full: Shape, other: Shape) -> bool:
    """Whether all that one artifact shows stands in the other."""
    if full.sha256 is not None and full.sha256 == other.sha256:
        return True
    return bool(other.prints) and not Counter(other.prints) - Counter(full.prints) and other.times <= full.times


def duplicates(shapes: Sequence[Shape]) -> dict[int, int]:
    """Position of a duplicate → position of the artifact that holds its rows.

    Of two that hold the same the earlier one is kept, else the one that holds more columns.
    """
    rows: dict[tuple[int, str | None], list[int]] = defaultdict(list)
    for at, shape in enumerate(shapes):
        if shape.prints:
            rows[shape.rows, None].append(at)
        elif shape.sha256 is not None:
            rows[shape.rows, shape.sha256].append(at)
    out: dict[int, int] = {}
    for held in rows.values():
        kept: dict[bytes | None, list[int]] = defaultdict(list)
        for at in sorted(held, key=lambda at: (tuple(-n for n in shapes[at].weight), at)):
            marks: list[bytes | None] = [one.mark for one in shapes[at].prints] or [None]
            first = next((one for one in kept[marks[0]] if _covers(shapes[one], shapes[at])), None)
            if first is not None:
                out[at] = first
                continue
            for one in dict.fromkeys(marks):
                kept[one].append(at)
    return dict(sorted(out.items()))
