"""Rows that fill columns together, and dates of birth: against a count row by row, in any order of pieces."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.detect.profile import in_place
from scanner.detect.rows import MOST_COLUMNS, MOST_DATES, Births, Together, birth_words, says_birth
from scanner.packs import load_pack

cells = st.one_of(st.none(), st.just(""), st.text("ab", min_size=1, max_size=3))
rows = st.lists(st.tuples(cells, cells, cells), min_size=0, max_size=12)


@given(st.lists(rows, max_size=4), st.booleans())
@settings(max_examples=100, deadline=None)
def test_pairs_are_those_of_the_rows(pieces: list[list[tuple[str | None, ...]]], backwards: bool) -> None:
    parts = []
    for piece in pieces:
        made = Together()
        made.scan([0, 1, 2], [pa.array([row[at] for row in piece], pa.string()) for at in range(3)], len(piece))
        parts.append(made)
    whole = Together()
    for part in reversed(parts) if backwards else parts:
        whole.update(part)
    for one, other in ((0, 1), (1, 2), (2, 0)):
        want = sum(bool(row[one]) and bool(row[other]) for piece in pieces for row in piece)
        assert whole.both(one, other) == want


def test_columns_that_cannot_be_counted_say_so() -> None:
    made = Together()
    wide = [pa.array(["x", None])] * (MOST_COLUMNS + 1)
    made.scan([*range(MOST_COLUMNS + 1)], wide, 2)
    assert made.both(0, 1) == 1
    assert made.both(0, MOST_COLUMNS) is None
    nested = Together()
    nested.scan(["a", "b"], [pa.array(["x"]), pa.array(["y", "z", "w"])], 1)
    assert nested.both("a", "b") is None


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.binary(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())], ids=str
)
def test_every_kind_of_text_is_counted(kind: pa.DataType) -> None:
    made = Together()
    column = pa.array(["x", "", None, "y"], pa.string()).cast(kind)
    made.scan(["a", "b"], [column, pa.array([1, 2, 3, None], pa.int64())], 4)
    assert made.both("a", "b") == 1
    made.scan(["a", "b"], [pa.chunked_array([column[3:], column[3:]]), pa.array([1, 2])], 2)
    assert made.both("a", "b") == 3


def births(texts: list[str], kind: pa.DataType | None = None) -> Births:
    made = Births()
    made.scan("dob", in_place(pa.array(texts, kind or pa.string())))
    return made


@pytest.mark.parametrize(
    ("texts", "minors"),
    [
        (["2010-05-01", "1980-05-01", "2007-01-02"], 2),
        (["01/05/2010", "13/05/1980", "01/12/2005"], 1),
        (["05/13/2010", "05/01/1980"], 1),  # the month first
        (["01-May-2010", "May 1, 1980"], 1),
        (["20100501", "19800501"], 1),
        (["2010-05-01T00:00:00", "2010-05-01 00:00"], 2),
        (["", "unknown", "0000-00-00", "2010-13-45"], 0),
        (["2006-01-01"], 0),  # eighteen that day
        (["2006-01-02"], 1),
        (["2030-01-01"], 0),  # not born yet
    ],
)
def test_minors(texts: list[str], minors: int) -> None:
    assert births(texts).younger_than(18, date(2024, 1, 1)) == minors


def test_typed_dates_and_parts_in_any_order() -> None:
    one = births([date(2010, 5, 1), date(1980, 1, 1)], pa.date32())  # type: ignore[list-item]
    other = births(["2012-01-01"] * 3)
    forth, back = Births(), Births()
    for made, order in ((forth, (one, other)), (back, (other, one))):
        for part in order:
            made.update(part)
    assert forth.younger_than(18, date(2024, 1, 1)) == back.younger_than(18, date(2024, 1, 1)) == 4


def test_a_column_of_too_many_different_cells_is_let_go() -> None:
    many = births([f"x{n}" for n in range(MOST_DATES + 1)])
    few = births(["2010-01-01"])
    for made, other in ((many, few), (few, many)):
        made.update(other)
        assert made.younger_than(18, date(2024, 1, 1)) == 0


def test_headers_of_birth() -> None:
    words = birth_words(load_pack())
    assert says_birth("Date of Birth", words)
    assert says_birth("person.dob", words)
    assert not says_birth("Activation Date", words)
