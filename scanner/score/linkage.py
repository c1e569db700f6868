"""Which artifacts share subscribers, on exact sets: sorted runs of keys, merged by key ranges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from scanner.sets import Keys, Run, bounds, distinct, merged, sort, stepped
from scanner.vault import Kept, Vault

#: Keys that are merged with their owners at a time, about; the keys of most scans.
WINDOW = 1 << 20
#: Runs beyond which to merge them once more takes longer than to read back what they came to.
_MANY = 64
#: Pairs that are counted at a time.
_PAIRS = 1 << 21


#: (keys, owners), keys ascending and the owners of one key ascending, each pair once.
Window = tuple[Keys, npt.NDArray[np.int64]]


class _Laid:
    """A window that is laid aside in a vault."""

    __slots__ = ("_count", "_data")

    def __init__(self, window: Window, vault: Vault) -> None:
        keys, owners = window
        self._count = len(keys)
        self._data = Kept(keys.tobytes() + owners.astype(np.int32).tobytes(), vault)

    def read(self) -> Window:
        """The window, not to be changed."""
        data, count = self._data.read(), self._count
        return np.frombuffer(data, np.int64, count), np.frombuffer(data, np.int32, count, 8 * count).astype(np.int64)


class Pool:
    """Runs of keys with their owners, of whom one may have several.

    What takes long to merge, as it is many runs, is merged once and laid aside.
    """

    def __init__(self, parts: Iterable[tuple[int, Run]], vault: Vault | None = None) -> None:
        """`parts` in any order; without a `vault` no more than one window is laid aside."""
        self.parts = sorted(parts, key=lambda part: part[0])
        self._vault = vault
        self._merged: list[Window | _Laid] | None = None

    def owned(self, owners: Mapping[int, int]) -> Pool:
        """The same runs with other owners; those of owners that get none are left out."""
        made = Pool(((owners[owner], run) for owner, run in self.parts if owner in owners), self._vault)
        if self._merged is not None:
            others = np.full(max(self.top, max(owners, default=0) + 1), -1, np.int64)
            others[list(owners)] = list(owners.values())
            made._merged = [self._aside(_window(keys, others[held])) for keys, held in self.windows()]
        return made

    @cached_property
    def _few(self) -> bool:
        """Whether it fits in one window."""
        return sum(len(run) for _, run in self.parts) <= WINDOW

    def _aside(self, window: Window) -> Window | _Laid:
        return window if self._vault is None or self._few else _Laid(window, self._vault)

    def steps(self, step: int) -> Iterator[tuple[Keys, Keys]]:
        """What the keys of all owners, each once, come to divided by `step`, as `Run.steps` says it."""
        if len(self.parts) == 1:
            yield from self.parts[0][1].steps(step)
            return
        for keys, _ in self.windows():
            yield stepped(keys[np.diff(keys, prepend=-1) != 0], step)

    @property
    def top(self) -> int:
        """One more than the greatest owner."""
        return self.parts[-1][0] + 1 if self.parts else 1

    def windows(self, marked: npt.NDArray[np.int64] | None = None) -> Iterator[Window]:
        """What they hold, range by range; where it is much, only of the owners that are `marked`."""
        if self._merged is not None:
            for one in self._merged:
                yield one.read() if isinstance(one, _Laid) else one
        elif self._few or (self._vault is not None and len(self.parts) > _MANY):
            made = []
            for window in _windows(self.parts):
                made.append(self._aside(window))
                yield window
            self._merged = made
        else:
            yield from _windows([part for part in self.parts if marked is None or marked[part[0]]])


def _window(keys: Keys, owners: npt.NDArray[np.int64]) -> Window:
    """Keys with their owners, below 0 where there is none, in any order, as a window."""
    if (owners < 0).any():
        keys, owners = keys[owners >= 0], owners[owners >= 0]
    bits = int(owners.max(initial=0)).bit_length()
    if int(keys.max(initial=0)).bit_length() + bits < 64:  # sorted as one number each
        mixed = distinct(keys << bits | owners)
        return mixed >> bits, mixed & ((1 << bits) - 1)
    order = np.lexsort((owners, keys))
    keys, owners = keys[order], owners[order]
    new = np.ones(len(keys), bool)
    new[1:] = (keys[1:] != keys[:-1]) | (owners[1:] != owners[:-1])
    return (keys, owners) if new.all() else (keys[new], owners[new])


def _windows(parts: Sequence[tuple[int, Run]]) -> Iterator[Window]:
    """What some parts, owners ascending, hold: range by range."""
    parts = [part for part in parts if len(part[1])]
    if len({owner for owner, _ in parts}) == 1:
        for keys, _ in merged([run for _, run in parts]):
            yield keys, np.full(len(keys), parts[0][0], np.int64)
        return
    for low, high in pairwise(bounds([run for _, run in parts], WINDOW) if parts else ()):
        pieces = [(owner, run.between(low, high)[0]) for owner, run in parts]
        keys = np.concatenate([piece for _, piece in pieces])
        owners = np.repeat(np.array([owner for owner, _ in pieces], np.int64), [len(piece) for _, piece in pieces])
        yield _window(keys, owners)


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
    codes = np.concatenate([one for one, _ in pieces])
    weights = np.concatenate([other for _, other in pieces])
    bits = int(weights.max()).bit_length()
    if int(codes.max()).bit_length() + bits < 64:  # sorted as one number each
        codes <<= bits
        codes |= weights
        sort(codes)
        weights = codes & ((1 << bits) - 1)
        codes >>= bits
    else:
        order = np.argsort(codes, kind="stable")
        codes, weights = codes[order], weights[order]
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    return codes[starts], np.add.reduceat(weights, starts)


def shares(pool: Pool) -> Shares:
    """What the runs of each two owners have in common.

    The keys are merged range by range; keys that the same owners hold are counted together, so the cost grows with the
    number of keys and with the sets of owners that occur, and memory with the pairs.
    """
    owners = pool.top
    alone = np.zeros(owners, np.int64)
    if len(pool.parts) == 1:
        ((owner, run),) = pool.parts
        alone[owner] = len(run)
        none = np.zeros(0, np.int64)
        return Shares(none, none, none, alone)
    pieces: list[tuple[Any, Any]] = []
    waiting = 0
    for keys, held in pool.windows():
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


def shared(pool: Pool) -> Mapping[tuple[int, int], int]:
    """(first, second) → keys that the runs of both owners hold; (owner, owner) → distinct keys of that owner."""
    found = shares(pool)
    pairs = zip(found.first.tolist(), found.second.tolist(), strict=True)
    return dict(zip(pairs, found.counts.tolist(), strict=True)) | {
        (owner, owner): many for owner, many in enumerate(found.alone.tolist()) if many
    }


def union(pool: Pool, groups: Sequence[frozenset[int]]) -> list[int]:
    """Distinct keys that the owners of each group hold together."""
    if len(pool.parts) == 1:
        ((owner, run),) = pool.parts
        return [len(run) if owner in group else 0 for group in groups]
    out = [0] * len(groups)
    for start in range(0, len(groups), 62):
        some = groups[start : start + 62]
        marks = np.zeros(pool.top, np.int64)
        for bit, group in enumerate(some):
            marks[[owner for owner in group if owner < pool.top]] |= np.int64(1) << bit
        for keys, held in pool.windows(marks):
            starts = np.flatnonzero(np.diff(keys, prepend=-1))
            held_by = np.bitwise_or.reduceat(marks[held], starts)
            for bit in range(len(some)):
                out[start + bit] += int(np.count_nonzero(held_by >> bit & 1))
    return out
