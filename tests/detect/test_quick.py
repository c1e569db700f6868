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
from scanner.detect.profile import ColumnProfile, in_place, scan_grid
from scanner.detect.tables import build
from scanner.ingest.interface import Grid
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
LAID = st.tuples(
    st.sampled_from(["", "+", "(", "00"]), st.sampled_from(["0300", "92", "300", "03", "35202", "352", "410", "1234"]),
    st.lists(st.tuples(st.sampled_from("-- ) .+"), st.text("0123456789", min_size=1, max_size=8)), max_size=4),
).map(lambda one: one[0] + one[1] + "".join(sep + figures for sep, figures in one[2]))  # fmt: skip
WORDS = st.sampled_from(
    ["Incoming", "410-01-1001-10093", "410-1-2", "410-06-11-1-1", "F", "AB1234567", "PK301", "a@b.pk", "x" * 33,
     "0300-1234567", " 12", "1706745600", "1706745600000", "1706745600000000", "45000", "خان", "x\x00", "x"]
)  # fmt: skip
CELL = (
    st.builds("{}{}".format, STARTS, DIGITS)
    | LAID
    | MOMENTS
    | DECIMALS
    | WORDS
    | st.text("0123456789.-:/ TZ", max_size=34)
)


def told(column: ColumnProfile) -> dict[str, Any]:
    """Everything that a pass over cells yields."""
    arrays = ("counts", "lengths", "lead", "extremes", "rule_counts", "lex_counts", "times")
    sets = {code: held.keys().tolist() for code, held in sorted(column.sets.items())}
    return {**{name: getattr(column, name).tolist() for name in arrays}, "sets": sets}


def scanned(column: Any) -> ColumnProfile:
    made = ColumnProfile()
    made.scan(column, TABLES, 0, 0)
    return made


def profiled(cells: list[str], general: bool) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        if general:
            patch.setattr("scanner.detect.profile.is_compiled", lambda: False)
        return told(scanned(pa.array([cell.encode() for cell in cells], pa.binary())))


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


@pytest.mark.parametrize(
    "layout",
    ["35202-1234567-1", "35202 1234567 1", "0300-1234567", "0300 1234567", "+923001234567", "+92-300-1234567",
     "(0300)1234567", "0092 3001234567", "+924235761234", "042-35761234", "352-02-123456", "+4412345678901",
     "1234-1234567890", "410-01-1234567", "300-1234-567", "+92(300)1234567"],
)  # fmt: skip
def test_numbers_with_separators_count_as_ever(layout: str) -> None:
    places = [at for at, char in enumerate(layout) if char.isdigit()]
    cells = []
    for n in range(300):
        text = list(layout)
        for at in places[-(n % len(places)) :]:
            text[at] = str((n * 7919 + at * 31) % 10)
        cells.append("".join(text))
    cells.append("padding, so that words can be loaded from every cell")
    assert profiled(cells, general=False) == profiled(cells, general=True)


def test_common_shapes_are_quick() -> None:
    cells = ["923001234567", "2024-01-02 10:11:12", "31.5204", "410-01-1001-10093", "352021234567890"] * 10
    cells += ["35202-1234567-1", "0300-1234567", "+923001234567", "(0300) 1234567"] * 10
    column = next(in_place(pa.array([*cells, *["x" * 40] * 2], pa.binary())))
    desk = quick.desk_for(TABLES.book, len(TABLES.rule_types))
    finds = quick.Finds(np.empty((1, 500), np.uint8), np.empty((1, 500), np.int64), np.empty((1, 2, 200), np.int32))
    quick.scan_quick(column.data, column.starts[None, :], column.stops[None, :], len(column), TABLES.book, desk, finds)
    assert desk.state[0, 1:3].tolist() == [2, 0]
    assert desk.counts[0, kernels.FILLED] == len(cells)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=30), st.integers(1, 20), st.sampled_from([1, 16]))
def test_columns_together_are_as_one_by_one(rows: list[tuple[str, ...]], times: int, wide: int) -> None:
    """Also where they are more than are passed over together."""
    rows = [row * wide for row in rows] * times
    cells = [[cell.encode() for cell in column] for column in zip(*rows, strict=True)]
    ends = np.cumsum([len(cell) for column in cells for cell in column], dtype=np.int32).reshape(len(cells), -1)
    starts = np.concatenate(([0], ends.reshape(-1)[:-1])).astype(np.int32).reshape(ends.shape)
    data = np.frombuffer(b"".join(map(b"".join, cells)) + b"." * 50, np.uint8)
    grid = Grid(data, starts, ends, len(rows))
    together = [ColumnProfile() for _ in cells]
    for column in together[::2]:  # one that holds counts adds to them, a new one takes what is found
        column.ready(TABLES)
    scan_grid(grid, together, TABLES)
    for column, alone in zip(together, grid.columns(), strict=True):
        assert told(column) == told(scanned(alone))
