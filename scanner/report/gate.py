"""The one gate through which every rendering passes: results in, results that may be shown out.

What stands in an artifact as text came from outside: its path, its headers, messages that quote them, samples. The gate
masks each of these unless the caller asked to reveal; renderers get nothing that has not gone through it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any, TypeVar

from scanner.masking import mask_text, mask_value
from scanner.model import Artifact, Column, Inspected, ScanResult, Summary

R = TypeVar("R")

#: Text that the scanner makes from its own words and figures, or that is no text of the data at all.
_OWN = frozenset({"sha256", "patterns_sha256", "version", "started_at", "encoding", "id", "first_event", "last_event"})


def _masked(value: Any) -> Any:
    """Every text within a record, mapping or tuple, masked; enums, numbers and the scanner's own text as they are."""
    if type(value) is str:
        return mask_text(value)
    if isinstance(value, tuple):
        return tuple(_masked(item) for item in value)
    if isinstance(value, Mapping):
        return MappingProxyType({_masked(key): _masked(item) for key, item in value.items()})
    if is_dataclass(value) and not isinstance(value, type):
        return _record(value)
    return value


def _record(record: R) -> R:
    changes = {
        field.name: _masked(getattr(record, field.name))
        for field in fields(record)  # type: ignore[arg-type]
        if field.name not in _OWN
    }
    return replace(record, **changes)  # type: ignore[type-var]


def _column(column: Column) -> Column:
    return replace(
        _record(replace(column, name=None, samples=())),
        name=None if column.name is None else mask_text(" ".join(column.name.split()), digests=True),
        samples=tuple(mask_value(sample, column.type) for sample in column.samples),
    )


def show_artifact(artifact: Artifact, reveal: bool = False) -> Artifact:
    """The artifact as it may be shown; unchanged with `reveal`."""
    if reveal:
        return artifact
    return replace(_record(replace(artifact, columns=())), columns=tuple(map(_column, artifact.columns)))


def show_inspected(one: Inspected, reveal: bool = False) -> Inspected:
    """What was inspected as it may be shown; unchanged with `reveal`."""
    if reveal:
        return one
    columns = tuple(None if name is None else mask_text(" ".join(name.split()), digests=True) for name in one.columns)
    return replace(_record(replace(one, columns=())), columns=columns)


def show_summary(summary: Summary, reveal: bool = False) -> Summary:
    """The summary as it may be shown; unchanged with `reveal`."""
    return summary if reveal else _record(summary)


def show(result: ScanResult, reveal: bool = False) -> ScanResult:
    """The result as it may be shown; unchanged with `reveal`."""
    if reveal:
        return result
    return replace(
        result,
        artifacts=tuple(show_artifact(artifact) for artifact in result.artifacts),
        summary=show_summary(result.summary),
        options=_masked(result.options),
    )


def show_message(text: str, reveal: bool = False) -> str:
    """A message for people (log line, error, path) as it may be shown."""
    return text if reveal else mask_text(text, digests=True)
