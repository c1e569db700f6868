"""How badly an artifact exposes subscribers: factors that add up to the score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scanner.model import Artifact, Factor, Severity
from scanner.packs.schema import Pack
from scanner.terms import ColumnType, Form, Level, Structure

T = ColumnType
#: Mobile subscribers of the country, about.
NATIONAL = 200_000_000
_IDENTIFYING = (T.MSISDN, T.CNIC, T.IMSI, T.PASSPORT)
_EVENTS = (Structure.CALL_RECORD, Structure.TRAVEL_RECORD, Structure.LOCATION_RECORD)
_NAMED = {T.PASSPORT, T.IMSI, T.IMEI, T.ICCID, T.EMAIL, T.IBAN, T.TICKET_NUMBER, T.PNR}
_BARE = (T.PASSPORT, T.IMSI, T.ICCID, T.IBAN)
_WORDS = {
    "numbers": "phone numbers or CNICs alone",
    "named_numbers": "numbers with names, addresses or e-mail",
    "register": "a subscriber register",
    "sessions": "internet sessions by subscriber",
    "events": "calls, journeys or positions of subscribers",
    "linked_events": "calls, journeys or positions under CNIC with name or address",
    "bare_ids": "document or SIM numbers alone",
}


@dataclass(frozen=True, slots=True)
class Exposure:
    """What the score rests on; exposures of several artifacts can be joined."""

    kind: str
    types: frozenset[ColumnType]
    forms: frozenset[Form]
    subscribers: int
    rows: int


def exposure(artifact: Artifact, forms: frozenset[Form] = frozenset(Form)) -> Exposure | None:
    """What the columns of an artifact that are held in some `forms` reveal, None where they are about nobody."""
    columns = [c for c in artifact.columns if c.rows_matched and c.type is not T.OTHER and c.form in forms]
    types: set[ColumnType] = {column.type for column in columns}
    veiled = {c.type for c in artifact.columns if c.form not in forms}
    types |= {kind for kind, count in artifact.identifiers.items() if count.occurrences and kind not in veiled - types}
    held = {column.form for column in columns if column.type in _IDENTIFYING}
    structures = {record.structure for record in artifact.records}
    identity = T.PERSON_NAME in types or T.ADDRESS in types
    number, card = T.MSISDN in types, T.CNIC in types
    sim = bool(types & {T.IMSI, T.ICCID, T.IMEI})
    someone = number or card or identity or bool(types & {T.IMSI, T.IMEI, T.PASSPORT, T.TICKET_NUMBER, T.PNR})
    if structures & set(_EVENTS) and someone:
        kind = "linked_events" if card and identity else "events"
    elif Structure.SESSION_RECORD in structures and someone:
        kind = "sessions"
    elif number and card and (identity or sim):
        kind = "register"
    elif number and (identity or sim or card or T.EMAIL in types):
        kind = "named_numbers"
    elif card:
        kind = "named_numbers" if identity or sim else "numbers"
    elif number:
        kind = "numbers"
    elif T.PERSON_NAME in types and types & _NAMED:
        kind = "named_numbers"
    elif types & set(_BARE):
        kind = "bare_ids"
    else:
        return None
    return Exposure(
        kind, frozenset(types), frozenset(held or {Form.PLAIN}), max(1, artifact.subscribers.distinct), artifact.rows
    )


def _curve(points: Sequence[float], subscribers: int) -> float:
    """Points on the curve through 1, 100, 10^4, 10^6 and 10^8 subscribers."""
    place = min(4.0, math.log10(subscribers) / 2)
    step = min(3, int(place))
    return points[step] + (points[step + 1] - points[step]) * (place - step)


def _veil(forms: frozenset[Form]) -> str | None:
    """The heaviest veil among the forms: what is read from all columns together is no better than the worst of them."""
    for form in (Form.DAMAGED, Form.MASKED, Form.HASHED):
        if form in forms:
            return form.value
    return None


def score(found: Exposure | None, pack: Pack) -> Severity:
    """The severity of an exposure."""
    if found is None:
        return Severity(0.0, Level.NONE, ())
    settings: Mapping[str, Any] = pack.settings["severity"]
    curve = settings["curves"][found.kind]
    base = float(curve["points"][0])
    scale = _curve(curve["points"], found.subscribers) - base
    share = found.subscribers / NATIONAL
    factors = [
        Factor("content", base, f"Reveals {_WORDS[found.kind]}: {curve['reason']}."),
        Factor(
            "scale",
            round(scale, 1),
            f"{found.subscribers:,} distinct subscribers, {share:.4%} of about 200 million.",
        ),
    ]
    for name, entry in settings["additions"].items():
        present = sorted(kind.value for kind in found.types if kind.value in entry["types"])
        if present:
            factors.append(Factor(name, float(entry["points"]), f"{', '.join(present)}: {entry['reason']}."))
    volume = round(settings["volume"]["per_decade"] * math.log10(max(1, found.rows)), 1)
    if volume:
        factors.append(Factor("volume", volume, f"{found.rows:,} rows."))
    veil = _veil(found.forms)
    if veil is not None:
        entry = settings["veils"][veil]
        total = sum(factor.points for factor in factors)
        taken = round(max(float(entry["points"]), entry["floor"] - total), 1)
        factors.append(Factor("veil", min(0.0, taken), f"Held as {veil}: {entry['reason']}."))
    total = round(sum(factor.points for factor in factors), 1)
    return Severity(total, Level.of(total), tuple(factors), _enisa(found))


def _enisa(found: Exposure) -> Mapping[str, Any]:
    """The ENISA 2013 value: data processing context × ease of identification + circumstances (1.0: taken, offered)."""
    dpc = {
        "numbers": 1,
        "named_numbers": 1,
        "register": 2,
        "sessions": 3,
        "events": 3,
        "linked_events": 4,
        "bare_ids": 1,
    }
    named = T.PERSON_NAME in found.types
    ease = 1.0 if named else 0.75
    if _veil(found.forms) in ("masked", "damaged"):
        ease = 0.25
    se = dpc[found.kind] * ease + 1.0
    label = "low" if se < 2 else "medium" if se < 3 else "high" if se < 4 else "very high"
    return {"dpc": dpc[found.kind], "ei": ease, "cb": 1.0, "se": se, "label": label}


def severity(artifact: Artifact, pack: Pack) -> Severity:
    """The severity of one artifact, as far as it was read.

    The artifact is scored by its plain columns, by its plain and hashed ones, and by all; the highest counts. So a
    veiled column more never lowers the score, and veiling one never raises it.
    """
    return score(telling(artifact, pack), pack)


def telling(artifact: Artifact, pack: Pack) -> Exposure | None:
    """Of what an artifact's plain, plain and hashed, and all columns reveal, that which scores highest."""
    return max(exposures(artifact), key=lambda found: score(found, pack).score)


def exposures(artifact: Artifact) -> tuple[Exposure | None, ...]:
    """What the plain columns reveal, what plain and hashed ones do, what all do."""
    plain = frozenset({Form.PLAIN})
    return tuple(exposure(artifact, forms) for forms in (plain, plain | {Form.HASHED}, frozenset(Form)))
