"""Shared subscribers of many large files: exact, in bounded memory, at a cost that grows with the subscribers.

    python benchmarks/linkage.py [--files 50] [--subscribers 1000000]

Every file draws its mobile numbers from one space of which a part lies in all files, so that each pair shares some. The
work is done for a half, for all, and for twice the files, and what pairs share is held against sets for a few of them.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from scanner.compiled import compile_all
from scanner.score.linkage import shared, union
from scanner.sets import Room, Run

FIRST, NUMBERS = 3_000_000_000, 500_000_000


def numbers(seed: int, many: int) -> np.ndarray:
    """Distinct numbers, ascending: a fifth out of a pool that all files draw from, the others anywhere."""
    rng = np.random.default_rng(seed)
    pool = FIRST + rng.integers(0, many * 2, many // 5) * 97
    drawn = np.unique(np.concatenate([pool, FIRST + rng.integers(0, NUMBERS, many)]))
    return np.sort(rng.choice(drawn, many, replace=False))


def measure(files: int, subscribers: int) -> float:
    """Seconds a million subscribers, printed with what was found."""
    room = Room(1 << 40)
    before = room.vault.free
    parts = [(at, Run.of(numbers(at, subscribers), room)) for at in range(files)]
    size = before - room.vault.free
    start = time.process_time()
    found = shared(parts)
    everyone = union(parts, [frozenset(range(files))])[0]
    spent = time.process_time() - start
    for one, other in ((0, 1), (files // 2, files - 1)):
        if one != other:
            want = len(np.intersect1d(numbers(one, subscribers), numbers(other, subscribers), assume_unique=True))
            assert found.get((one, other), 0) == want, (one, other, want)
    total = files * subscribers / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{files:>4} files × {subscribers:,}: {spent:6.1f} s CPU, {spent / total:.2f} s a million, "
        f"{everyone:,} different, {sum(a != b for a, b in found):,} pairs share, "
        f"sets {size / 1e6:,.0f} MB, peak {peak:,.0f} MB"
    )
    return spent / total


def main() -> None:
    """Measure, and fail where the cost a subscriber grows with the number of files or memory passes 1 GB."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--files", type=int, default=50)
    asked.add_argument("--subscribers", type=int, default=1_000_000)
    given = asked.parse_args()
    compile_all()  # as in the scan of a file of some size
    half = measure(max(2, given.files // 2), given.subscribers)
    full = measure(given.files, given.subscribers)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1024 * 1024, "more than 1 GB"
    twice = measure(given.files * 2, given.subscribers // 2)
    print(
        f"cost a subscriber: {full / half:.2f} times with twice the subscribers, "
        f"{twice / full:.2f} times with twice the files"
    )


if __name__ == "__main__":
    main()
