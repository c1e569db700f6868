"""Shards on the cores of this machine."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from scanner.detect.profile import ArtifactProfile
from scanner.ingest.interface import Part, Stream
from scanner.sets import KeySet, join
from scanner.shards import ShardContext, scan_part


class LocalEngine:
    """Runs the parts of a stream on threads; parsers and kernels release the interpreter's lock.

    Each thread adds to a profile of its own, and the profiles merge when the stream ends: their merge is commutative,
    so the result does not depend on which thread took which part. Only the sets of keys are one for all threads, as
    most keys of a large file come to each of them.
    """

    def __init__(self, workers: int) -> None:
        """`workers` threads; with 1, parts run on the calling thread."""
        self.workers = workers
        self._pool = ThreadPoolExecutor(workers, "breachscan") if workers > 1 else None

    def __enter__(self) -> LocalEngine:
        """The engine, to be closed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the threads."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def profile(self, stream: Stream, context: ShardContext, advanced: Callable[[int], None]) -> ArtifactProfile:
        """The merged profile of a stream; at most `2 * workers + 1` parts are held at a time."""
        seen = 0
        if self._pool is None:
            total = context.profile()
            for part in stream.parts:
                seen += scan_part(part, total, context)
                advanced(seen)
            return total
        free: queue.SimpleQueue[ArtifactProfile] = queue.SimpleQueue()
        common: dict[str | int, dict[int, KeySet]] = {}
        made = [context.profile(common) for _ in range(self.workers)]
        total, *others = made
        for one in made:
            free.put(one)

        def work(part: Part) -> int:
            mine = free.get()
            try:
                return scan_part(part, mine, context)
            finally:
                free.put(mine)

        waiting: deque[Future[int]] = deque()
        parts = iter(stream.parts)
        first = next(parts, None)
        second = next(parts, None) if first is not None else None
        if first is not None and second is None:  # one part: not worth a thread
            scan_part(first, total, context)
            return total
        for part in (one for one in (first, second) if one is not None):
            waiting.append(self._pool.submit(work, part))
        for part in parts:
            waiting.append(self._pool.submit(work, part))
            while len(waiting) > 2 * self.workers:
                seen += waiting.popleft().result()
                advanced(seen)
        while waiting:
            waiting.popleft().result()
        list(self._pool.map(KeySet.settle, {id(keys): keys for one in made for keys in one.held()}.values()))
        for one in others:
            total.update(one)
        join(total.held(), self._pool.map)
        return total
