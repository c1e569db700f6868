"""Check digits.

Sources: ISO/IEC 7812-1 (Luhn), Verhoeff 1969, Damm 2004, GS1 General Specifications, ISO/IEC 7064 (mod 97-10 and
mod 11,10), ISO 2108 as of ten digits (mod 11), the numbers of Norwegian bank accounts (mod 11 with weights 2 to 7).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

_PERMUTATION = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def is_digits(text: str) -> bool:
    """Whether a text is one or more ASCII digits."""
    return text.isascii() and text.isdigit()


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others.

    >>> luhn("79927398713"), luhn("79927398714"), luhn("")
    (True, False, False)
    """
    if not is_digits(digits):
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _dihedral(a: int, b: int) -> int:
    """Product in the dihedral group of ten elements."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b - 5) % 5
    return 5 + (a - 5 - b) % 5 if b < 5 else (a - b) % 5


def verhoeff(digits: str) -> bool:
    """Whether the last digit is the Verhoeff check digit of the others.

    >>> verhoeff("2363"), verhoeff("2364"), verhoeff("")
    (True, False, False)
    """
    if not is_digits(digits):
        return False
    check = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        for _ in range(place % 8):
            value = _PERMUTATION[value]
        check = _dihedral(check, value)
    return check == 0


def ean13(digits: str) -> bool:
    """Whether thirteen digits end in the GS1 check digit.

    >>> ean13("4006381333931"), ean13("4006381333932"), ean13("400638133393")
    (True, False, False)
    """
    if not is_digits(digits) or len(digits) != 13:
        return False
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0


def mod97(text: str) -> bool:
    """Whether letters and digits, with letters as 10 to 35, leave 1 when divided by 97.

    >>> mod97("SCBL0000001123456702PK36"), mod97("SCBL0000001123456702PK37"), mod97("")
    (True, False, False)
    """
    if not (text.isascii() and text.isalnum()):
        return False
    return int("".join(str(int(character, 36)) for character in text)) % 97 == 1


#: Damm's quasigroup of order ten: the next state by state and digit.
DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


def damm(digits: str) -> bool:
    """Whether the last digit is the Damm check digit of the others.

    >>> damm("5724"), damm("5727"), damm("")
    (True, False, False)
    """
    state = 0
    for digit in digits if is_digits(digits) else "1":
        state = DAMM[state][int(digit)]
    return state == 0


def _weighed(digits: str, most: int) -> bool:
    """Whether the digits times 1, 2, … from the last on (after `most` from 2 again) add up to a multiple of 11."""
    if not is_digits(digits):
        return False
    weights = [1] + [2 + place % (most - 1) for place in range(len(digits) - 1)]
    return sum(int(digit) * weight for digit, weight in zip(reversed(digits), weights, strict=True)) % 11 == 0


def mod11(digits: str) -> bool:
    """Whether the last digit makes the weighted sum (weights 2, 3, 4, … from the right) divisible by 11.

    >>> mod11("9434765919"), mod11("9434765918"), mod11("")
    (True, False, False)
    """
    return _weighed(digits, 64)


def mod11_7(digits: str) -> bool:
    """The same with the weights 2 to 7 over and over.

    >>> mod11_7("86011117947"), mod11_7("86011117948"), mod11_7("")
    (True, False, False)
    """
    return _weighed(digits, 7)


def mod11_10(digits: str) -> bool:
    """Whether the last digit is the ISO/IEC 7064 mod 11,10 check digit of the others.

    >>> mod11_10("794623"), mod11_10("794624"), mod11_10("")
    (True, False, False)
    """
    if not is_digits(digits):
        return False
    state = 10
    for digit in digits[:-1]:
        state = ((state + int(digit)) % 10 or 10) * 2 % 11
    return (state + int(digits[-1])) % 10 == 1


#: Check digits that a notation may name.
CHECKS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "luhn": luhn,
        "verhoeff": verhoeff,
        "ean13": ean13,
        "damm": damm,
        "mod97": mod97,
        "mod11": mod11,
        "mod11_7": mod11_7,
        "mod11_10": mod11_10,
    }
)
