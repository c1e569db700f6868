import time
from dataclasses import replace

import pytest

from scanner.packs import load_pack
from scanner.packs.check import check_pack, matches_expression, matches_notation
from scanner.packs.schema import Expression, Negative, Notation
from scanner.terms import ColumnType

PACK = load_pack()


def test_the_built_in_pack_has_no_fault() -> None:
    assert check_pack(PACK) == []


@pytest.mark.parametrize("notation", PACK.notations, ids=lambda n: n.id)
def test_notation_examples(notation: Notation) -> None:
    assert all(matches_notation(notation, value, PACK.tables) for value in notation.positive)
    assert not any(matches_notation(notation, one.value, PACK.tables) for one in notation.negative)


@pytest.mark.parametrize("expression", PACK.expressions, ids=lambda e: e.id)
def test_expression_examples(expression: Expression) -> None:
    assert all(matches_expression(expression, value) for value in expression.positive)
    assert not any(matches_expression(expression, one.value) for one in expression.negative)


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|aa)+b", "(?:[a-z]+-?)+b"])
def test_an_expression_that_backtracks_is_refused_quickly(pattern: str) -> None:
    bad = Expression(
        "bad", ColumnType.OTHER, "bad", pattern, "", 1, "never", ("test",), ("aaaab",), (Negative("c", "c"),)
    )
    began = time.monotonic()
    faults = check_pack(replace(PACK, expressions=(bad,)))
    assert ["backtracks" in fault.message for fault in faults] == [True]
    assert time.monotonic() - began < 5


def test_faults_of_entries() -> None:
    one = PACK.notations[0]
    faults = check_pack(
        replace(
            PACK,
            notations=(
                one,
                replace(one, source=()),
                replace(one, id="none", positive=(), negative=()),
                replace(one, id="wrong", positive=("12",), negative=(Negative("03001234567", "it does match"),)),
                replace(one, id="table", component="gone"),
            ),
            headers=(PACK.headers[0], replace(PACK.headers[0], role="again")),
        )
    )
    texts = [f"{fault.entry}: {fault.message}" for fault in faults]
    for part in ("more than once", "no source", "no positive", "no negative", "positive example 1",
                 "negative example 1", "'gone'", "stands under"):  # fmt: skip
        assert any(part in text for text in texts), part


def test_one_number_has_one_key_in_every_notation() -> None:
    keys = {
        value: digits[notation.strip :]
        for notation in PACK.notations
        if notation.column_type is ColumnType.MSISDN
        for value in notation.positive
        if (digits := "".join(c for c in value if c.isdigit())).endswith("3001234567")
    }
    assert len(keys) >= 15
    assert set(keys.values()) == {"3001234567"}
