"""The quick way through a column counts what the general kernel counts, on whatever cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import compiled
from scanner.detect import kernels, quick
from scanner.detect.profile import ColumnProfile, in_place
from scanner.detect.tables import build
from scanner.packs import load_pack

TABLES = build(load_pack())
DIGITS = st.text("0123456789", max_size=17)
STARTS = st.sampled_from(
    ["", "03", "923", "0092", "009203", "92923", "1103", "35", "35202", "86", "01", "410", "00", "9"]
)
TWO = st.integers(0, 70).map("{:02d}".format) | st.integers(0, 32).map(str)
YEAR = st.sampled_from(["2024", "1999", "1899", "2101", "24"])
MOMENTS = st.tuples(
    st.tuples(YEAR, TWO, TWO) | st.tuples(TWO, TWO, YEAR), st.sampled_from("-/."),
    st.sampled_from(["", " ", "T"]), st.lists(TWO, max_size=3).map(":".join),
    st.sampled_from(["", ".000", ".123456", "Z", "+05:00", " PM"]),
).map(lambda one: one[1].join(one[0]) + "".join(one[2:]))  # fmt: skip
DECIMALS = st.tuples(st.sampled_from(["", "-", "+", "0"]), DIGITS, st.sampled_from(["", "."]), DIGITS).map("".join)
WORDS = st.sampled_from(
    ["Incoming", "410-01-1001-10093", "410-1-2", "410-06-11-1-1", "F", "AB1234567", "PK301", "a@b.pk", "x" * 33,
     "0300-1234567", " 12", "1706745600", "1706745600000", "1706745600000000", "45000", "خان", "x\x00", "x"]
)  # fmt: skip
CELL = st.builds("{}{}".format, STARTS, DIGITS) | MOMENTS | DECIMALS | WORDS | st.text("0123456789.-:/ TZ", max_size=34)


def profiled(cells: list[str], general: bool) -> dict[str, Any]:
    """Everything that a pass over the cells, each many times over, yields."""
    made = ColumnProfile()
    with pytest.MonkeyPatch.context() as patch:
        if general:
            patch.setattr("scanner.detect.profile.is_compiled", lambda: False)
        made.scan(pa.array([cell.encode() for cell in cells], pa.binary()), TABLES, 0, 0)
    arrays = ("counts", "lengths", "lead", "extremes", "rule_counts", "lex_counts", "times")
    sets = {code: held.keys().tolist() for code, held in sorted(made.sets.items())}
    return {**{name: getattr(made, name).tolist() for name in arrays}, "sets": sets}


@pytest.fixture(autouse=True)
def machine_code() -> None:
    compiled.compile_all()


@settings(max_examples=300, deadline=None)
@given(st.lists(CELL, max_size=30), st.integers(1, 3))
def test_quick_and_general_agree(cells: list[str], times: int) -> None:
    cells = cells * times + ["padding, so that words can be loaded from every cell"]
    assert profiled(cells, general=False) == profiled(cells, general=True)


def test_numbers_that_begin_alike_but_need_more_digits_to_tell() -> None:
    cells = ["00923447789837", "00948165360293", "009203001234567", "410011234567890", "00410012345678"] * 40
    assert profiled(cells, general=False) == profiled(cells, general=True)


def test_more_different_cells_than_can_be_gathered() -> None:
    cells = [f"word {n * 7919 % 30011}" for n in range(25_000)] + ["again"] * 500
    assert profiled(cells, general=False) == profiled(cells, general=True)


def test_common_shapes_are_quick() -> None:
    cells = ["923001234567", "2024-01-02 10:11:12", "31.5204", "410-01-1001-10093", "352021234567890"] * 20
    made = ColumnProfile()
    made._ready(TABLES)
    tally = kernels.Tally(
        made.counts, made.lengths, made.lead, made.extremes, made.rule_counts, made.lex_counts, made.times
    )
    sink = kernels.Sink(np.empty(500, np.uint8), np.empty(500, np.int64), np.zeros(2, np.int64), made.times)
    desk = quick.desk_for(TABLES.book)._replace(rest=np.empty((2, 200), np.int32))
    column = next(in_place(pa.array([*cells, *["x" * 40] * 2], pa.binary())))
    assert quick.scan_quick(column.data, column.starts, column.stops, TABLES.book, desk, tally, sink) == (2, 0)
    assert made.counts[kernels.FILLED] == len(cells)
