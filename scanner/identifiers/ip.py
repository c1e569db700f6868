"""IP addresses. Sources: RFC 791, RFC 4291, RFC 5952."""

from __future__ import annotations

import ipaddress

from scanner.identifiers.compacting import IdentifierError, plain


def compact(text: str) -> str:
    """Lower case, without square brackets.

    >>> compact("[2001:DB8::17]")
    '2001:db8::17'
    """
    return plain(text).removeprefix("[").removesuffix("]").lower()


def validate(text: str) -> str:
    """The address in its shortest form; one of IPv4 that is mapped into IPv6 as the IPv4 address that it is.

    >>> validate("192.0.2.17"), validate("2001:0db8::0017")
    ('192.0.2.17', '2001:db8::17')
    >>> validate("::ffff:10.1.2.3")
    '10.1.2.3'

    Raises:
        IdentifierError: it is no address.
    """
    try:
        address = ipaddress.ip_address(compact(text))
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return str(mapped or address)
    except ValueError:
        raise IdentifierError("is neither an IPv4 nor an IPv6 address") from None


def is_valid(text: str) -> bool:
    """Whether `validate` accepts the text; never raises."""
    try:
        validate(text)
    except IdentifierError:
        return False
    return True
