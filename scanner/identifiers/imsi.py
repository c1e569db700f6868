"""IMSI of Pakistani SIMs. Sources: 3GPP TS 23.003; ITU-T E.212 (410)."""

from __future__ import annotations

from collections.abc import Container

from scanner.identifiers.compacting import IdentifierError, codes, digits_of


def compact(text: str) -> str:
    """The digits.

    >>> compact("410-01-0123456789")
    '410010123456789'

    Raises:
        IdentifierError: something other than digits and separators stands in it.
    """
    return digits_of(text)


def validate(text: str, networks: Container[str] | None = None) -> str:
    """The fifteen digits; `networks` are country and network codes such as `41001` (default: table `mnc`).

    >>> validate("410060123456789")
    '410060123456789'

    Raises:
        IdentifierError: it is no IMSI of a Pakistani network.
    """
    number = compact(text)
    if len(number) != 15:
        raise IdentifierError("does not have fifteen digits")
    if number[:5] not in (codes("mnc") if networks is None else networks):
        raise IdentifierError("does not begin with the code of a Pakistani network")
    return number


def is_valid(text: str, networks: Container[str] | None = None) -> bool:
    """Whether `validate` accepts the text; never raises."""
    try:
        validate(text, networks)
    except IdentifierError:
        return False
    return True
