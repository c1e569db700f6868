"""Machine-readable passports: two letters and seven digits since 2004. Source: ICAO Doc 9303."""

from __future__ import annotations

import re

from scanner.identifiers.compacting import IdentifierError, plain

_SHAPE = re.compile(r"[A-Z]{2}[0-9]{7}")


def compact(text: str) -> str:
    """Capital letters and digits without spaces and dashes.

    >>> compact("ab 1234567")
    'AB1234567'
    """
    return re.sub(r"[\s-]+", "", plain(text)).upper()


def validate(text: str) -> str:
    """Two letters and seven digits; other countries use the same shape.

    >>> validate("AB1234567")
    'AB1234567'

    Raises:
        IdentifierError: it has another shape.
    """
    number = compact(text)
    if not _SHAPE.fullmatch(number):
        raise IdentifierError("is not two letters and seven digits")
    return number


def is_valid(text: str) -> bool:
    """Whether `validate` accepts the text; never raises."""
    try:
        validate(text)
    except IdentifierError:
        return False
    return True
