"""What a sample says of the whole: totals with bounds, from how much the pieces of the sample differ.

The pieces are clusters: rows that stand together are alike, so their number, not that of the rows, tells how sure a
total is. Stretches of a file are weighed by their bytes, parts of a stream count alike; the error of a total is taken
with Student's quantile (W. G. Cochran, Sampling Techniques, 3rd ed., 1977, sections 6.3 and 9A.2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import MappingProxyType

import numpy as np

from scanner.detect.judge import Judged
from scanner.detect.profile import ArtifactProfile, Piece
from scanner.ingest.interface import Taken
from scanner.model import Estimate, SampleFigures
from scanner.terms import AnyType

#: Probability that a bound holds from both sides.
CONFIDENCE = 0.95
_Z = 1.959963984540054
#: Pieces from which bounds are given.
FEWEST = 8


def student(freedom: int) -> float:
    """The quantile of Student's distribution at 97.5 %, for 5 degrees of freedom or more.

    Cornish and Fisher's expansion (Abramowitz and Stegun, 26.7.5); off by less than 0.1 %.
    """
    z, n = _Z, freedom
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + float(sum(term / n**power for power, term in enumerate(terms, 1)))


def total(seen: Sequence[int], sizes: Sequence[int], expansion: float) -> Estimate:
    """The total that pieces of some sizes stand for, each with what was seen in it; the whole is `expansion` times."""
    counts, weights = np.array(seen, np.float64), np.array(sizes, np.float64)
    many, met = len(counts), int(counts.sum())
    value = round(met * expansion)
    if many < FEWEST or not met or not weights.sum():
        return Estimate(met, value, met, None)
    rest = counts - counts.sum() / weights.sum() * weights
    error = expansion * math.sqrt(max(0.0, 1 - 1 / expansion) * many / (many - 1) * float((rest**2).sum()))
    slack = student(many - 1) * error
    return Estimate(met, value, max(met, math.floor(value - slack)), math.ceil(value + slack))


def figures(profile: ArtifactProfile, judged: Judged, taken: Taken) -> SampleFigures:
    """What the pieces of a sampled artifact say of the whole."""
    pieces: list[Piece] = [profile.pieces[order] for order in sorted(profile.pieces)]
    sizes = [piece.size if taken.by_bytes else 1 for piece in pieces]

    def of(count: Sequence[int]) -> Estimate:
        return total(count, sizes, taken.expansion)

    occurrences = {
        kind: of([sum(piece.times(*place) for place in places) for piece in pieces])
        for kind, places in judged.counted.items()
    }
    distinct: dict[AnyType, tuple[int, int | None]] = {}
    for kind, found in occurrences.items():
        held = len(judged.sets[kind])
        distinct[kind] = (held, None if found.high is None else held + found.high - found.seen)
    filled = {
        column.index: of([piece.filled.get(facts.key, 0) for piece in pieces])
        for column, facts in zip(judged.columns, judged.facts, strict=True)
    }
    return SampleFigures(
        share=round(1 / taken.expansion, 6),
        pieces=len(pieces),
        confidence=CONFIDENCE,
        rows=of([piece.rows for piece in pieces]),
        filled=MappingProxyType(filled),
        occurrences=MappingProxyType(occurrences),
        distinct=MappingProxyType(distinct),
    )
