"""Exact, mergeable sets of identifier keys."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scanner.compiled import expect

Keys = npt.NDArray[np.int64]


class KeyCounts:
    """How often each key was added: two sorted arrays, brought up to date when enough has gathered."""

    __slots__ = ("_counts", "_keys", "_new", "_waiting")

    def __init__(self) -> None:
        """No keys."""
        self._keys: Keys = np.zeros(0, np.int64)
        self._counts: Keys = np.zeros(0, np.int64)
        self._new: list[tuple[Keys, Keys]] = []
        self._waiting = 0

    def add(self, keys: Keys) -> None:
        """Count some keys (int64[n])."""
        self._take(*np.unique(keys, return_counts=True))

    def update(self, other: KeyCounts) -> None:
        """Add all counts of another."""
        self._take(*other.items())

    def _take(self, keys: Keys, counts: Keys) -> None:
        self._new.append((keys, counts))
        self._waiting += len(keys)
        if self._waiting > max(1 << 16, len(self._keys)):
            self._settle()

    def _settle(self) -> None:
        keys = np.concatenate([self._keys, *(one for one, _ in self._new)])
        counts = np.concatenate([self._counts, *(one for _, one in self._new)])
        order = np.argsort(keys, kind="stable")
        keys, counts = keys[order], counts[order]
        starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if len(keys) else np.zeros(0, np.int64)
        self._keys, self._counts = keys[starts], np.add.reduceat(counts, starts) if len(keys) else counts
        self._new, self._waiting = [], 0

    def items(self) -> tuple[Keys, Keys]:
        """Keys in ascending order and how often each was added."""
        if self._new:
            self._settle()
        return self._keys, self._counts


class KeySet:
    """Distinct non-negative int64 keys in an open-addressing table.

    `merge` is associative and commutative; the empty set is its neutral element.
    """

    __slots__ = ("_count", "_table")

    def __init__(self) -> None:
        """An empty set."""
        self._table: Keys = np.full(64, -1, np.int64)
        self._count = 0

    @classmethod
    def of(cls, keys: Keys) -> KeySet:
        """The set of some keys (int64[n], each 0 or more)."""
        made = cls()
        made.add(keys)
        return made

    def __len__(self) -> int:
        """Distinct keys."""
        return self._count

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same keys."""
        return isinstance(other, KeySet) and bool(np.array_equal(self.keys(), other.keys()))

    __hash__ = None  # type: ignore[assignment]

    def add(self, keys: Keys, hits: npt.NDArray[np.uint8] | None = None, code: int = -1) -> None:
        """Add `keys`, or those of them whose entry in `hits` is `code`."""
        from scanner.kernel_sets import set_insert

        if hits is None:
            hits, code = np.zeros(0, np.uint8), -1
        expect(8 * len(keys))
        position = 0
        while position < len(keys):
            limit = len(self._table) * 5 // 8
            position, self._count = set_insert(self._table, keys, hits, code, position, self._count, limit)
            if position < len(keys):
                self._grow()

    def _grow(self) -> None:
        from scanner.kernel_sets import set_insert

        held = self.members()
        self._table = np.full(len(self._table) * 4, -1, np.int64)
        _, self._count = set_insert(self._table, held, np.zeros(0, np.uint8), -1, 0, 0, len(self._table))

    def merge(self, other: KeySet) -> KeySet:
        """The union, as a set of its own."""
        small, large = sorted((self, other), key=len)
        made = KeySet()
        made._table, made._count = large._table.copy(), large._count
        made.update(small)
        return made

    def update(self, other: KeySet) -> None:
        """Add all keys of another set."""
        self.add(other.members())

    def members(self) -> Keys:
        """The keys in no order."""
        held: Keys = self._table[self._table != -1]
        return held

    def keys(self) -> Keys:
        """The keys in ascending order."""
        return np.sort(self.members())
