"""Seeds and reduced findings through every target: nothing but a `ReadError` may come out, and the seeds are read."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS, exercise

FINDINGS = Path(__file__).parent / "findings"


@pytest.mark.parametrize("target", TARGETS)
def test_target_takes_every_seed_whole_cut_and_turned(target: str) -> None:
    for name, data in seeds().items():
        for case in (data, data[: len(data) * 2 // 3], data[: len(data) // 2] + bytes(8) + data[len(data) // 2 + 8 :]):
            exercise(target, case, name)


def test_every_seed_is_taken_by_a_target_other_than_bytes() -> None:
    left = {
        name
        for name, data in seeds().items()
        if not any(exercise(target, data, name) for target in TARGETS if target != "binary")
    }
    assert left == {"bytes.bin"}


def test_findings_stay_fixed() -> None:
    for path in sorted(path for path in FINDINGS.rglob("*") if path.is_file()):
        exercise(path.parent.name, path.read_bytes())


def test_a_broken_piece_of_a_stripe_keeps_no_memory() -> None:
    data = (FINDINGS / "orc" / "broken-pieces").read_bytes()
    exercise("orc", data)
    tracemalloc.start()
    try:
        for _ in range(5):
            exercise("orc", data)
        assert tracemalloc.get_traced_memory()[0] < 1 << 20
    finally:
        tracemalloc.stop()
