"""Which artifacts share subscribers, on exact sets, and what they reveal together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scanner.model import Artifact
from scanner.sets import KeySet
from scanner.terms import ColumnType

#: Identifiers that join artifacts.
JOINING = (ColumnType.MSISDN, ColumnType.CNIC)


@dataclass(frozen=True, slots=True)
class Holding:
    """An artifact with the exact identifier sets in it."""

    path: str
    sets: Mapping[ColumnType, KeySet]
    artifact: Artifact


def shared(holdings: Sequence[Holding]) -> dict[tuple[int, int, ColumnType], int]:
    """(first, second, type) → identifiers that both hold, by position in `holdings`.

    Keys of all artifacts are sorted once and only keys that stand in several are paired, so the cost grows with the
    number of keys and of true overlaps.
    """
    out: dict[tuple[int, int, ColumnType], int] = {}
    for kind in JOINING:
        parts = [
            (i, one.sets[kind].keys()) for i, one in enumerate(holdings) if kind in one.sets and len(one.sets[kind])
        ]
        if len(parts) < 2:
            continue
        keys = np.concatenate([part for _, part in parts])
        owner = np.concatenate([np.full(len(part), i, np.int32) for i, part in parts])
        order = np.argsort(keys, kind="stable")
        keys, owner = keys[order], owner[order]
        again = np.concatenate([[False], keys[1:] == keys[:-1]])
        several = again | np.concatenate([again[1:], [False]])
        keys, owner = keys[several], owner[several]
        distance = 1
        while distance < len(keys):
            same = keys[distance:] == keys[:-distance]
            if not same.any():
                break
            pairs = owner[:-distance][same].astype(np.int64) * len(holdings) + owner[distance:][same]
            for pair, count in zip(*np.unique(pairs, return_counts=True), strict=True):
                place = (int(pair) // len(holdings), int(pair) % len(holdings), kind)
                out[place] = out.get(place, 0) + int(count)
            distance += 1
    return out
