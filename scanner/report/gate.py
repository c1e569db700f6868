"""The one gate through which every rendering passes: results in, results that may be shown out.

What stands in an artifact as text came from outside: its path, its headers, messages that quote them, samples. The gate
masks each of these unless the caller asked to reveal; renderers get nothing that has not gone through it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache, lru_cache
from operator import is_, itemgetter
from types import MappingProxyType
from typing import Any, TypeVar

from scanner.masking import mask_text, mask_value
from scanner.model import Artifact, Column, Inspected, Overlap, ScanResult, Summary
from scanner.records import changed

R = TypeVar("R")

#: Text of the scanner and of the packs in their own words, or that is no text of the data at all.
_OWN = frozenset(
    {"sha256", "patterns_sha256", "version", "started_at", "encoding", "id", "first_event", "last_event"}
    | {"stage", "title", "asks", "status", "purpose", "role"}
)

#: Annotations of fields that hold no text: figures, and words of the contract and of the packs.
_FIGURES = frozenset({"int", "float", "bool", "int | None", "float | None"})
_TERMS = frozenset({"AnyType", "ColumnType", "Form", "Format", "Level", "ProblemCode", "Status", "Structure"})


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a record that may hold text from outside."""
    return tuple(field.name for field in fields(kind) if field.name not in _OWN and field.type not in _FIGURES | _TERMS)


@cache
def _way(kind: type[Any]) -> Callable[[Any], Any] | None:
    """What masks values of a type; None where they hold nothing to be masked."""
    if kind is str:
        return _text
    if issubclass(kind, tuple):
        return _tuple if kind is tuple else lambda value: kind(*_tuple(value))
    if issubclass(kind, Mapping):
        return _mapping
    return _record if is_dataclass(kind) else None


def _text(value: str) -> str:
    shown = mask_text(value)
    return value if shown == value else shown


def _tuple(value: tuple[Any, ...]) -> tuple[Any, ...]:
    shown = tuple(map(_masked, value))
    return value if all(map(is_, shown, value)) else shown


def _mapping(value: Mapping[Any, Any]) -> Mapping[Any, Any]:
    shown = {_masked(key): _masked(item) for key, item in value.items()}
    same = all(map(is_, shown.keys(), value.keys())) and all(map(is_, shown.values(), value.values()))
    return value if same else MappingProxyType(shown)


def _masked(value: Any) -> Any:
    """Every text within a record, mapping or tuple, masked; enums, numbers and the scanner's own text as they are.

    What holds nothing to be masked is returned itself.
    """
    kind: Any = type(value)
    way = _way(kind)
    return value if way is None else way(value)


def _record(record: R, **given: Any) -> R:
    """A record with its texts masked, those of `given` as they are given."""
    changes = given
    kind: Any = type(record)
    for name in _names(kind):
        if name not in given:
            value = getattr(record, name)
            held: Any = type(value)
            if (way := _way(held)) is not None and (shown := way(value)) is not value:
                changes[name] = shown
    return changed(record, **changes) if changes else record


#: What is masked already repeats: dates, words of lists, the heads of numbers.
_sample = lru_cache(maxsize=1 << 14)(mask_value)


def _column(column: Column, evidence: bool) -> Column:
    return changed(
        column,
        name=None if column.name is None else mask_text(" ".join(column.name.split()), digests=True),
        samples=tuple([_sample(sample, column.type) for sample in column.samples]),
        evidence=_masked(column.evidence) if evidence else (),
        hash=_masked(column.hash),
    )


def show_artifact(artifact: Artifact, reveal: bool = False, evidence: bool = True) -> Artifact:
    """The artifact as it may be shown; unchanged with `reveal`. Without `evidence` its columns have none."""
    if reveal:
        return artifact
    return _record(artifact, columns=tuple(_column(column, evidence) for column in artifact.columns))


def show_in_common(artifact: Artifact, reveal: bool = False) -> tuple[tuple[Overlap, ...], str | None]:
    """What an artifact has in common with others, and which it is a copy of, as it may be shown."""
    overlaps, copied = artifact.overlaps, artifact.duplicate_of
    if reveal:
        return overlaps, copied
    if not all(map(_plain, map(itemgetter(0), overlaps))):  # their paths, of which there are very many
        overlaps = tuple(one._replace(path=mask_text(one.path)) for one in overlaps)
    return overlaps, _masked(copied)


@lru_cache(maxsize=1 << 16)
def _plain(text: str) -> bool:
    """Whether a text may be shown as it is."""
    return mask_text(text) == text


def show_inspected(one: Inspected, reveal: bool = False) -> Inspected:
    """What was inspected as it may be shown; unchanged with `reveal`."""
    if reveal:
        return one
    columns = tuple(None if name is None else mask_text(" ".join(name.split()), digests=True) for name in one.columns)
    return _record(one, columns=columns)


def show_summary(summary: Summary, reveal: bool = False) -> Summary:
    """The summary as it may be shown; unchanged with `reveal`."""
    return summary if reveal else _record(summary)


def show(result: ScanResult, reveal: bool = False) -> ScanResult:
    """The result as it may be shown; unchanged with `reveal`."""
    if reveal:
        return result
    return changed(
        result,
        artifacts=tuple(show_artifact(artifact) for artifact in result.artifacts),
        summary=show_summary(result.summary),
        options=_masked(result.options),
    )


def show_message(text: str, reveal: bool = False) -> str:
    """A message for people (log line, error, path) as it may be shown."""
    return text if reveal else mask_text(text, digests=True)
