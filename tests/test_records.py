"""Records with some fields changed are those that the standard library makes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.model import Column
from scanner.records import changed
from scanner.terms import ColumnType


@pytest.mark.parametrize("given", [{}, {"role": "caller"}, {"name": "b", "samples": ("x",), "type": ColumnType.MSISDN}])
def test_changed_is_what_replace_makes(given: dict[str, object]) -> None:
    column = Column(3, "a", rows_filled=7, samples=("u", "v"))
    assert changed(column, **given) == replace(column, **given)  # type: ignore[arg-type]
    assert column == Column(3, "a", rows_filled=7, samples=("u", "v"))


def test_a_name_that_is_no_field_is_refused() -> None:
    with pytest.raises(KeyError):
        changed(Column(0, None), nothing=1)
