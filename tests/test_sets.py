"""Key sets are exact and merge like sets."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.sets import KeySet

keys = st.lists(st.integers(0, 2**62), max_size=300)


def made(values: list[int]) -> KeySet:
    return KeySet.of(np.array(values, np.int64))


@given(keys)
@settings(max_examples=60, deadline=None)
def test_set_holds_each_key_once(values: list[int]) -> None:
    assert made(values).keys().tolist() == sorted(set(values))
    assert len(made(values)) == len(set(values))


@given(keys, keys, keys)
@settings(max_examples=40, deadline=None)
def test_merge_is_associative_commutative_and_neutral(a: list[int], b: list[int], c: list[int]) -> None:
    x, y, z = made(a), made(b), made(c)
    assert x.merge(y) == y.merge(x)
    assert x.merge(y).merge(z) == x.merge(y.merge(z))
    assert x.merge(KeySet()) == x


def test_growth_keeps_every_key() -> None:
    values = np.random.default_rng(1).integers(0, 2**40, 50_000)
    held = KeySet()
    for start in range(0, len(values), 777):
        held.add(values[start : start + 777])
    assert np.array_equal(held.keys(), np.unique(values))


def test_add_takes_only_the_keys_of_one_code() -> None:
    held = KeySet()
    held.add(np.array([5, 6, 7, 6], np.int64), np.array([1, 2, 1, 2], np.uint8), 2)
    assert held.keys().tolist() == [6]
