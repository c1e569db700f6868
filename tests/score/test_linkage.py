"""Exact shares by merging sorted runs: against sets in Python, in any order, however few keys are held at a time."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.score import linkage
from scanner.score.linkage import Pool, shared, union
from scanner.sets import Run
from scanner.vault import Vault

#: Keys as mobile numbers, as CNICs, and close together.
keys = st.one_of(
    st.integers(3_000_000_000, 3_000_200_000), st.integers(10**12, 9 * 10**12), st.integers(0, 60), st.integers(0, 1 << 62)
)  # fmt: skip
files = st.lists(st.sets(keys, max_size=40), min_size=1, max_size=7)


def run(held: set[int]) -> Run:
    return Run.of(np.array(sorted(held), np.int64))


@pytest.mark.parametrize("window", [4, 1 << 21])
def test_shares_are_those_of_sets(window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linkage, "WINDOW", window)
    monkeypatch.setattr(linkage, "_PAIRS", 8)

    @given(files, st.randoms(use_true_random=False))
    @settings(max_examples=120, deadline=None)
    def law(held: list[set[int]], shuffle: object) -> None:
        parts = [(at, run(one)) for at, one in enumerate(held)]
        shuffle.shuffle(parts)  # type: ignore[attr-defined]
        want = {(a, b): n for a, b in combinations(range(len(held)), 2) if (n := len(held[a] & held[b]))}
        want |= {(at, at): len(one) for at, one in enumerate(held) if one}
        assert shared(Pool(parts)) == want
        groups = [frozenset(range(len(held))), frozenset({0}), frozenset()] * 40
        assert union(Pool(parts), groups) == [len(set().union(*held)), len(held[0]), 0] * 40

    law()


def test_an_owner_in_several_parts_counts_a_key_once() -> None:
    parts = [(0, run({1, 2, 3})), (0, run({3, 4})), (1, run({3, 4, 9}))]
    assert shared(Pool(parts)) == {(0, 0): 4, (1, 1): 3, (0, 1): 2}


def test_no_runs_share_nothing() -> None:
    assert shared(Pool([])) == {}
    assert shared(Pool([(0, run(set()))])) == {}
    assert union(Pool([]), [frozenset({0})]) == [0]


@pytest.mark.parametrize("aside", [False, True], ids=["in a window", "laid aside"])
def test_a_pool_under_other_owners_is_the_pool_of_them(aside: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if aside:
        monkeypatch.setattr(linkage, "WINDOW", 4)
        monkeypatch.setattr(linkage, "_MANY", 0)
    law = given(files, st.randoms(use_true_random=False))(_law_of_owners)
    settings(max_examples=80, deadline=None)(law)()


def _law_of_owners(held: list[set[int]], dice: object) -> None:
    parts = [(at, run(one)) for at, one in enumerate(held)]
    owners = {at: dice.randrange(3) for at in range(len(held)) if dice.random() < 0.8}  # type: ignore[attr-defined]
    pool = Pool(parts, Vault(64))
    cold, want = pool.owned(owners), Pool((owners[at], one) for at, one in parts if at in owners)
    assert shared(cold) == shared(want)
    shared(pool)  # which keeps what it merged
    assert pool._merged is not None or len(parts) == 1
    warm = pool.owned(owners)
    assert shared(warm) == shared(want)
    kept = set().union(*(held[at] for at in owners))
    counted: Counter[int] = Counter()
    for codes, many in warm.steps(100):
        counted.update(dict(zip(codes.tolist(), many.tolist(), strict=True)))
    assert counted == Counter(key // 100 for key in kept)
