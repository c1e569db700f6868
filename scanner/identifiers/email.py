"""E-mail addresses. Source: RFC 5321, section 4.5.3.1 for the lengths."""

from __future__ import annotations

import re

from scanner.identifiers.compacting import IdentifierError, plain

_SHAPE = re.compile(r"[a-z0-9._%+\-]{1,64}@(?:[a-z0-9](?:[a-z0-9\-]{0,62})\.){1,8}[a-z]{2,24}")


def compact(text: str) -> str:
    """Lower case, without `mailto:` and angle brackets.

    >>> compact("<Someone@Example.com>")
    'someone@example.com'
    """
    return plain(text).removeprefix("<").removesuffix(">").lower().removeprefix("mailto:")


def validate(text: str) -> str:
    """The address in lower case.

    >>> validate("first.last+tag@mail.example.pk")
    'first.last+tag@mail.example.pk'

    Raises:
        IdentifierError: it is no address.
    """
    address = compact(text)
    if len(address) > 254 or not _SHAPE.fullmatch(address):
        raise IdentifierError("is not a local part, an at sign and a domain")
    return address


def is_valid(text: str) -> bool:
    """Whether `validate` accepts the text; never raises."""
    try:
        validate(text)
    except IdentifierError:
        return False
    return True
