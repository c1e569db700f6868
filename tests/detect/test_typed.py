"""What kernels write of typed values is what Arrow writes of them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.compiled import compile_all
from scanner.detect import typed
from scanner.detect.profile import as_text, in_place

UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
WHOLE = [0, 7, 99, 100, 3001234567, 923001234567, 3520212345671, 410011234567890, 8992010000000000000, 2**63 - 1, -5]
SECONDS = [0, -1, 951_782_400, 951_868_799, 1_704_067_199, 4_107_542_400, -62_135_596_800, 253_402_300_799]


@pytest.fixture(autouse=True)
def machine_code() -> None:
    compile_all()


def by_arrow(array: pa.Array) -> list[bytes]:
    return [b"" if value is None else value.encode() for value in as_text(array).to_pylist()]


def by_kernel(array: pa.Array) -> list[bytes] | None:
    cells = typed.written(array)
    if cells is None:
        return None
    spans = zip(cells.starts.tolist(), cells.stops.tolist(), strict=True)
    return [bytes(cells.data[start:stop]) for start, stop in spans]


def moments(kind: str, unit: str, seconds: list[int]) -> pa.Array:
    """Moments around some seconds since 1970, as far as the unit reaches."""
    ticks = [second * UNITS[unit] + UNITS[unit] // 3 for second in seconds]
    zone = "Asia/Karachi" if kind == "there" else None
    return pa.array([one for one in ticks if abs(one) < 2**63] + [None], pa.timestamp(unit, zone))


ARRAYS: dict[str, pa.Array] = {
    "numbers": pa.array([*WHOLE, None]),
    "powers": pa.array([10**i + step for i in range(19) for step in (-1, 0, 1)]),
    "bytes": pa.array([-128, 127, None], pa.int8()),
    "words": pa.array([0, 2**32 - 1, None], pa.uint32()),
    "slice": pa.array([None, *range(200)]).slice(3, 90),
    "floats": pa.array([31.52, -74.3587, 923001234567.0, 0.1, 0.0001, 24.123456789, None, float("nan"), -0.0, 1e17]),
    "days": pa.array([0, -1, 19_000, -719_162, 2_932_896, None], pa.date32()),
    "milliseconds of days": pa.array([0, -86_400_000, 19_000 * 86_400_000, None], pa.date64()),
    "clock": pa.array([0, 86_399, None], pa.time32("s")),
    "fine clock": pa.array([0, 86_399_999_999, None], pa.time64("us")),
    **{f"{kind} {unit}": moments(kind, unit, SECONDS) for kind in ("here", "there") for unit in UNITS},
}  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_values_are_written_as_arrow_writes_them(name: str) -> None:
    assert by_kernel(ARRAYS[name]) == by_arrow(ARRAYS[name])


@given(
    st.lists(st.none() | st.integers(-(2**63) + 1, 2**63 - 1) | st.integers(0, 10**6), min_size=1),
    st.lists(st.none() | st.floats(width=32) | st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 7)), min_size=1),
    st.lists(st.integers(-62_135_596_800, 253_402_300_799), min_size=1), st.sampled_from(sorted(UNITS)),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_values_are_written_so_or_left_to_arrow(whole: Any, floats: Any, seconds: list[int], unit: str) -> None:
    decimals = [one[0] / 10 ** one[1] if isinstance(one, tuple) else one for one in floats]
    assert by_kernel(pa.array(whole, pa.int64())) == by_arrow(pa.array(whole, pa.int64()))
    assert by_kernel(moments("here", unit, seconds)) == by_arrow(moments("here", unit, seconds))
    column = pa.array(decimals, pa.float64())
    assert by_kernel(column) in (None, by_arrow(column))


@pytest.mark.parametrize(
    "array",
    [
        pa.array([-(2**63)]),
        pa.array([1e18]),
        pa.array([float("inf")]),
        pa.array([1e-9]),
        pa.array([0.1 + 0.2]),
        pa.array([2_932_897], pa.date32()),
        pa.array([2**63], pa.uint64()),
        pa.array([True]),
    ],
)
def test_what_is_not_written_goes_to_arrow(array: pa.Array) -> None:
    assert typed.written(array) is None
    column = pa.concat_arrays([array] * 100)
    (cells,) = in_place(column)
    assert bytes(cells.data[cells.starts[99] : cells.stops[99]]) == by_arrow(array)[0]
