"""IMEI of devices. Sources: 3GPP TS 23.003; GSMA TS.06."""

from __future__ import annotations

from scanner.identifiers.checksums import luhn
from scanner.identifiers.compacting import IdentifierError, codes, digits_of


def compact(text: str) -> str:
    """The digits.

    >>> compact("35-331011-123456-0")
    '353310111234560'

    Raises:
        IdentifierError: something other than digits and separators stands in it.
    """
    return digits_of(text)


def validate(text: str) -> str:
    """Fifteen digits with their check digit.

    >>> validate("490154203237518")
    '490154203237518'

    Raises:
        IdentifierError: it is no IMEI.
    """
    number = compact(text)
    if len(number) != 15:
        raise IdentifierError("does not have fifteen digits")
    if number[:2] not in codes("imei_reporting_body"):
        raise IdentifierError("its first two digits are no reporting body")
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
