"""How badly an artifact exposes subscribers: factors that add up to the score. docs/severity.md is the method."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from typing import Any

from scanner.errors import PatternError
from scanner.model import Artifact, Factor, Severity
from scanner.packs.schema import Pack
from scanner.score.enisa import assess, days
from scanner.score.exposure import Exposure, Pairs, contents, exposures, veils
from scanner.terms import AnyType, Level

OFFERED = "offered"
#: A factor's name, points and reason; the reason is put into words only where the reading counts in the end.
_Part = tuple[str, float, Callable[[], str]]


@dataclass(frozen=True, slots=True)
class Model:
    """The severity model of a pack with what the caller decides: circumstances and the day of reference."""

    pack: Pack
    situation: str = OFFERED
    as_of: date | None = None

    @property
    def settings(self) -> Mapping[str, Any]:
        """`severity.toml`."""
        return self.pack.settings["severity"]

    @property
    def day(self) -> date:
        """The day from which ages are counted.

        Raises:
            PatternError: the pack's own day is no date.
        """
        return self.as_of if self.as_of is not None else _stated(str(self.settings["reference"]["as_of"]))


@lru_cache(maxsize=4)
def _stated(day: str) -> date:
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise PatternError("severity.toml", "reference", "`as_of` must be a date such as 2026-11-01") from None


def _decades(points: Sequence[float], subscribers: int) -> float:
    """Points on the curve through 1, 100, 10^4, 10^6 and 10^8 subscribers."""
    place = min(4.0, math.log10(subscribers) / 2)
    step = min(3, int(place))
    return points[step] + (points[step + 1] - points[step]) * (place - step)


def _on_days(entry: Mapping[str, Any], span: int) -> float:
    """Points by a number of days, straight in between on the logarithm; the ends hold beyond them."""
    marks, points = entry["days"], entry["points"]
    if span <= marks[0]:
        return float(points[0])
    for low, high, p, q in zip(marks, marks[1:], points, points[1:], strict=False):
        if span <= high:
            return float(p + (q - p) * (math.log(span) - math.log(low)) / (math.log(high) - math.log(low)))
    return float(points[-1])


def _people(found: Exposure, content: str, distinct: int) -> int:
    """Subscribers of whom the rows hold a content: no more than there are, and no more than such rows can name."""
    rows = found.holding[content]
    return max(1, distinct if rows >= found.rows else min(distinct, rows * found.parties))


def _extent(found: Exposure, content: str, model: Model) -> list[_Part]:
    """Factors of events: how far they reach, how recent they are, how full the record is."""
    out: list[_Part] = []
    span, fresh, full = (model.settings[name] for name in ("span", "freshness", "completeness"))
    first, last = found.first, found.last
    if content in span["contents"] and first is not None and last is not None:
        reach = days(first, last)
        points = round(_on_days(span, reach), 1)
        if points:
            text = lambda: f"Events reach over {reach:,} days, {first[:10]} to {last[:10]}: {span['reason']}."  # noqa: E731
            out.append(("time_span", points, text))
    if content in fresh["contents"] and last is not None:
        age = days(last, model.day.isoformat())
        points = next((float(p) for mark, p in zip(fresh["days"], fresh["points"], strict=True) if age <= mark), 0.0)
        if points:
            text = lambda: f"The newest event is of {last[:10]}, {age:,} days before {model.day}: {fresh['reason']}."  # noqa: E731
            out.append(("freshness", points, text))
    best = (0.0, 0, 0)
    for structure in sorted(found.structures):
        groups = full["roles"].get(structure.value, ())
        there = sum(not found.roles.isdisjoint(group) for group in groups)
        if groups:
            best = max(best, (there / len(groups), there, len(groups)))
    points = round(float(full["points"]) * best[0], 1)
    if points and content in span["contents"]:
        text = lambda: f"{best[1]} of {best[2]} parts of a full record are there: {full['reason']}."  # noqa: E731
        out.append(("completeness", points, text))
    return out


@lru_cache(maxsize=1024)  # files of one folder hold much the same
def _by_types(
    pack: Pack, types: frozenset[AnyType]
) -> tuple[tuple[tuple[str, Mapping[str, Any], frozenset[str]], ...], frozenset[str]]:
    """The additions that some types set off, each with those that do, and the keys by which they are linked."""
    settings: Mapping[str, Any] = pack.settings["severity"]
    held = frozenset(kind.value for kind in types)
    additions = ((name, entry, held.intersection(entry["types"])) for name, entry in settings["additions"].items())
    return tuple(one for one in additions if one[2]), held.intersection(settings["linkability"]["types"])


def _plain(found: Exposure, content: Mapping[str, Any], people: int, model: Model) -> list[_Part]:
    """The factors of what rows reveal, whatever form they are held in."""
    settings = model.settings
    base = float(content["points"][0])
    rows = found.holding[content["id"]]

    def content_words() -> str:
        part = "" if found.joined or rows >= found.rows else f" in {rows:,} of {found.rows:,} rows"
        return f"Reveals {content['label']}{part}: {content['reason']}.{_stand_ins(found)}"

    def scale_words() -> str:
        national = settings["reference"]["national"]
        share = people / national
        return f"{people:,} distinct subscribers, {share:.4%} of about {national // 10**6} million."

    def types_words(kinds: frozenset[str], reason: str) -> str:
        return f"{', '.join(sorted(kinds))}: {reason}."

    out: list[_Part] = [
        ("content", base, content_words),
        ("scale", round(_decades(content["points"], people) - base, 1), scale_words),
    ]
    additions, keys = _by_types(model.pack, found.types)
    for name, entry, present in additions:
        out.append((name, float(entry["points"]), partial(types_words, present, entry["reason"])))
    linked = settings["linkability"]
    if len(keys) > 1:
        points = round(min(float(linked["most"]), float(linked["points_each"]) * (len(keys) - 1)), 1)
        side = lambda: (  # noqa: E731
            f"{len(keys)} identifiers stand side by side ({', '.join(sorted(keys))}): {linked['reason']}."
        )
        out.append(("linkability", points, side))
    out += _extent(found, content["id"], model)
    if found.minors:
        special = settings["special_groups"]
        young = lambda: f"{found.minors:,} rows of persons under 18: {special['reason']}."  # noqa: E731
        out.append(("special_groups", float(special["points"]), young))
    volume = round(settings["volume"]["per_decade"] * math.log10(max(1, found.rows)), 1)
    if volume:
        out.append(("volume", volume, lambda: f"{found.rows:,} rows: {settings['volume']['reason']}."))
    return out


def _stand_ins(found: Exposure) -> str:
    """Which identifiers that a pack adds count as which of the model's."""
    said = [
        f" {kind.plural[:1].upper()}{kind.plural[1:]} count as {kind.weighs_as.value}." for kind in sorted(found.added)
    ]
    return "".join(said)


def _veil(found: Exposure, total: float, pack: Pack) -> _Part | None:
    """What the heaviest veil takes off."""
    if not found.veil:
        return None
    entry = veils(pack)[found.veil - 1]
    taken = min(0.0, round(max(float(entry["points"]), float(entry["floor"]) - total), 1))
    return "veil", taken, lambda: f"Held as {entry['form']}: {entry['reason']}."


def _scored(found: Exposure, content: Mapping[str, Any], distinct: int, model: Model) -> tuple[float, list[_Part]]:
    """The score of one reading of one content, and the factors that add up to it."""
    people = _people(found, content["id"], distinct)
    parts = _plain(found, content, people, model)
    veil = _veil(found, sum(points for _, points, _ in parts), model.pack)
    if veil is not None:
        parts.append(veil)
    situation = model.settings["circumstances"][model.situation]
    total = sum(points for _, points, _ in parts)
    relief = min(0.0, round(max(float(situation["points"]), 1.0 - total), 1))
    if relief:
        parts.append(("circumstances", relief, lambda: f"{situation['reason']}.".capitalize()))
    total = round(sum(points for _, points, _ in parts), 1)
    if total > 100:
        parts.append(("ceiling", round(100 - total, 1), lambda: "The scale ends at 100."))
        total = 100.0
    return total, parts


def score(readings: Sequence[Exposure | None], distinct: int, model: Model) -> Severity:
    """The severity of what was read in plain, and up to each veil: the highest counts.

    Of each reading every content that it holds is scored with the subscribers of whom it is held, and the highest
    counts. So one column, row or subscriber more never lowers the score, and a veil never raises it.
    """
    best: tuple[float, list[_Part], Exposure, Mapping[str, Any]] | None = None
    earlier: Exposure | None = None
    for reading in readings:
        if reading is None or reading is earlier:
            continue
        earlier = reading
        for content in contents(model.pack):
            if reading.holding.get(content["id"]):
                total, parts = _scored(reading, content, max(1, distinct), model)
                if best is None or total > best[0]:
                    best = total, parts, reading, content
    if best is None:
        return Severity()
    total, parts, reading, content = best
    people = _people(reading, content["id"], max(1, distinct))
    enisa = assess(reading, content, people, model.pack, model.situation, model.day)
    return Severity(
        total, Level.of(total), tuple(Factor(name, points, words()) for name, points, words in parts), enisa
    )


def severity(artifact: Artifact, model: Model, pairs: Pairs | None = None) -> Severity:
    """The severity of one artifact, as far as it was read."""
    return score(exposures(artifact, model.pack, pairs), artifact.subscribers.distinct, model)
