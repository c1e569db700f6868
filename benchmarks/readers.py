"""Reads a file as the scanner does and goes no further: `python -m benchmarks.readers FILE [THREADS]`.

What the readers cost, to be timed beside libraries that parse the same format.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from scanner.compiled import compile_all
from scanner.ingest import streams
from scanner.options import ScanOptions


def read(path: str, threads: int) -> int:
    """Rows of all tables in a file, every part of which is parsed."""
    compile_all()
    rows = 0
    with ThreadPoolExecutor(threads) as pool:
        for stream in streams([path], ScanOptions(workers=threads)):
            waiting: deque = deque()
            for part in stream.parts:
                waiting.append(pool.submit(lambda one: one.read().rows, part))
                while len(waiting) > 2 * threads:
                    rows += waiting.popleft().result()
            rows += sum(one.result() for one in waiting)
            stream.tail()
    return rows


if __name__ == "__main__":
    print(read(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else os.cpu_count() or 1))
