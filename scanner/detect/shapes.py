"""Shapes of rarer cells, one question a kernel: cells, points, durations in words, documents.

Each takes a buffer (uint8[...]) and the half-open range a..b of one trimmed cell. Called for the few cells that no
quicker test has placed.
"""

from __future__ import annotations

import numpy as np

from scanner.compiled import kernel

#: What `cell_identity` returns.
NO_CELL, PAKISTANI_CELL, FOREIGN_CELL, CELL_PAIR = range(4)
#: What `point` returns.
NO_POINT, A_LATITUDE, A_LONGITUDE = range(3)


@kernel
def cell_identity(buf, a, b):
    """Whether a..b is a cell's identity: numbers joined by one kind of separator, the country's code first.

    410-01-412-17611, 410_01_412_17611, 41001/412/17611 are Pakistani; 404-96-290-17611 is foreign; 412-17611 and
    412/17611 are area and cell alone (3GPP TS 23.003).
    """
    separator = 0
    groups = 0
    width = 0
    value = np.int64(0)
    first = np.int64(0)
    first_width = 0
    second = np.int64(0)
    second_width = 0
    for i in range(a, b + 1):
        c = 0 if i == b else int(buf[i])
        if 48 <= c <= 57:
            value = value * 10 + c - 48
            width += 1
            if width > 12:
                return NO_CELL
            continue
        if width == 0:
            return NO_CELL
        if groups == 0:
            first = value
            first_width = width
        elif groups == 1:
            second = value
            second_width = width
        groups += 1
        value = np.int64(0)
        width = 0
        if i < b:
            if not (c == 45 or c == 95 or c == 46 or c == 58 or c == 47 or c == 32):
                return NO_CELL
            if separator and c != separator:
                return NO_CELL
            separator = c
    if groups == 2 and separator != 46 and separator != 32 and first_width <= 9 and second_width <= 9:
        return CELL_PAIR
    if (groups == 3 or groups == 4) and first_width == 3 and first == 410 and second_width <= 2 and 1 <= second <= 8:
        return PAKISTANI_CELL
    if groups == 3 and first_width == 5 and first // 100 == 410 and 1 <= first % 100 <= 8:
        return PAKISTANI_CELL
    if groups == 4 and separator != 46 and first_width == 3 and 200 <= first <= 799 and 2 <= second_width <= 3:
        return FOREIGN_CELL
    return NO_CELL


@kernel
def point(buf, a, b):
    """Whether a..b is one coordinate in Pakistan, in degrees with minutes and seconds or with a hemisphere letter.

    31°31'12"N, N 31.5204, 74.3587 E, 31-31-12 N and 31,5204 (a decimal comma) are read.
    """
    degrees = np.int64(0)
    part = np.int64(0)
    parts = 0
    width = 0
    hemisphere = 0
    comma = False
    marks = 0
    fraction = 0
    i = a
    while i < b:
        c = int(buf[i])
        if 48 <= c <= 57:
            part = part * 10 + c - 48
            width += 1
            if width > 9:
                return NO_POINT
            i += 1
            continue
        if width:
            if parts == 0:
                degrees = part
            parts += 1
            if c == 44 or c == 46:
                fraction = parts
                comma = comma or c == 44
            part = np.int64(0)
            width = 0
        upper = c & 223
        if upper == 78 or upper == 69 or upper == 83 or upper == 87:  # N E S W
            if hemisphere:
                return NO_POINT
            hemisphere = upper
        elif c == 194 and i + 1 < b and (buf[i + 1] == 176 or buf[i + 1] == 186):  # degree signs
            marks += 1
            i += 1
        elif c == 226 and i + 2 < b:  # primes and curly quotes
            i += 2
        elif not (c == 32 or c == 39 or c == 34 or c == 44 or c == 46 or c == 45 or c == 58):
            return NO_POINT
        i += 1
    if width:
        if parts == 0:
            degrees = part
        parts += 1
    plain = comma and parts == 2 and fraction == 1 and width >= 3 and not hemisphere and not marks
    if not plain and not marks and not (hemisphere and parts >= 2):
        return NO_POINT
    if parts < 2 or parts > 5:
        return NO_POINT
    if 23 <= degrees <= 37 and (hemisphere == 0 or hemisphere == 78):
        return A_LATITUDE
    if 60 <= degrees <= 77 and (hemisphere == 0 or hemisphere == 69):
        return A_LONGITUDE
    return NO_POINT


@kernel
def spelled_duration(buf, a, b):
    """Whether a..b is a span with its units: 5m 30s, 00h05m30s, 330 sec, 2 mins."""
    numbers = 0
    units = 0
    i = a
    while i < b:
        c = int(buf[i])
        if 48 <= c <= 57 or c == 46:
            numbers += 1
            while i < b and (48 <= buf[i] <= 57 or buf[i] == 46):
                i += 1
            while i < b and buf[i] == 32:
                i += 1
            start = i
            while i < b and 97 <= (int(buf[i]) | 32) <= 122:
                i += 1
            length = i - start
            if length == 0 or length > 7:
                return False
            head = int(buf[start]) | 32
            if not (head == 104 or head == 109 or head == 115 or head == 100):
                return False
            if length > 1:
                after = int(buf[start + 1]) | 32
                known = (
                    (head == 104 and (after == 114 or after == 111))
                    or (head == 109 and (after == 105 or after == 115))
                    or (head == 115 and after == 101)
                    or (head == 100 and after == 97)
                )
                if not known:
                    return False
            units += 1
        elif c == 32 or c == 44 or c == 58:
            i += 1
        else:
            return False
    return numbers > 0 and units == numbers and numbers <= 4


@kernel
def document_code(buf, a, b):
    """Whether a..b is one or two letters and six to eight digits, as passports of many countries are numbered."""
    letters = 0
    digits = 0
    for i in range(a, b):
        c = int(buf[i])
        if 48 <= c <= 57:
            digits += 1
        elif 65 <= (c & 223) <= 90:
            if digits:
                return False
            letters += 1
        elif not ((c == 32 or c == 45) and letters and not digits):
            return False
    return 1 <= letters <= 2 and 6 <= digits <= 8
