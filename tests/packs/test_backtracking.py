"""Expressions that backtrack are refused, with the text that shows it; others are not, and their needs are facts."""

from __future__ import annotations

from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.errors import PatternError
from scanner.packs import load_pack
from scanner.packs.automaton import ALPHABET, ENDLESS, needs
from scanner.packs.backtracking import fault
from scanner.packs.schema import Expression
from scanner.terms import ColumnType

PACK = load_pack()


def rule(pattern: str, in_text: str = "never") -> Expression:
    return Expression("x.y", ColumnType.OTHER, "x", pattern, "", 1, in_text, ("a test",), (), ())


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+b", "(a|aa)+b", "(?:[a-z]+-?)+b", "(a*)*b", "(a?b?)*c", r"(\w+\s?)*;", "(x+x+)+y",
     r"(?:\d+|\w)+-", "((ab)*c?)*d", r"(\p{L}+|\p{Lu})*;"],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_refused(pattern: str) -> None:
    found = fault(rule(pattern))
    assert found is not None and found.startswith("backtracks"), found


@pytest.mark.parametrize(
    "pattern",
    ["(a++)+b", "(?>a+)+b", r"(?:[A-Za-z0-9\-]{1,63}\.){1,8}[A-Za-z]{2,24}", "([a-z0-9]+[-_.])*[a-z0-9]+",
     "(?:foo|fob)+", "(?:a{2})+", r"(?:KHI|LHE)-\d{2}-\d{7}", r"\p{L}{2}\d{6}", r"(?P<key>\d{5})(?:/\d)?",
     r"(?i)cust[ -]?no\.? ?[0-9]{4,8}", r"(?<!\d)AB\d{6}(?!\d)"],
)  # fmt: skip
def test_what_cannot_is_taken(pattern: str) -> None:
    assert fault(rule(pattern)) is None
    assert fault(rule(pattern, "always")) is None


@pytest.mark.parametrize("pattern", [r"\d+\d+\d+x", r".*a.*b.*c.*d.*e", r"(\w{1,30}-?){1,30}!"])
def test_what_takes_long_on_texts_made_from_it_is_refused(pattern: str) -> None:
    found = fault(rule(pattern))
    assert found is not None and "takes longer than" in found


@pytest.mark.parametrize(
    ("pattern", "says"),
    [("(a", "is no regular expression"), (r"(a)\1", "cannot be checked"), (r"(?:abc){e<=1}", "cannot be checked"),
     ("a*", "fits the empty text"), (r"(?R)?a", "cannot be checked")],
)  # fmt: skip
def test_what_cannot_be_judged_is_refused(pattern: str, says: str) -> None:
    assert says in str(fault(rule(pattern)))


@pytest.mark.parametrize("expression", PACK.expressions, ids=lambda one: one.id)
def test_the_needs_of_an_expression_hold_for_its_positives(expression: Expression) -> None:
    held = needs(expression.pattern)
    for value in expression.positive:
        assert held.width[0] <= len(value) <= held.width[1]
        assert held.digits[0] <= sum(c.isdigit() for c in value) <= held.digits[1]
        assert held.literal in value and held.begins[ord(value[0])] and all(held.taken[ord(c)] for c in value)


_PIECES = st.sampled_from(
    ["a", "[ab]", "b+", "a{2,3}", "(?:ab|c)", r"\d", r"\d{2,}", "x?", ".", "[^a]", "-", r"\p{Lu}", r"\w"]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_PIECES, min_size=1, max_size=5).map("".join), st.text(ALPHABET[32:128] + "aab12", max_size=8))
def test_a_text_that_fits_has_what_the_expression_needs(pattern: str, text: str) -> None:
    held = needs(pattern)
    if text and regex.fullmatch(pattern, text):
        digits = sum(c in "0123456789" for c in text)
        assert held.width[0] <= len(text) <= held.width[1] <= ENDLESS
        assert held.digits[0] <= digits <= held.digits[1]
        assert held.literal in text and held.begins[ord(text[0])] and all(held.taken[ord(c)] for c in text)


def test_a_scan_and_a_test_refuse_it_with_file_and_rule(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        '[[identifier]]\nid = "ref"\nlabel = "reference"\nsource = ["a test"]\n'
        '[[expression]]\nid = "ref.slow"\ncolumn_type = "ref"\nlabel = "slow"\n'
        'pattern = "(a+)+b"\nsource = ["a test"]\n'
    )
    for given_path in (tmp_path, tmp_path / "mine.toml"):
        with pytest.raises(PatternError, match=r"mine\.toml: ref\.slow: backtracks"):
            load_pack(given_path)
