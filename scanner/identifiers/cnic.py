"""CNIC, NICOP and B-form numbers.

Sources: NADRA locality codes; python-stdnum pk.cnic for the provinces 1 to 7, 8 is Azad Kashmir.
"""

from __future__ import annotations

from scanner.identifiers.compacting import IdentifierError, codes, digits_of


def compact(text: str) -> str:
    """The digits.

    >>> compact("35202-1234567-1")
    '3520212345671'

    Raises:
        IdentifierError: something other than digits and separators stands in it.
    """
    return digits_of(text)


def validate(text: str, strict: bool = False) -> str:
    """The thirteen digits; `strict` asks for a locality code that is known.

    There is no check digit. A number whose locality is not listed may well be real: the list is incomplete.

    >>> validate("42101 1234567 2", strict=True)
    '4210112345672'

    Raises:
        IdentifierError: it is no such number.
    """
    number = compact(text)
    if len(number) != 13:
        raise IdentifierError("does not have thirteen digits")
    if number[0] not in "12345678":
        raise IdentifierError("its first digit is no province")
    if strict and number[:5] not in codes("cnic_locality"):
        raise IdentifierError("its locality code is not known")
    return number


def sex(text: str) -> str:
    """`male` or `female`, by the last digit.

    >>> sex("35202-1234567-1"), sex("35202-1234567-2")
    ('male', 'female')

    Raises:
        IdentifierError: it is no CNIC.
    """
    return "male" if int(validate(text)[-1]) % 2 else "female"


def is_valid(text: str, strict: bool = False) -> bool:
    """Whether `validate` accepts the text; never raises."""
    try:
        validate(text, strict)
    except IdentifierError:
        return False
    return True
