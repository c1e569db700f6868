"""Whole numbers, floats and moments written out as text, as `profile.as_text` writes them, several times as fast.

Runs compiled only. What a kernel does not write exactly so, such as a float of seventeen digits, it leaves to Arrow.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from scanner.civil import civil
from scanner.compiled import kernel
from scanner.detect.kernels import POW10
from scanner.ingest.interface import Cells
from scanner.lanes import put, word

#: Values of an array that is written in one piece, so that places fit 32 bits.
MOST = 1 << 24
#: Bytes that the longest value takes: a sign and 19 digits, a moment of nanoseconds with its date.
_WIDEST = 32
#: Bytes behind the last value, so that whole words may be read and written anywhere.
_BEHIND = 64

_U8, _U16, _U10, _U20, _U32 = (np.uint64(n) for n in (8, 16, 10, 20, 32))
_TEN, _HUNDRED, _BY_TEN, _BY_HUNDRED = np.uint64(10), np.uint64(100), np.uint64(103), np.uint64(10486)
_TENS, _HUNDREDS = np.uint64(0x000F000F000F000F), np.uint64(0x0000007F0000007F)
_NOUGHTS = np.uint64(0x3030303030303030)
_E4, _E8, _E16 = np.uint64(10**4), np.uint64(10**8), np.uint64(10**16)
_NAN = np.uint64(int.from_bytes(b"nan", "little"))
_FLOATS = np.array([float(10**i) for i in range(19)])
_MOST_EXACT = 1e15
_ZERO_DAY, _LAST_DAY = -719_162, 2_932_896
"""0001-01-01 and 9999-12-31, in days since 1970-01-01."""
_DAY = 86_400


@kernel(inline=True)
def _figures(value):
    """The eight digits of a number below 10^8 as a word, the first digit lowest."""
    fours = value // _E4
    lanes = fours | (value - fours * _E4) << _U32
    high = ((lanes * _BY_HUNDRED) >> _U20) & _HUNDREDS
    lanes = high | (lanes - high * _HUNDRED) << _U16
    high = ((lanes * _BY_TEN) >> _U10) & _TENS
    return high | (lanes - high * _TEN) << _U8 | _NOUGHTS


@kernel(inline=True)
def _put_number(out, at, value, n):
    """Write the n digits of a number (uint64) at out[at]; up to 8 bytes behind them are overwritten."""
    if n <= 8:
        put(out, at, _figures(value) >> np.uint64((8 - n) << 3))
        return
    if n <= 16:
        high = value // _E8
        put(out, at, _figures(high) >> np.uint64((16 - n) << 3))
        put(out, at + n - 8, _figures(value - high * _E8))
        return
    top = value // _E16
    low = value - top * _E16
    high = low // _E8
    put(out, at, _figures(top) >> np.uint64((24 - n) << 3))
    put(out, at + n - 16, _figures(high))
    put(out, at + n - 8, _figures(low - high * _E8))


@kernel(inline=True)
def _digits(value, n):
    """How many digits a number (int64, not negative) has, which are often n."""
    while n < 19 and value >= POW10[n]:
        n += 1
    while n > 1 and value < POW10[n - 1]:
        n -= 1
    return n


@kernel
def write_numbers(values, valid, out, starts, stops):
    """Write whole numbers (int64[n]); returns the bytes of `out` in use, -1 where one is left to others."""
    at = np.int64(0)
    n = np.int64(1)
    masked = len(valid) > 0
    for i in range(len(values)):
        starts[i] = at
        if not masked or valid[i]:
            value = values[i]
            if value < 0:
                value = -value
                if value < 0:  # the lowest of all has no counterpart
                    return np.int64(-1)
                out[at] = 45
                at += 1
            n = _digits(value, n)
            _put_number(out, at, np.uint64(value), n)
            at += n
        stops[i] = at
    return at


@kernel
def write_floats(values, valid, out, starts, stops):
    """Write floats (float64[n]) whose shortest decimals are short; otherwise as `write_numbers`."""
    at = np.int64(0)
    n = figures = np.int64(1)
    places = np.int64(0)
    masked = len(valid) > 0
    for i in range(len(values)):
        starts[i] = at
        if not masked or valid[i]:
            value = values[i]
            if value != value:
                put(out, at, _NAN)
                at += 3
                stops[i] = at
                continue
            if not -1e18 < value < 1e18:
                return np.int64(-1)
            negative = value < 0
            if negative:
                value = -value
            whole = np.int64(value)
            if np.float64(whole) == value:
                if negative:
                    out[at] = 45
                    at += 1
                n = _digits(whole, n)
                _put_number(out, at, np.uint64(whole), n)
                at += n
            else:
                # of decimals with up to fifteen digits at most one is a float, so the shortest is what was meant
                if places < 1:
                    places = np.int64(1)
                scaled = np.rint(value * _FLOATS[places])
                while scaled / _FLOATS[places] != value:
                    places += 1
                    if places > 15 or scaled >= _MOST_EXACT:
                        return np.int64(-1)
                    scaled = np.rint(value * _FLOATS[places])
                if scaled >= _MOST_EXACT or value < 1e-4:
                    return np.int64(-1)
                number = np.int64(scaled)
                while number % 10 == 0:
                    number //= 10
                    places -= 1
                if negative:
                    out[at] = 45
                    at += 1
                figures = _digits(whole, figures)
                _put_number(out, at, np.uint64(whole), figures)
                at += figures
                out[at] = 46
                at += 1
                rest = np.uint64(number - whole * POW10[places])
                _put_number(out, at, rest, places)
                at += places
        stops[i] = at
    return at


@kernel(inline=True)
def _put_two(out, at, value):
    """Write two digits."""
    tens = value // 10
    out[at] = 48 + tens
    out[at + 1] = 48 + value - tens * 10


@kernel
def write_moments(values, valid, second, places, dated, timed, out, starts, stops):
    """Write moments since 1970-01-01, or times of day where they are not `dated`: int64[n] of which `second` make one.

    `places` is how many digits of a second are written. Otherwise as `write_numbers`.
    """
    at = np.int64(0)
    masked = len(valid) > 0
    last = np.int64(-1) << np.int64(40)
    words = np.zeros(16, np.uint8)
    for i in range(len(values)):
        starts[i] = at
        if not masked or valid[i]:
            clock = values[i] // second
            fraction = values[i] - clock * second
            if dated:
                day = clock // _DAY
                clock -= day * _DAY
                if day != last:
                    if not _ZERO_DAY <= day <= _LAST_DAY:
                        return np.int64(-1)
                    last = day
                    year, month, of_month = civil(day)
                    _put_two(words, 0, year // 100)
                    _put_two(words, 2, year % 100)
                    words[4] = words[7] = 45
                    _put_two(words, 5, month)
                    _put_two(words, 8, of_month)
                    words[10] = 32
                put(out, at, word(words, 0))
                put(out, at + 8, word(words, 8))
                at += 11 if timed else 10
            elif not 0 <= clock < _DAY:
                return np.int64(-1)
            if timed:
                hour = clock // 3600
                clock -= hour * 3600
                minute = clock // 60
                _put_two(out, at, hour)
                out[at + 2] = 58
                _put_two(out, at + 3, minute)
                out[at + 5] = 58
                _put_two(out, at + 6, clock - minute * 60)
                at += 8
                if places:
                    out[at] = 46
                    at += 1
                    _put_number(out, at, np.uint64(fraction), places)
                    at += places
        stops[i] = at
    return at


#: Ticks of a unit in a second, and the digits that they take.
_UNITS = {"s": (1, 0), "ms": (10**3, 3), "us": (10**6, 6), "ns": (10**9, 9)}


def written(array: pa.Array) -> Cells | None:
    """An array as text, nulls empty; None where its type or one of its values is left to `profile.as_text`."""
    kind = array.type
    if len(array) > MOST:
        return None
    whole = pa.types.is_integer(kind) and not pa.types.is_uint64(kind)
    moment = pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind)
    if not (whole or moment or pa.types.is_float64(kind)):
        return None
    values = _values(array)
    valid = _constant(array.is_valid().to_numpy(zero_copy_only=False) if array.null_count else np.zeros(0, np.bool_))
    out = np.empty(_WIDEST * len(array) + _BEHIND, np.uint8)
    starts, stops = np.empty((2, len(array)), np.int32)
    if whole:
        used = write_numbers(values, valid, out, starts, stops)
    elif not moment:
        used = write_floats(values, valid, out, starts, stops)
    else:
        if pa.types.is_date32(kind):
            second, places = 1, 0
            values = _constant(values * _DAY)
        else:
            second, places = _UNITS["ms" if pa.types.is_date64(kind) else kind.unit]
        dated, timed = not pa.types.is_time(kind), not pa.types.is_date(kind)
        used = write_moments(values, valid, second, places, dated, timed, out, starts, stops)
    return None if used < 0 else Cells(out[: used + _BEHIND], starts, stops)


def _values(array: pa.Array) -> Any:
    """The values as int64 or float64; what stands for a null is of no matter."""
    kind = array.type
    width = np.dtype(
        "f8" if pa.types.is_float64(kind) else f"{'u' if str(kind)[0] == 'u' else 'i'}{kind.bit_width // 8}"
    )
    held = np.frombuffer(array.buffers()[1], width)[array.offset : array.offset + len(array)]
    return _constant(held if width.itemsize == 8 else held.astype(np.int64))


def _constant(values: Any) -> Any:
    """Values that kernels take: they are compiled for such as cannot be written."""
    values = values.view()
    values.flags.writeable = False
    return values
