"""How badly an artifact exposes subscribers: factors that add up to the score. docs/severity.md is the method."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from scanner.errors import PatternError
from scanner.model import Artifact, Factor, Severity
from scanner.packs.schema import Pack
from scanner.score.enisa import assess, days
from scanner.score.exposure import Exposure, Pairs, contents, exposures, veils
from scanner.terms import Level

OFFERED = "offered"


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
        if self.as_of is not None:
            return self.as_of
        stated = str(self.settings["reference"]["as_of"])
        try:
            return date.fromisoformat(stated)
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


def _extent(found: Exposure, content: str, model: Model) -> list[Factor]:
    """Factors of events: how far they reach, how recent they are, how full the record is."""
    out = []
    span, fresh, full = (model.settings[name] for name in ("span", "freshness", "completeness"))
    if content in span["contents"] and found.first is not None and found.last is not None:
        reach = days(found.first, found.last)
        points = round(_on_days(span, reach), 1)
        if points:
            out.append(
                Factor(
                    "time_span", points, f"Events reach over {reach:,} days, {found.first[:10]} to {found.last[:10]}: "
                    f"{span['reason']}."
                )
            )  # fmt: skip
    if content in fresh["contents"] and found.last is not None:
        age = days(found.last, model.day.isoformat())
        points = next((float(p) for mark, p in zip(fresh["days"], fresh["points"], strict=True) if age <= mark), 0.0)
        if points:
            text = f"The newest event is of {found.last[:10]}, {age:,} days before {model.day}: {fresh['reason']}."
            out.append(Factor("freshness", points, text))
    best = (0.0, 0, 0)
    for structure in sorted(found.structures):
        groups = full["roles"].get(structure.value, ())
        there = sum(bool(found.roles & set(group)) for group in groups)
        if groups:
            best = max(best, (there / len(groups), there, len(groups)))
    points = round(float(full["points"]) * best[0], 1)
    if points and content in span["contents"]:
        text = f"{best[1]} of {best[2]} parts of a full record are there: {full['reason']}."
        out.append(Factor("completeness", points, text))
    return out


def _plain(found: Exposure, content: Mapping[str, Any], people: int, model: Model) -> list[Factor]:
    """The factors of what rows reveal, whatever form they are held in."""
    settings = model.settings
    base = float(content["points"][0])
    rows = found.holding[content["id"]]
    part = "" if found.joined or rows >= found.rows else f" in {rows:,} of {found.rows:,} rows"
    national = settings["reference"]["national"]
    out = [
        Factor("content", base, f"Reveals {content['label']}{part}: {content['reason']}.{_stand_ins(found)}"),
        Factor(
            "scale",
            round(_decades(content["points"], people) - base, 1),
            f"{people:,} distinct subscribers, {people / national:.4%} of about {national // 10**6} million.",
        ),
    ]
    for name, entry in settings["additions"].items():
        present = sorted(kind.value for kind in found.types if kind.value in entry["types"])
        if present:
            out.append(Factor(name, float(entry["points"]), f"{', '.join(present)}: {entry['reason']}."))
    entry = settings["linkability"]
    keys = sorted(kind.value for kind in found.types if kind.value in entry["types"])
    if len(keys) > 1:
        points = round(min(float(entry["most"]), float(entry["points_each"]) * (len(keys) - 1)), 1)
        text = f"{len(keys)} identifiers stand side by side ({', '.join(keys)}): {entry['reason']}."
        out.append(Factor("linkability", points, text))
    out += _extent(found, content["id"], model)
    if found.minors:
        entry = settings["special_groups"]
        text = f"{found.minors:,} rows of persons under 18: {entry['reason']}."
        out.append(Factor("special_groups", float(entry["points"]), text))
    volume = round(settings["volume"]["per_decade"] * math.log10(max(1, found.rows)), 1)
    if volume:
        out.append(Factor("volume", volume, f"{found.rows:,} rows: {settings['volume']['reason']}."))
    return out


def _stand_ins(found: Exposure) -> str:
    """Which identifiers that a pack adds count as which of the model's."""
    said = [
        f" {kind.plural[:1].upper()}{kind.plural[1:]} count as {kind.weighs_as.value}." for kind in sorted(found.added)
    ]
    return "".join(said)


def _veil(found: Exposure, total: float, pack: Pack) -> Factor | None:
    """What the heaviest veil takes off."""
    if not found.veil:
        return None
    entry = veils(pack)[found.veil - 1]
    taken = min(0.0, round(max(float(entry["points"]), float(entry["floor"]) - total), 1))
    return Factor("veil", taken, f"Held as {entry['form']}: {entry['reason']}.")


def _scored(found: Exposure, content: Mapping[str, Any], distinct: int, model: Model) -> Severity:
    """The severity of one reading of one content, without the ENISA value."""
    people = _people(found, content["id"], distinct)
    factors = _plain(found, content, people, model)
    veil = _veil(found, sum(factor.points for factor in factors), model.pack)
    if veil is not None:
        factors.append(veil)
    situation = model.settings["circumstances"][model.situation]
    total = sum(factor.points for factor in factors)
    relief = min(0.0, round(max(float(situation["points"]), 1.0 - total), 1))
    if relief:
        factors.append(Factor("circumstances", relief, f"{situation['reason']}.".capitalize()))
    total = round(sum(factor.points for factor in factors), 1)
    if total > 100:
        factors.append(Factor("ceiling", round(100 - total, 1), "The scale ends at 100."))
        total = 100.0
    return Severity(total, Level.of(total), tuple(factors))


def score(readings: Sequence[Exposure | None], distinct: int, model: Model) -> Severity:
    """The severity of what was read in plain, and up to each veil: the highest counts.

    Of each reading every content that it holds is scored with the subscribers of whom it is held, and the highest
    counts. So one column, row or subscriber more never lowers the score, and a veil never raises it.
    """
    found = [
        (_scored(reading, content, max(1, distinct), model), reading, content)
        for reading in readings
        if reading is not None
        for content in contents(model.pack)
        if reading.holding.get(content["id"])
    ]
    if not found:
        return Severity()
    best, reading, content = max(found, key=lambda one: one[0].score)
    people = _people(reading, content["id"], max(1, distinct))
    return replace(best, enisa=assess(reading, content, people, model.pack, model.situation, model.day))


def severity(artifact: Artifact, model: Model, pairs: Pairs | None = None) -> Severity:
    """The severity of one artifact, as far as it was read."""
    return score(exposures(artifact, model.pack, pairs), artifact.subscribers.distinct, model)
