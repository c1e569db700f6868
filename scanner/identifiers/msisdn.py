"""Pakistani mobile numbers. Sources: ITU-T E.164; libphonenumber 9.0, region PK."""

from __future__ import annotations

from collections.abc import Container

from scanner.identifiers.compacting import IdentifierError, codes, digits_of

_ROUTING = ("640", "110", "38", "40")


def compact(text: str) -> str:
    """The ten-digit national number `3NNxxxxxxx` behind a notation, as far as it can be found; else its digits.

    >>> [compact(t) for t in ("0300-1234567", "+92 (0)300 1234567", "0092923001234567", "640923001234567")]
    ['3001234567', '3001234567', '3001234567', '3001234567']

    Raises:
        IdentifierError: something other than digits and separators stands in it.
    """
    digits = digits_of(text)
    for prefix in ("", *_ROUTING):
        if not digits.startswith(prefix):
            continue
        rest = digits[len(prefix) :]
        if len(rest) > 10 and not prefix:
            rest = rest.removeprefix("00")
            if rest.startswith("092"):
                rest = rest[1:]
        for _ in range(2):
            if len(rest) > 10:
                rest = rest.removeprefix("92")
        if len(rest) == 11 and not prefix:
            rest = rest.removeprefix("0")
        if len(rest) == 10 and rest.startswith("3"):
            return rest
    return digits


def validate(text: str, ndc: Container[str] | None = None) -> str:
    """The ten-digit national number; `ndc` are the three-digit codes in use (default: table `mobile_ndc`).

    >>> validate("00923451234567")
    '3451234567'

    Raises:
        IdentifierError: it is no Pakistani mobile number.
    """
    number = compact(text)
    if len(number) != 10 or number[0] != "3":
        raise IdentifierError("is not 3 and nine digits after the country code or the trunk zero")
    if number[:3] not in (codes("mobile_ndc") if ndc is None else ndc):
        raise IdentifierError("its three-digit code is not allocated to mobile networks")
    return number


def is_valid(text: str, ndc: Container[str] | None = None) -> bool:
    """Whether `validate` accepts the text; never raises."""
    try:
        validate(text, ndc)
    except IdentifierError:
        return False
    return True
