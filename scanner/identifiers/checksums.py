"""Check digits. Sources: ISO/IEC 7812-1 (Luhn), Verhoeff 1969, GS1 General Specifications, ISO/IEC 7064 (mod 97-10)."""

from __future__ import annotations

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
