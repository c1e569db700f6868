"""Texts that are passed over count what the general kernel counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import compiled
from scanner.detect import kernels, words
from scanner.detect.profile import ColumnProfile, in_place
from scanner.detect.tables import build
from scanner.packs import load_pack
from tests.detect.test_quick import told

TABLES = build(load_pack())
WORD = st.sampled_from(
    ["House", "street", "Lahore", "G-9/1", "Cantt", "Khan", "MUHAMMAD", "Bibi", "Incoming", "Male", "Pakistan",
     "Torkham", "March", "Monday", "Jan", "UTC", "pm", "T", "tel:", "Tel", "PK", "PK36SCBL", "XXX", "xxxx", "Abc",
     "deadbeef", "communicationsoffice", "sec", "5 mins", "P.O. Box", "D'Souza", "-1234-", "0300-1234567",
     "03001234567", "35202", "1234567-1", "AB1234567", "31.52", "74.35", "10:20:30", "2024-01-05", "5", "12", "54000",
     "1234567", "a@b.pk", "@", "خان", "é", "\t", '"', "'", "=", "#", "/", ",", ".", "(", "", "  ", "x" * 40]
)  # fmt: skip
CELL = (
    st.lists(WORD, min_size=1, max_size=8).flatmap(
        lambda some: st.sampled_from([" ", ", ", "", "-"]).map(lambda gap: gap.join(some))
    )
    | st.text("abkpxPXTM0123 -:.,'", max_size=70)
    | st.text(max_size=40)
)


def scanned(cells: list[str], general: bool, weights: list[int] | None = None) -> dict[str, Any]:
    """What the kernels yield of a column."""
    column = next(in_place(pa.array([cell.encode() for cell in cells], pa.binary())))
    made = ColumnProfile()
    with pytest.MonkeyPatch.context() as patch:
        if general:
            patch.setattr("scanner.detect.profile.is_compiled", lambda: False)
        made._general(column, np.array(weights or [], np.int64), TABLES)
    return told(made)


@pytest.fixture(autouse=True)
def machine_code() -> None:
    compiled.compile_all()


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(CELL, st.integers(1, 9)), min_size=1, max_size=20), st.booleans())
def test_quick_and_general_agree(rows: list[tuple[str, int]], weighted: bool) -> None:
    rows = [*rows, ("padding, so that the cells before it can be read 64 bytes at a time " * 3, 1)]
    cells, weights = [cell for cell, _ in rows], [weight for _, weight in rows] if weighted else None
    assert scanned(cells, False, weights) == scanned(cells, True, weights)


@pytest.mark.parametrize("word", ["House", "Faisalabad", "communications", "communicationsoffice", "mohallah"])
@pytest.mark.parametrize("pad", [*range(0, 61, 7), 63, 64, 65])
def test_word_counts_wherever_it_stands(word: str, pad: int) -> None:
    cells = [f"{'Xy ' * 30}"[:pad] + word, word.upper(), f"{word} {pad} {word}", "z" * 300]
    assert scanned(cells, False) == scanned(cells, True)


@pytest.mark.parametrize(
    "cell",
    ["Friday 05 March 2024", "March 5 2024 10:20 PM", "Monday, 05 Jan 2024 10:20:30 UTC", "Wednesday 2024 12 12",
     "xxxxxxxx 1234567", "XXXX XX 123 - 4", "PK36 SCBL 0000 0011 2345 6702", "abcdefg -1234-5678 9abc-123456789abc",
     "call me at 0300 1234567", "call 0300-1234567 or write", "lies at 31.5204 and 74.3587", "tel:house 12 street 7",
     "Street 19, AB1234567", "deadbeefdeadbeefdeadbeefdead", "LAHORE", "Lahore", "Khan ", "House no 12 ",
     "Saudi Arabia", "Peter 5 hours", "United Arab Emirates", "House 1 Street 35202 1234567 1", "O'Brien",
     "Pakistan\tZindabad"],
)  # fmt: skip
def test_what_might_be_more_than_a_text_counts_as_ever(cell: str) -> None:
    cells = [cell, cell.lower(), cell.upper(), f"{cell} and", f"at {cell}", "z" * 300]
    assert scanned(cells, False) == scanned(cells, True)


def test_names_and_addresses_are_passed_over() -> None:
    cells = ["House 73, Street 19, Hayatabad, Faisalabad", "Adeel Abbasi", "Flat 12-B, Block 4, Gulshan, Karachi 75300"]
    held = next(in_place(pa.array([cell.encode() for cell in [*cells, "\t" * 200]], pa.binary())))
    made = ColumnProfile()
    made.ready(TABLES)
    rest, once = np.empty((2, len(held)), np.int32), np.zeros(0, np.int64)
    left = words.pass_over(
        held.data, held.starts, held.stops, once, TABLES.book, TABLES.sizes, words.memory(), made.counts,
        made.lex_counts, rest, once,
    )  # fmt: skip
    assert left == 1
    assert made.counts[[kernels.FILLED, kernels.WORDS, kernels.TEXT]].tolist() == [3, 1, 2]
