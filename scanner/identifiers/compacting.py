"""What all identifiers share: digits of other scripts, invisible characters, separators, spreadsheet guards."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from scanner.errors import ScannerError

_SEPARATORS = re.compile(r"[\s\-./()_\u2010-\u2015\u2212]+")
_GUARD = re.compile(r'^="(.*)"$')


class IdentifierError(ScannerError, ValueError):
    """A value is no identifier of the kind asked for; the text never holds the value."""


def plain(text: str) -> str:
    """Compatibility forms and digits of any script as ASCII, without invisible characters and spreadsheet guards.

    >>> plain("\\u200e۰۳۰۰-1234567"), plain('="0300"'), plain("'0300")
    ('0300-1234567', '0300', '0300')
    """
    folded = unicodedata.normalize("NFKC", text)
    folded = "".join(
        str(unicodedata.digit(c)) if c.isdecimal() else c for c in folded if unicodedata.category(c) != "Cf"
    ).strip()
    guarded = _GUARD.match(folded)
    return (guarded.group(1) if guarded else folded).removeprefix("'").strip()


def digits_of(text: str) -> str:
    """The digits of a number as it is written.

    Separators, `+`, `tel:`, a float's `.0` and the F that fills up an odd number of packed digits go.

    Raises:
        IdentifierError: something else stands in it.
    """
    found = re.sub(r"\.0+$|(?<=[0-9]{9})[Ff]$", "", plain(text)).removeprefix("tel:")
    found = _SEPARATORS.sub("", found)
    found = found.removeprefix("+")
    if not (found.isascii() and found.isdigit()):
        raise IdentifierError("holds something other than digits and separators")
    return found


@lru_cache(maxsize=64)
def codes(table: str) -> Mapping[str, Mapping[str, str]]:
    """A code table of the built-in rule pack, read at the first call."""
    from scanner.packs import load_pack

    return load_pack().tables[table].codes
