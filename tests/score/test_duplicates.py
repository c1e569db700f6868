"""Copies are told from files that only look alike."""

from __future__ import annotations

import numpy as np
import pytest

from scanner.score.duplicates import Print, Shape, duplicates, mark
from scanner.sets import KeySet


def column(kind: str, keys: list[int], filled: int = 10) -> Print:
    return Print(kind, filled, mark([KeySet.of(np.array(keys, np.int64))]))


A, B, C = column("msisdn", [1, 2, 3]), column("msisdn", [4, 5]), column("cnic", [7, 8])
TIMES = frozenset({(100, 200)})


@pytest.mark.parametrize(
    ("shapes", "want"),
    [
        ([Shape(10, (A, C), TIMES, 5), Shape(10, (C, A), TIMES, 5)], {1: 0}),  # columns in another order
        ([Shape(10, (A,), frozenset(), 1), Shape(10, (A, C), TIMES, 5)], {0: 1}),  # fewer columns: the fuller is kept
        ([Shape(10, (A,), TIMES, 5), Shape(11, (A,), TIMES, 5)], {}),  # one row more
        ([Shape(10, (A,), TIMES, 5), Shape(10, (A,), frozenset({(100, 201)}), 5)], {}),  # other moments
        ([Shape(10, (A,), TIMES, 5), Shape(10, (B,), TIMES, 5)], {}),  # other numbers
        ([Shape(10, (A,), TIMES, 5), Shape(10, (column("msisdn", [1, 2, 3], 9),), TIMES, 5)], {}),  # other cells filled
        ([Shape(10, (A, B), TIMES, 5), Shape(10, (B, B), TIMES, 5)], {}),  # one column twice
        ([Shape(10, (), TIMES, 5), Shape(10, (), TIMES, 5)], {}),  # nothing to tell them by
        ([Shape(10, (), TIMES, 5, "ab"), Shape(10, (), TIMES, 5, "ab")], {1: 0}),  # the same bytes
        ([Shape(10, (A,), TIMES, 5)] * 3, {1: 0, 2: 0}),
    ],
)
def test_copies(shapes: list[Shape], want: dict[int, int]) -> None:
    assert duplicates(shapes) == want


def test_a_mark_does_not_tell_the_keys() -> None:
    """Nobody can make it from a guessed number without the process's secret."""
    from hashlib import blake2b

    keys = np.array([3001234567], np.int64)
    guess = blake2b((1).to_bytes(8, "little") + keys.tobytes(), digest_size=16).digest()
    assert mark([KeySet.of(keys)]) != guess
    assert mark([KeySet.of(keys)]) == mark([KeySet.of(keys[::-1])])
