"""Results → the dictionaries of the report contract, version 1. Takes what has passed the gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner.model import (
    Advice,
    Artifact,
    Column,
    Disclosure,
    Estimate,
    Evidence,
    HashTest,
    Linkage,
    Overlap,
    Problem,
    Record,
    SampleFigures,
    ScanResult,
    Severity,
    Summary,
)
from scanner.terms import ColumnType, Level, PackType, Status

SCHEMA_VERSION = "1"
TOOL = "breachscan"

#: Stands for the digest of the rule packs where a result has none, as one that was put together by hand.
_NO_DIGEST = "0" * 64


def _evidence(evidence: tuple[Evidence, ...]) -> list[dict[str, Any]]:
    return [{"subject": one.subject, "weight": one.weight, "text": one.text} for one in evidence]


def _plain(value: Any) -> Any:
    """Mappings and tuples within a value as the dictionaries and lists of JSON."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _severity(severity: Severity) -> dict[str, Any]:
    out: dict[str, Any] = {
        "score": severity.score,
        "level": severity.level.value,
        "factors": [{"name": one.name, "points": one.points, "reason": one.reason} for one in severity.factors],
    }
    if severity.enisa:
        out["enisa"] = _plain(severity.enisa)
    return out


def problem_document(problem: Problem) -> dict[str, Any]:
    """The contract's problem object."""
    return {"code": problem.code.value, "message": problem.message, "row": problem.row}


def _column(column: Column, evidence: bool) -> dict[str, Any]:
    out: dict[str, Any] = {
        "index": column.index,
        "name": column.name,
        "type": ColumnType.OTHER.value if isinstance(column.type, PackType) else column.type.value,
        "form": column.form.value,
        "confidence": column.confidence,
        "rows_filled": column.rows_filled,
        "rows_matched": column.rows_matched,
        "distinct": column.distinct,
        "samples": list(column.samples),
    }
    if isinstance(column.type, PackType):
        out["identifier"] = column.type.value
    if column.role is not None:
        out["role"] = column.role
    if column.hash is not None:
        out["hash"] = _hash(column.hash)
    if evidence:
        out["evidence"] = _evidence(column.evidence)
    return out


def _hash(test: HashTest) -> dict[str, Any]:
    hit = test.hit
    return {
        "algorithm": hit.algorithm if hit else None,
        "notation": hit.notation if hit else None,
        "tested": test.tested,
        "exposed_distinct": test.exposed_distinct,
        "exposed_rows": test.exposed_rows,
        "complete": test.complete,
        "spaces": [
            {
                "algorithm": one.algorithm,
                "notation": one.notation,
                "type": one.type.value,
                "tested": one.tested,
                "size": one.size,
                "exposed_distinct": one.exposed_distinct,
                "exposed_rows": one.exposed_rows,
            }
            for one in test.spaces
            if one.exposed_distinct
        ],
    }


def _record(record: Record, evidence: bool) -> dict[str, Any]:
    out: dict[str, Any] = {
        "structure": record.structure.value,
        "rows": record.rows,
        "confidence": record.confidence,
        "roles": dict(record.roles),
        "first_event": record.first_event,
        "last_event": record.last_event,
    }
    if evidence:
        out["evidence"] = _evidence(record.evidence)
    return out


def overlaps_document(overlaps: tuple[Overlap, ...]) -> list[dict[str, Any]]:
    """What an artifact has in common with others."""
    return [
        {
            "path": one.path,
            "shared_subscribers": one.shared_subscribers,
            "share_of_this": one.share_of_this,
            "on": one.on.value,
        }
        for one in overlaps
    ]


def artifact_parts(artifact: Artifact, evidence: bool = False) -> tuple[dict[str, Any], ...]:
    """The contract's artifact object in three parts: what stands before `overlaps`, before `duplicate_of`, and behind.

    Those two only the whole scan can tell. `evidence` adds why columns and structures were judged so.
    """
    front: dict[str, Any] = {
        "path": artifact.path,
        "sha256": artifact.sha256,
        "size_bytes": artifact.size_bytes,
        "format": artifact.format.value,
        "encoding": artifact.encoding,
        "status": artifact.status.value,
        "problems": [problem_document(one) for one in artifact.problems],
        "rows": artifact.rows,
        "bad_rows": artifact.bad_rows,
        "columns": [_column(one, evidence) for one in artifact.columns],
        "identifiers": {
            kind.value: {"occurrences": count.occurrences, "distinct": count.distinct}
            for kind, count in artifact.identifiers.items()
        },
        "records": [_record(one, evidence) for one in artifact.records],
        "subscribers": {"distinct": artifact.subscribers.distinct, "basis": artifact.subscribers.basis},
        "severity": _severity(artifact.severity),
        "obligations": [
            {"id": one.id, "title": one.title, "reason": one.reason, "asks": one.asks, "status": one.status}
            for one in artifact.obligations
        ],
    }
    out: dict[str, Any] = {
        "coverage": {
            "bytes_total": artifact.coverage.bytes_total,
            "bytes_read": artifact.coverage.bytes_read,
            "cells": artifact.coverage.cells,
            "sampled": artifact.coverage.sampled,
        },
    }
    if artifact.sample is not None:
        out["sample"] = _sample(artifact.sample)
    if artifact.members is not None:
        held = artifact.members
        out["members"] = {"listed": held.listed, "read": held.read, "skipped": dict(held.skipped)}
    if artifact.breakdown:
        out["breakdown"] = {name: dict(counts) for name, counts in artifact.breakdown.items()}
    if artifact.linked.texts:
        out["linked"] = {"texts": artifact.linked.texts, "named": artifact.linked.named}
    if artifact.minors:
        out["minors"] = artifact.minors
    back: dict[str, Any] = {}
    if artifact.disclosures:
        back["lawful_minimum"] = [disclosure_document(one) for one in artifact.disclosures]
    if artifact.advice:
        back["advice"] = _advice(artifact.advice)
    return front, out, back


def artifact_document(artifact: Artifact, evidence: bool = False) -> dict[str, Any]:
    """The contract's artifact object; `evidence` adds why columns and structures were judged so."""
    front, middle, back = artifact_parts(artifact, evidence)
    copied = {} if artifact.duplicate_of is None else {"duplicate_of": artifact.duplicate_of}
    return {**front, "overlaps": overlaps_document(artifact.overlaps), **middle, **copied, **back}


def _sample(held: SampleFigures) -> dict[str, Any]:
    """What was examined of a sampled artifact, and the totals of all of it that follow."""
    return {
        "share": held.share,
        "pieces": held.pieces,
        "confidence": held.confidence,
        "rows": _estimate(held.rows),
        "rows_filled": [{"index": index, **_estimate(one)} for index, one in held.filled.items()],
        "identifiers": {
            kind.value: {
                "occurrences": _estimate(one),
                "distinct": {"low": held.distinct[kind][0], "high": held.distinct[kind][1]},
            }
            for kind, one in held.occurrences.items()
        },
    }


def _estimate(one: Estimate) -> dict[str, int | None]:
    return {"estimate": one.value, "low": one.low, "high": one.high}


def disclosure_document(found: Disclosure) -> dict[str, Any]:
    """What goes beyond the minimum of one lawful purpose."""
    return {
        "purpose": found.purpose,
        "title": found.title,
        "excess": [
            {"index": one.index, "column": one.column, "type": one.type.value, "reason": one.reason}
            for one in found.excess
        ],
        "unjudged": list(found.unjudged),
        "note": found.note,
    }


def _advice(advice: tuple[Advice, ...]) -> list[dict[str, str]]:
    return [{"stage": one.stage, "text": one.text} for one in advice]


def _linkage(link: Linkage) -> dict[str, Any]:
    added = {"identifier": link.on.value} if isinstance(link.on, PackType) else {}
    return {
        "artifacts": list(link.artifacts),
        "on": ColumnType.OTHER.value if added else link.on.value,
        **added,
        "shared_subscribers": link.shared_subscribers,
        "reason": link.reason,
        "severity": _severity(link.severity),
    }


def _in_order(counts: Mapping[str, int], order: tuple[str, ...]) -> dict[str, int]:
    return {name: counts[name] for name in order if name in counts}


def summary_document(summary: Summary) -> dict[str, Any]:
    """The contract's summary object."""
    out: dict[str, Any] = {
        "artifacts": summary.artifacts,
        "by_status": _in_order(summary.by_status, tuple(Status)),
        "by_level": _in_order(summary.by_level, tuple(Level)),
        "subscribers": {"distinct": summary.subscribers.distinct, "basis": summary.subscribers.basis},
        "severity": _severity(summary.severity),
        "linkage": [_linkage(one) for one in summary.linkage],
    }
    if summary.breakdown:
        out["breakdown"] = {name: dict(counts) for name, counts in summary.breakdown.items()}
    if summary.advice:
        out["advice"] = _advice(summary.advice)
    return out


def tool_document(version: str, patterns_sha256: str) -> dict[str, str]:
    """The contract's tool object."""
    return {"name": TOOL, "version": version, "patterns_sha256": patterns_sha256 or _NO_DIGEST}


def document(result: ScanResult, evidence: bool = False) -> dict[str, Any]:
    """The whole report as the contract's JSON document."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": tool_document(result.version, result.patterns_sha256),
        "started_at": result.started_at,
        "duration_seconds": result.duration_seconds,
        "artifacts": [artifact_document(artifact, evidence) for artifact in result.artifacts],
        "summary": summary_document(result.summary),
    }
