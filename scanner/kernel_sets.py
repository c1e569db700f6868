"""The compiled kernel under `sets.KeySet`; apart, so that only its first use pays for numba."""

from __future__ import annotations

import numpy as np

from scanner.compiled import kernel


@kernel
def set_insert(table, keys, hits, code, start, count, limit):
    """Insert keys[start:] whose hit is `code` (any where code < 0); stops when `limit` is reached.

    Returns (position reached, members now).
    """
    mask = len(table) - 1
    last = np.int64(-1)
    i = start
    n = len(keys)
    while i < n:
        if code < 0 or hits[i] == code:
            key = keys[i]
            if key != last:
                last = key
                h = key * np.int64(-7046029254386353131)
                p = (h ^ (h >> 31)) & mask
                while True:
                    t = table[p]
                    if t == key:
                        break
                    if t == -1:
                        if count >= limit:
                            return i, count
                        table[p] = key
                        count += 1
                        break
                    p = (p + 1) & mask
        i += 1
    return i, count
