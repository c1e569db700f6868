"""Numbers of Pakistani SIM cards. Source: ITU-T E.118."""

from __future__ import annotations

from scanner.identifiers.checksums import luhn
from scanner.identifiers.compacting import IdentifierError, digits_of, plain


def compact(text: str) -> str:
    """The digits, without a filler `F` at the end.

    >>> compact("8992 0101 2345 6789 01F")
    '899201012345678901'

    Raises:
        IdentifierError: something other than digits and separators stands in it.
    """
    return digits_of(plain(text).rstrip("Ff"))


def validate(text: str) -> str:
    """Nineteen or twenty digits with their check digit.

    >>> validate("8992010123456789013")
    '8992010123456789013'

    Raises:
        IdentifierError: it is no number of a Pakistani SIM card.
    """
    number = compact(text)
    if len(number) not in (19, 20):
        raise IdentifierError("does not have nineteen or twenty digits")
    if not number.startswith("8992"):
        raise IdentifierError("does not begin with 89 (telecom) and 92 (Pakistan)")
    if not luhn(number):
        raise IdentifierError("its check digit is wrong")
    return number


def is_valid(text: str) -> bool:
    """Whether `validate` accepts the text; never raises."""
    try:
        validate(text)
    except IdentifierError:
        return False
    return True
