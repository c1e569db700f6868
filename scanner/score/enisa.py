"""The ENISA 2013 value of a breach, SE = DPC × EI + CB, worked out from the document's values in the packs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from scanner.packs.schema import Pack
from scanner.score.exposure import Exposure, veils


def context(category: str, steps: Iterable[int], settings: Mapping[str, Any]) -> int:
    """DPC: the basic score of a category with the steps of its adjusters, within 1 and 4."""
    return max(1, min(4, int(settings["categories"][category]) + sum(steps)))


def circumstances(elements: Mapping[str, float]) -> float:
    """CB: the elements of loss of confidentiality, integrity and availability, and malicious intent, added."""
    return sum(elements.values())


def value(dpc: int, ease: float, added: float) -> float:
    """SE."""
    return round(dpc * ease + added, 2)


def label(severity: float, settings: Mapping[str, Any]) -> str:
    """The word for a value: low, medium, high or very high."""
    return next(str(band["label"]) for band in settings["band"] if severity < band["below"])


@lru_cache(maxsize=4096)  # asked about each content of a file
def days(first: str | None, last: str | None) -> int:
    """Whole days from the first to the last event; 0 where there are none."""
    if first is None or last is None:
        return 0
    return max(0, (date.fromisoformat(last[:10]) - date.fromisoformat(first[:10])).days)


def _applying(
    entries: Iterable[Mapping[str, Any]], found: Exposure, content: str, as_of: date
) -> list[Mapping[str, Any]]:
    """The entries whose conditions all hold."""
    types = {kind.value for kind in found.types}
    structures = {one.value for one in found.structures}
    span = days(found.first, found.last)
    age = days(found.last, as_of.isoformat()) if found.last is not None else 0
    return [
        entry
        for entry in entries
        if ("contents" not in entry or content in entry["contents"])
        and ("structures" not in entry or not structures.isdisjoint(entry["structures"]))
        and ("types" not in entry or types.issuperset(entry["types"]))
        and ("any_types" not in entry or not types.isdisjoint(entry["any_types"]))
        and ("roles" not in entry or not found.roles.isdisjoint(entry["roles"]))
        and entry.get("min_days", 0) <= span <= entry.get("max_days", span)
        and age >= entry.get("min_age_days", 0)
        and (not entry.get("joined") or found.joined)
        and (not entry.get("minors") or found.minors > 0)
    ]


def _ease(found: Exposure, pack: Pack) -> tuple[float, str]:
    settings: Mapping[str, Any] = pack.settings["enisa"]
    types = {kind.value for kind in found.types}
    entry: Mapping[str, Any] = next(
        one for one in settings["ease"] if all(types & set(group) for group in one["needs"])
    )
    ease, reason = float(entry["value"]), str(entry["reason"])
    if found.veil:
        worn = veils(pack)[found.veil - 1]
        most = float(settings["veils"].get(worn["id"], ease))
        if most < ease:
            return most, str(worn["reason"])
    return ease, reason


def assess(
    found: Exposure, content: Mapping[str, Any], subscribers: int, pack: Pack, situation: str, as_of: date
) -> Mapping[str, Any]:
    """The value with everything that it was worked out from, as the report shows it beside the score."""
    settings: Mapping[str, Any] = pack.settings["enisa"]
    adjusters = _applying(settings["adjuster"], found, content["id"], as_of)
    dpc = context(content["category"], (one["step"] for one in adjusters), settings)
    ease, reason = _ease(found, pack)
    added = circumstances(settings["circumstances"][situation])
    severity = value(dpc, ease, added)
    return MappingProxyType(
        {
            "dpc": dpc,
            "ei": ease,
            "cb": added,
            "se": severity,
            "label": label(severity, settings),
            "category": content["category"],
            "adjusters": tuple(
                MappingProxyType({"name": one["id"], "step": one["step"], "reason": one["reason"]}) for one in adjusters
            ),
            "ei_reason": reason,
            "circumstances": situation,
            "more_than_100_individuals": subscribers > settings["flags"]["many"],
            "unintelligible": not found.plain and ease <= settings["flags"]["unintelligible"],
        }
    )
