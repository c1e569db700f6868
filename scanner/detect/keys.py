"""Keys of a database's own: what columns under a header that names one hold, as sketches that merge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

import numpy as np

from scanner.compiled import kernel
from scanner.detect.kernels import hash_bytes
from scanner.ingest.interface import Cells
from scanner.packs.load import fold_header
from scanner.packs.schema import Pack
from scanner.sets import Sketch

Key = str | int


@kernel
def least_hashes(data: Any, starts: Any, stops: Any, limit: int, out: Any) -> int:
    """Write the hashes below `limit` of the cells that are filled to `out` (int64[n]); returns how many."""
    n = 0
    for row in range(len(starts)):
        if starts[row] < stops[row]:
            h = hash_bytes(data, starts[row], stops[row], True)
            if h < limit:
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
            out = np.empty(len(cells), np.int64)
            data = cells.data.view()
            data.flags.writeable = False
            held.add(out[: least_hashes(data, cells.starts, cells.stops, held.limit, out)])

    def update(self, other: Keys) -> None:
        """Merge others into these."""
        for key, sketch in other.columns.items():
            self.columns.setdefault(key, Sketch()).update(sketch)
