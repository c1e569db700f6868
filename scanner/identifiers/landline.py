"""Pakistani fixed-line numbers. Source: libphonenumber 9.0, region PK; plan since July 2009."""

from __future__ import annotations

from scanner.identifiers.compacting import IdentifierError, codes, digits_of

#: Table of area codes, digits of a code, digits of a subscriber number.
_PLAN = (
    ("area_code2_8", 2, (8,)),
    ("area_code2_7", 2, (7, 8)),
    ("area_code3", 3, (6, 7)),
    ("area_code4", 4, (6,)),
    ("uan_area", 5, (6,)),
)


def compact(text: str) -> str:
    """Area code and subscriber number without country code and trunk zero.

    >>> compact("+92-21-34567890"), compact("(051) 1234567")
    ('2134567890', '511234567')

    Raises:
        IdentifierError: something other than digits and separators stands in it.
    """
    digits = digits_of(text)
    if digits.startswith("0092"):
        digits = digits[4:]
    elif digits.startswith("92") and len(digits) >= 11:
        digits = digits[2:]
    return digits.removeprefix("0")


def validate(text: str) -> str:
    """Area code and subscriber number.

    >>> validate("0992-123456")
    '992123456'

    Raises:
        IdentifierError: it is no Pakistani fixed-line number.
    """
    number = compact(text)
    for table, size, lengths in _PLAN:
        if len(number) - size in lengths and number[:size] in codes(table):
            return number
    raise IdentifierError("no area code fits, or the subscriber number has another length")


def is_valid(text: str) -> bool:
    """Whether `validate` accepts the text; never raises."""
    try:
        validate(text)
    except IdentifierError:
        return False
    return True
