"""What many artifacts have in common: the first of each, as sorting them one by one gives them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.score.linkage import Shares, _added_up
from scanner.score.summary import _first_of_each

SIZE = 6
pair = st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)).filter(lambda ends: ends[0] < ends[1])


def shares(pairs: dict[tuple[int, int], int]) -> Shares:
    ends = np.array(sorted(pairs), np.int64).reshape(-1, 2)
    counts = np.array([pairs[one, other] for one, other in ends.tolist()], np.int64)
    return Shares(ends[:, 0], ends[:, 1], counts, np.zeros(SIZE, np.int64))


@pytest.mark.parametrize("high", [5, 1 << 60], ids=["as one number", "column by column"])
def test_the_first_of_each_are_those_of_a_plain_sort(high: int) -> None:
    count = st.sampled_from([1, 2, high])
    kinds = st.lists(st.dictionaries(pair, count, min_size=1, max_size=9), min_size=1, max_size=3)

    @given(kinds, st.permutations(range(SIZE)), st.integers(1, 4))
    @settings(max_examples=150, deadline=None)
    def law(held: list[dict[tuple[int, int], int]], rank: list[int], most: int) -> None:
        want = []
        for artifact in range(SIZE):
            mine = [
                (-keys, rank[ends[1] if ends[0] == artifact else ends[0]], place)
                for place, pairs in enumerate(held)
                for ends, keys in pairs.items()
                if artifact in ends
            ]
            want += [(artifact, -keys, other, place) for keys, other, place in sorted(mine)[:most]]
        here, *columns = _first_of_each([shares(pairs) for pairs in held], np.array(rank), most)
        assert list(zip(*(column.tolist() for column in columns), strict=True)) == want
        assert here.tolist() == [sum(row[0] == artifact for row in want) for artifact in range(SIZE)]

    law()


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from([1, 3, 1 << 40])), min_size=1), st.sampled_from([1, 1 << 50])
)
def test_what_was_counted_for_a_code_is_added_up(counted: list[tuple[int, int]], scale: int) -> None:
    pieces = [(np.array([code * scale]), np.array([many])) for code, many in counted]
    codes, sums = _added_up(pieces)
    want: dict[int, int] = {}
    for code, many in counted:
        want[code * scale] = want.get(code * scale, 0) + many
    assert dict(zip(codes.tolist(), sums.tolist(), strict=True)) == want
    assert codes.tolist() == sorted(want)
