"""Rarer cells, one shape a kernel."""

from __future__ import annotations

import numpy as np
import pytest

from scanner.compiled import kernels
from scanner.detect import shapes

KERNELS = {one.function.__name__: one for one in kernels()}


def asked(name: str, cell: str) -> int:
    """The answer of a kernel, which must be the same plain and compiled."""
    data = np.frombuffer(cell.encode(), np.uint8)
    found = KERNELS[name].interpreted(data, 0, len(data))
    assert found == KERNELS[name].machine(data, 0, len(data))
    return int(found)


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("410-01-412-17611", shapes.PAKISTANI_CELL),
        ("410_06_20511_128686112", shapes.PAKISTANI_CELL),
        ("410.03.412.17611", shapes.PAKISTANI_CELL),
        ("41001-412-17611", shapes.PAKISTANI_CELL),
        ("410-04-128686112", shapes.PAKISTANI_CELL),
        ("404-96-290-17611", shapes.FOREIGN_CELL),
        ("412/17611", shapes.CELL_PAIR),
        ("00412-17611", shapes.CELL_PAIR),
        ("192.168.10.20", shapes.NO_CELL),
        ("410-99-412-17611", shapes.FOREIGN_CELL),
        ("35202-1234567-1", shapes.NO_CELL),
        ("410-01", shapes.CELL_PAIR),
        ("12-A-4", shapes.NO_CELL),
    ],
)
def test_cell_identities(cell: str, found: int) -> None:
    assert asked("cell_identity", cell) == found


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("31°31'12\"N", shapes.A_LATITUDE),
        ("74° 21′ 31.3″ E", shapes.A_LONGITUDE),
        ("N 31.5204", shapes.A_LATITUDE),
        ("74.3587E", shapes.A_LONGITUDE),
        ("31,5204", shapes.A_LATITUDE),
        ("31,5", shapes.NO_POINT),
        ("51°30'N", shapes.NO_POINT),
        ("74.3587 N", shapes.NO_POINT),
        ("12 E 4", shapes.NO_POINT),
        ("1,234", shapes.NO_POINT),
    ],
)
def test_points(cell: str, found: int) -> None:
    assert asked("point", cell) == found


@pytest.mark.parametrize("cell", ["5m 30s", "00h05m30s", "330 sec", "2 mins", "1 hour 5 minutes", "45s", "2d 3h"])
def test_spans_with_units(cell: str) -> None:
    assert asked("spelled_duration", cell)


@pytest.mark.parametrize("cell", ["5x", "m5", "12", "30 metres of", "5 km", "A320", "12:30"])
def test_what_is_no_span(cell: str) -> None:
    assert not asked("spelled_duration", cell)


@pytest.mark.parametrize(
    ("cell", "found"),
    [("A1234567", True), ("AB 1234567", True), ("ab-123456", True), ("ABC123456", False), ("A12345", False),
     ("12345678", False), ("A1234567B", False)],
)  # fmt: skip
def test_document_codes(cell: str, found: bool) -> None:
    assert bool(asked("document_code", cell)) is found
