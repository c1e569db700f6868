"""Pakistani IBANs. Sources: SWIFT IBAN registry; ISO/IEC 7064 mod 97-10."""

from __future__ import annotations

import re

from scanner.identifiers.checksums import mod97
from scanner.identifiers.compacting import IdentifierError, plain

_SHAPE = re.compile(r"PK[0-9]{2}[A-Z]{4}[A-Z0-9]{16}")


def compact(text: str) -> str:
    """Capital letters and digits without spaces and dashes.

    >>> compact("pk36 SCBL 0000 0011 2345 6702")
    'PK36SCBL0000001123456702'
    """
    return re.sub(r"[\s-]+", "", plain(text)).upper()


def validate(text: str) -> str:
    """The 24 characters.

    >>> validate("PK36 SCBL 0000 0011 2345 6702")
    'PK36SCBL0000001123456702'

    Raises:
        IdentifierError: it is no Pakistani IBAN.
    """
    number = compact(text)
    if not _SHAPE.fullmatch(number):
        raise IdentifierError("is not PK, two digits, four letters and sixteen characters")
    if not mod97(number[4:] + number[:4]):
        raise IdentifierError("its check digits are wrong")
    return number


def is_valid(text: str) -> bool:
    """Whether `validate` accepts the text; never raises."""
    try:
        validate(text)
    except IdentifierError:
        return False
    return True
