"""Lines that are passed over hold nothing: the quick way through text finds what the general kernel finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import compiled
from scanner.detect import text
from scanner.detect.profile import ColumnProfile, in_place
from scanner.detect.tables import build
from scanner.packs import load_pack

TABLES = build(load_pack())
NUMBERS = st.sampled_from(
    ["03001234567", "923001234567", "+92 300 1234567", "0300-1234567", "0300 - 1234567", "(042) 35761234", "3001234567",
     "35202-1234567-1", "3520212345671", "410011234567890", "35391811000000", "8992300000000000001", "AB1234567",
     "PK36SCBL0000001123456702", "PK36 SCBL 0000 0011 2345 6702", "10.0.12.7", "a@b.pk", "2024-01-01 00:00:03",
     "2024010112", "0300\n1234567", "0092-300-123 45 67", "۰۳۰۰۱۲۳۴۵۶۷", "1,234,567,890", "٣"]
)  # fmt: skip
PIECE = NUMBERS | st.text("0123456789", max_size=26) | st.text("0123456789 -.()+:/_@PKAx\n", max_size=14)
LINE = st.lists(PIECE | st.sampled_from([" ", "call ", "ok", "x" * 61, "M", "ab", "-", ": ", ") "]), max_size=9)
TAIL = "nothing in here, so that lines before it can be read 64 bytes at a time " * 2


def found(lines: list[str], general: bool) -> tuple[Any, ...]:
    """Everything that a pass over the lines yields."""
    made = ColumnProfile()
    with pytest.MonkeyPatch.context() as patch:
        if general:
            patch.setattr("scanner.detect.profile.is_compiled", lambda: False)
        made.scan(pa.array([line.encode() for line in lines], pa.binary()), TABLES, 0, 0, text_only=True)
    sets = {code: held.keys().tolist() for code, held in sorted(made.sets.items())}
    return made.counts.tolist(), made.times.tolist(), sets


@pytest.fixture(autouse=True)
def machine_code() -> None:
    compiled.compile_all()


@settings(max_examples=400, deadline=None)
@given(st.lists(LINE.map("".join), max_size=20))
def test_quick_and_general_agree(lines: list[str]) -> None:
    lines = [*lines, TAIL]
    assert found(lines, general=False) == found(lines, general=True)


@pytest.mark.parametrize("pad", range(0, 70, 3))
def test_number_is_found_wherever_it_lies_in_the_64_bytes(pad: int) -> None:
    lines = ["y" * pad + " " + number for number in ("0300-1234567", "35202-1234567-1", "AB1234567", "10.0.12.7")]
    counts, times, sets = found([*lines, TAIL], general=False)
    assert sum(times) == len(lines) == sum(map(len, sets.values()))
    assert (counts, times, sets) == found([*lines, TAIL], general=True)


def test_plain_lines_are_passed_over() -> None:
    lines = ["[2024-01-01 00:00:03] Adeel: kal milte hain", "rate kya hai? 4 din", "", TAIL, TAIL]
    made = ColumnProfile()
    made.ready(TABLES)
    cells = next(in_place(pa.array([line.encode() for line in lines], pa.binary())))
    rest = np.empty((2, len(lines)), np.int32)
    sizes = text.sizes_of(TABLES.book)
    # the last line alone ends too near to the buffer's end
    assert text.pass_over(cells.data, cells.starts, cells.stops, sizes, made.counts, rest) == 1
