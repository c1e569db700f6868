"""Which artifacts share subscribers, on exact sets: sorted runs of keys, merged by key ranges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from scanner.sets import WINDOW, Keys, Run, bounds, merged

#: Pairs that are counted at a time.
_PAIRS = 1 << 21


def windows(parts: Sequence[tuple[int, Run]]) -> Iterator[tuple[Keys, npt.NDArray[np.int64]]]:
    """(keys, owners), keys ascending and the owners of one key ascending, each pair once; range by range."""
    parts = [(owner, run) for owner, run in sorted(parts, key=lambda part: part[0]) if len(run)]
    if len({owner for owner, _ in parts}) == 1:
        for keys, _ in merged([run for _, run in parts]):
            yield keys, np.full(len(keys), parts[0][0], np.int64)
        return
    for low, high in pairwise(bounds([run for _, run in parts], WINDOW) if parts else ()):
        pieces = [(owner, run.between(low, high)[0]) for owner, run in parts]
        keys = np.concatenate([piece for _, piece in pieces])
        owners = np.repeat(np.array([owner for owner, _ in pieces], np.int64), [len(piece) for _, piece in pieces])
        order = np.argsort(keys, kind="stable")
        keys, owners = keys[order], owners[order]
        new = np.ones(len(keys), bool)
        new[1:] = (keys[1:] != keys[:-1]) | (owners[1:] != owners[:-1])
        yield (keys, owners) if new.all() else (keys[new], owners[new])


def _patterns(
    starts: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64], owners: npt.NDArray[np.int64]
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Sets of owners that hold keys together, as (owners int64[sets, size], keys of each int64[sets]), size by size."""
    for size in np.unique(sizes).tolist():
        at = starts[sizes == size]
        held = owners[at[:, None] + np.arange(size)]
        mixed = held[:, 0].astype(np.uint64)
        for column in range(1, size):
            mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = mixed + held[:, column].astype(np.uint64)
        _, first, inverse, counts = np.unique(mixed, return_index=True, return_inverse=True, return_counts=True)
        if not np.array_equal(held, held[first[inverse]]):  # two sets fell on one mark: count each by itself
            distinct, counts = np.unique(held, axis=0, return_counts=True)
            yield distinct, counts
        else:
            yield held[first], counts


@dataclass(frozen=True, slots=True)
class Shares:
    """How many keys the runs of two owners have in common, pairs ascending."""

    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    """The greater owner of each pair."""
    counts: npt.NDArray[np.int64]
    alone: npt.NDArray[np.int64]
    """Owner → distinct keys of that owner."""


def _pair_codes(sets: Any, counts: Any, owners: int) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """(first * owners + second, keys) of the pairs within sets of owners."""
    one, other = np.triu_indices(sets.shape[1], 1)
    step = max(1, _PAIRS // len(one))
    for start in range(0, len(sets), step):
        some = sets[start : start + step]
        yield (some[:, one] * owners + some[:, other]).ravel(), np.repeat(counts[start : start + step], len(one))


def _added_up(pieces: list[tuple[Any, Any]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Codes, ascending and each once, with the sum of what was counted for it."""
    if not pieces:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    codes, inverse = np.unique(np.concatenate([one for one, _ in pieces]), return_inverse=True)
    weights = np.concatenate([other for _, other in pieces])
    return codes, np.bincount(inverse, weights, len(codes)).astype(np.int64)


def shares(parts: Sequence[tuple[int, Run]]) -> Shares:
    """What the runs of each two owners have in common; an owner may have several runs.

    The keys are merged range by range; keys that the same owners hold are counted together, so the cost grows with the
    number of keys and with the sets of owners that occur, and memory with the pairs.
    """
    owners = max((owner for owner, _ in parts), default=0) + 1
    alone = np.zeros(owners, np.int64)
    if len(parts) == 1:
        ((owner, run),) = parts
        alone[owner] = len(run)
        none = np.zeros(0, np.int64)
        return Shares(none, none, none, alone)
    pieces: list[tuple[Any, Any]] = []
    waiting = 0
    for keys, held in windows(parts):
        alone += np.bincount(held, minlength=owners)
        starts = np.flatnonzero(np.diff(keys, prepend=-1))
        sizes = np.diff(np.append(starts, len(keys)))
        several = sizes > 1
        if several.any():
            for sets, counts in _patterns(starts[several], sizes[several], held):
                for piece in _pair_codes(sets, counts, owners):
                    pieces.append(piece)
                    waiting += len(piece[0])
                    if waiting > 2 * len(pieces[0][0]) + _PAIRS:
                        pieces, waiting = [_added_up(pieces)], 0
    codes, counts = _added_up(pieces)
    return Shares(codes // owners, codes % owners, counts, alone)


def shared(parts: Sequence[tuple[int, Run]]) -> Mapping[tuple[int, int], int]:
    """(first, second) → keys that the runs of both owners hold; (owner, owner) → distinct keys of that owner."""
    found = shares(parts)
    pairs = zip(found.first.tolist(), found.second.tolist(), strict=True)
    return dict(zip(pairs, found.counts.tolist(), strict=True)) | {
        (owner, owner): many for owner, many in enumerate(found.alone.tolist()) if many
    }


def union(parts: Sequence[tuple[int, Run]], groups: Sequence[frozenset[int]]) -> list[int]:
    """Distinct keys that the owners of each group hold together."""
    if len(parts) == 1:
        return [len(parts[0][1]) if parts[0][0] in group else 0 for group in groups]
    out = [0] * len(groups)
    top = max((owner for owner, _ in parts), default=0) + 1
    for start in range(0, len(groups), 62):
        some = groups[start : start + 62]
        marks = np.zeros(top, np.int64)
        for bit, group in enumerate(some):
            for owner in group:
                if owner < top:
                    marks[owner] |= np.int64(1) << bit
        wanted = [(owner, run) for owner, run in parts if marks[owner]]
        for keys, held in windows(wanted):
            starts = np.flatnonzero(np.diff(keys, prepend=-1))
            held_by = np.bitwise_or.reduceat(marks[held], starts)
            for bit in range(len(some)):
                out[start + bit] += int(np.count_nonzero(held_by >> bit & 1))
    return out
