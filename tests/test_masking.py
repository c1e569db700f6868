"""What masks show, and what they must never show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.masking import MAX_SHOWN, Digester, mask_text, mask_value
from scanner.terms import ColumnType

#: A value of each kind that must not be readable from its mask, and its mask.
VALUES = [
    (ColumnType.MSISDN, "03001234567", "0300*****67"),
    (ColumnType.MSISDN, "3001234567", "300*****67"),
    (ColumnType.MSISDN, "923001234567", "9230******67"),
    (ColumnType.MSISDN, "0300-1234567", "0300-*****67"),
    (ColumnType.MSISDN, "(0300) 123 4567", "(0300) *** **67"),
    (ColumnType.MSISDN, "923001234567.0", "9230******67"),
    (ColumnType.MSISDN, "0300****567", "0300*****67"),
    (ColumnType.MSISDN, "9.23001E+11", "9.23***E+11"),
    (ColumnType.MSISDN, "923001234567@c.us", "9230******67"),
    (ColumnType.MSISDN, "d41d8cd98f00b204e9800998ecf8427e", "d4***(32 characters)"),
    (ColumnType.CNIC, "35202-1234567-1", "352**-*******-1"),
    (ColumnType.IMSI, "410011234567890", "41001********90"),
    (ColumnType.PASSPORT, "AB1234567", "AB*****67"),
    (ColumnType.EMAIL, "ali.khan@example.com", "a***@e***.com"),
    (ColumnType.IBAN, "PK36SCBL0000001123456702", "PK36SCBL**************02"),
    (ColumnType.IP_ADDRESS, "39.40.12.3", "39.40.*.*"),
    (ColumnType.PERSON_NAME, "Ali Khan", "A*** K***"),
    (ColumnType.ADDRESS, "House 12, Street 4", "H*** **, S*** *"),
    (ColumnType.DATE_OF_BIRTH, "1985-03-02", "1985-**-**"),
    (ColumnType.LATITUDE, "31.52034", "31.5****"),
    (ColumnType.TIMESTAMP, "2024-01-05 12:30:00", "2024-01-05 12:30:00"),
    (ColumnType.FREE_TEXT, "Ali rang 0300-1234567", "A*** r*** ****-*******"),
    (ColumnType.COUNTRY, "PAK", "PAK"),
    (ColumnType.OTHER, "Prepaid", "Pr****"),
]

#: Text around a number → what of it may be shown.
TEXTS = [
    ("case/03001234567.csv", "case/0300*****67.csv"),
    ("35202-1234567-1.json", "3520*-******7-1.json"),
    ("1,234,567 rows", "1,234,567 rows"),
    ("2024-01-05 to 2024-02-05", "2024-01-05 to 2024-02-05"),
    ("a.b@example.com.txt", "a***@e***.txt"),
    ("AB1234567 passport", "AB*****67 passport"),
]


@pytest.mark.parametrize(("kind", "value", "mask"), VALUES, ids=lambda v: str(v))
def test_mask_value_shows_the_kind_and_hides_the_one(kind: ColumnType, value: str, mask: str) -> None:
    assert mask == mask_value(value, kind)


@pytest.mark.parametrize(("text", "mask"), TEXTS)
def test_mask_text_stars_out_numbers_and_leaves_the_rest(text: str, mask: str) -> None:
    assert mask == mask_text(text)


@given(st.sampled_from(list(ColumnType)), st.text(max_size=80))
def test_mask_value_never_raises_and_is_short(kind: ColumnType, text: str) -> None:
    assert len(mask_value(text, kind)) <= MAX_SHOWN


SHAPES = st.one_of(
    st.from_regex(r"(\+?92|0|0092)?-?3[0-9]{2}[- ]?[0-9]{7}", fullmatch=True),
    st.from_regex(r"[1-8][0-9]{4}-?[0-9]{7}-?[0-9]", fullmatch=True),
    st.from_regex(r"41001[0-9]{10}", fullmatch=True),
    st.from_regex(r"8992[0-9]{15}", fullmatch=True),
    st.from_regex(r"[\u06f0-\u06f9]{11}", fullmatch=True),
    st.from_regex(r"[A-Z]{2}[0-9]{7}", fullmatch=True),
)


@given(st.sampled_from(list(ColumnType)), SHAPES)
def test_a_mask_hides_five_digits_and_keeps_so_when_masked_again(kind: ColumnType, value: str) -> None:
    mask = mask_value(value, kind)
    shown, held = sum(c.isdecimal() for c in mask), sum(c.isdecimal() for c in value)
    assert shown <= held - 4
    assert mask == mask_value(mask, kind)


@given(st.text("/ _!", max_size=6), SHAPES, st.text("ab/ _!", max_size=6))
def test_mask_text_leaves_no_whole_number_and_is_stable(before: str, value: str, after: str) -> None:
    mask = mask_text(before + value + after)
    assert value not in mask
    assert mask == mask_text(mask)


def test_digest_under_another_key_is_another_digest() -> None:
    first, second = Digester(b"k" * 16), Digester(b"l" * 16)
    assert first.digest("923001234567") == first.digest("923001234567")
    assert first.digest("923001234567") != second.digest("923001234567")
    assert Digester.random().digest("x") != Digester.random().digest("x")
    with pytest.raises(ValueError, match="16 bytes"):
        Digester(b"short")
