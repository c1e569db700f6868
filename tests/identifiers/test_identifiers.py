import doctest
import importlib
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import damm
from stdnum.gb import nhs
from stdnum.iso7064 import mod_11_10, mod_97_10
from stdnum.no import kontonr

from scanner.identifiers import VALIDATORS, checksums, msisdn
from scanner.packs import load_pack
from scanner.terms import ColumnType

MODULES = (
    "checksums",
    "compacting",
    *(name for name in VALIDATORS if name not in checksums.CHECKS),
)


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"scanner.identifiers.{name}"))
    assert result.attempted and not result.failed


@given(st.text(max_size=40))
def test_is_valid_never_raises(text: str) -> None:
    assert {type(check(text)) for check in VALIDATORS.values()} == {bool}


@given(st.sampled_from(sorted(load_pack().tables["mobile_ndc"].codes)), st.integers(0, 9_999_999))
def test_every_notation_of_a_number_compacts_to_it(code: str, rest: int) -> None:
    number = f"{code}{rest:07d}"
    for prefix in ("", "0", "92", "+92", "0092", "920", "00920", "9292", "00929292"[:6], "092", "64092", "3892"):
        assert msisdn.validate(prefix + number) == number
    assert not msisdn.is_valid("91" + number)


@given(st.text("0123456789", min_size=1, max_size=25), st.data())
def test_check_digits_notice_one_wrong_digit(body: str, data: st.DataObject) -> None:
    for check in (checksums.luhn, checksums.verhoeff):
        whole = next(body + d for d in "0123456789" if check(body + d))
        place = data.draw(st.integers(0, len(whole) - 1))
        other = data.draw(st.sampled_from([d for d in "0123456789" if d != whole[place]]))
        assert not check(whole[:place] + other + whole[place + 1 :])


@pytest.mark.parametrize(
    "kind",
    [ColumnType.MSISDN, ColumnType.LANDLINE, ColumnType.CNIC, ColumnType.IMSI],
)
def test_validators_agree_with_the_pack(kind: ColumnType) -> None:
    for notation in load_pack().notations:
        if notation.column_type is kind:
            assert all(VALIDATORS[kind.value](value) for value in notation.positive), notation.id


@pytest.mark.parametrize(
    ("check", "digits", "oracle"),
    [
        (checksums.damm, 9, damm.is_valid),
        (checksums.mod97, 11, mod_97_10.is_valid),
        (checksums.mod11, 10, nhs.is_valid),
        (checksums.mod11_7, 11, kontonr.is_valid),
        (checksums.mod11_10, 9, mod_11_10.is_valid),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_check_digits_are_those_of_stdnum(
    check: Callable[[str], bool], digits: int, oracle: Callable[[str], bool]
) -> None:
    dice = random.Random(digits)
    texts = ["1" + "".join(dice.choices("0123456789", k=digits - 1)) for _ in range(400)]
    assert [check(text) for text in texts] == [oracle(text) for text in texts]
    assert any(map(check, texts))
