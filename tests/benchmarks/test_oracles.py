"""The kernels say what other people's validators say, but for differences that are meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks import oracles


@pytest.mark.parametrize("kind", oracles.COMPARISONS)
def test_kernels_and_oracle_differ_only_where_it_is_meant(kind: str) -> None:
    outcome = oracles.judge(kind, 7, 3000)
    assert not outcome.other
    assert 700 < outcome.valid < 1800


def test_a_disagreement_is_found_among_many_cells() -> None:
    comparison = oracles.COMPARISONS["msisdn"]
    cells = [f"0300123{i:04d}" for i in range(1, 600)]
    verdicts: list[oracles.Verdict] = [int(cell[1:]) for cell in cells]
    assert oracles.disagreeing(comparison, cells, verdicts) == []
    verdicts[17], verdicts[444] = None, 3001239999
    assert oracles.disagreeing(comparison, cells, verdicts) == [17, 444]


def test_a_difference_that_is_not_meant_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = replace(oracles.COMPARISONS["cnic"], oracle=lambda text: None, differences=())
    monkeypatch.setitem(oracles.COMPARISONS, "cnic", deaf)
    assert oracles.judge("cnic", 1, 30).other.total() > 5
