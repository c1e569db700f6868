"""Keys of a database's own: what columns under a header that names one hold, as sketches that merge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

import numpy as np

from scanner.compiled import kernel
from scanner.ingest.interface import Cells
from scanner.packs.load import fold_header
from scanner.packs.schema import Pack
from scanner.sets import Sketch

Key = str | int
_MASK62 = (1 << 62) - 1
_LOWER = 0x20202020202020


@kernel
def _seven(data: Any, i: int) -> Any:
    """Seven bytes from data[i] on as a number, in lower case."""
    low = np.int64(data[i]) | np.int64(data[i + 1]) << 8 | np.int64(data[i + 2]) << 16 | np.int64(data[i + 3]) << 24
    high = np.int64(data[i + 4]) | np.int64(data[i + 5]) << 8 | np.int64(data[i + 6]) << 16
    return (low | high << 32) | _LOWER


@kernel
def _mixed(h: Any, part: Any) -> Any:
    h = ((h ^ part) * 1099511628211) & _MASK62
    return h ^ (h >> 29)


@kernel
def key_hash(data: Any, a: int, b: int) -> Any:
    """A 62-bit hash of the bytes a..b without their case."""
    h = _mixed(np.int64(7), np.int64(b) - a)
    i = np.int64(a)
    while i + 7 <= b:
        h = _mixed(h, _seven(data, i))
        i += 7
    part = np.int64(0)
    while i < b:
        part = part << 8 | np.int64(data[i]) | 32
        i += 1
    return _mixed(_mixed(h, part), np.int64(0))


@kernel
def least_hashes(data: Any, starts: Any, stops: Any, limit: int, held: Any, seen: Any, out: Any) -> int:
    """Write the hashes below `limit` of the cells that are filled to `out` (int64[n]); returns how many.

    Those of `held` are left out, and most that repeat: `seen` (int64[2**k] of -1, larger than `held`) remembers them.
    """
    n = 0
    mask = len(seen) - 1
    room = mask // 2 - len(held)
    for at in range(len(held)):
        place = held[at] & mask
        while seen[place] >= 0:
            place = (place + 1) & mask
        seen[place] = held[at]
    for row in range(len(starts)):
        if starts[row] < stops[row]:
            h = key_hash(data, starts[row], stops[row])
            if h < limit:
                place = h & mask
                while seen[place] >= 0 and seen[place] != h:
                    place = (place + 1) & mask
                if seen[place] != h:
                    if room > 0:
                        seen[place] = h
                        room -= 1
                    out[n] = h
                    n += 1
    return n


def key_suffixes(pack: Pack) -> tuple[str, ...]:
    """What headers of keys end in, folded."""
    return tuple(cast(Mapping[str, Any], pack.settings["severity"])["joins"]["keys"]["suffixes"])


@lru_cache(maxsize=4096)
def names_key(header: str, suffixes: tuple[str, ...]) -> bool:
    """Whether a header names a key."""
    return fold_header(header).endswith(suffixes)


@dataclass(slots=True)
class Keys:
    """Sketches by column."""

    columns: dict[Key, Sketch] = field(default_factory=dict)

    def scan(self, key: Key, pieces: Iterable[Cells]) -> None:
        """Add the cells of a column."""
        held = self.columns.setdefault(key, Sketch())
        for cells in pieces:
            room = min(4 * Sketch.MOST, 1 << (2 * (len(cells) + len(held.least))).bit_length())
            out, seen = np.empty(len(cells), np.int64), np.full(room, -1, np.int64)
            data = cells.data.view()
            data.flags.writeable = False
            held.add(out[: least_hashes(data, cells.starts, cells.stops, held.limit, held.least, seen, out)])

    def update(self, other: Keys) -> None:
        """Merge others into these."""
        for key, sketch in other.columns.items():
            self.columns.setdefault(key, Sketch()).update(sketch)
