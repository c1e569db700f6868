"""The two renderings that programs read: one JSON document, or JSON lines as artifacts are finished."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

from scanner.model import Artifact, ScanResult, Summary
from scanner.report import gate
from scanner.report.document import (
    artifact_parts,
    document,
    overlaps_document,
    summary_document,
    tool_document,
)

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def json_line(value: dict[str, Any]) -> str:
    """A value as one line of JSON with its line end."""
    return _writable(_ENCODER.encode(value)) + "\n"


def _writable(text: str) -> str:
    """JSON that UTF-8 can hold: a lone surrogate in a file name has none, but escaped it is still valid JSON."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(json.loads(text), allow_nan=False)
    return text


@dataclass(frozen=True, slots=True)
class ArtifactText:
    """An artifact as JSON, but for what only the whole scan can tell of it: made where it is scanned."""

    parts: tuple[str, ...]
    """Members of the object, as `artifact_parts` divides them."""

    @staticmethod
    def of(artifact: Artifact, *, reveal: bool = False, evidence: bool = False) -> ArtifactText:
        """The text of an artifact that has not passed the gate."""
        shown = gate.show_artifact(artifact, reveal, evidence)
        return ArtifactText(tuple(map(_members, artifact_parts(shown, evidence))))

    def line(self, artifact: Artifact, reveal: bool = False) -> str:
        """The whole object on one line, with what the artifact has in common with others; without a line end."""
        front, middle, back = self.parts
        overlaps, copied = gate.show_in_common(artifact, reveal)
        pieces = [front, _members({"overlaps": overlaps_document(overlaps)}), middle]
        if copied is not None:
            pieces.append(_members({"duplicate_of": copied}))
        return _writable(f"{{{', '.join([*pieces, back] if back else pieces)}}}")


def _members(value: dict[str, Any]) -> str:
    """The members of an object as JSON, without its braces."""
    return _ENCODER.encode(value)[1:-1]


def write_json(
    result: ScanResult,
    out: IO[str],
    *,
    reveal: bool = False,
    evidence: bool = False,
    texts: Sequence[ArtifactText] | None = None,
) -> None:
    """Write the report as one document; artifacts one at a time, so that a large report is never one string.

    `texts` are those of the artifacts, where they were made before.
    """
    frame = replace(result, artifacts=(), summary=gate.show_summary(result.summary, reveal))
    whole = document(frame)
    head, tail = {k: v for k, v in whole.items() if k not in ("artifacts", "summary")}, whole["summary"]
    out.write("{\n")
    for key, value in head.items():
        out.write(f" {json.dumps(key)}: {json_line(value) if isinstance(value, dict) else json.dumps(value)}".rstrip())
        out.write(",\n")
    out.write(' "artifacts": [')
    made = (ArtifactText.of(one, reveal=reveal, evidence=evidence) for one in result.artifacts)
    for position, (artifact, text) in enumerate(zip(result.artifacts, texts or made, strict=True)):
        out.write(",\n  " if position else "\n  ")
        out.write(text.line(artifact, reveal))
    out.write("\n ],\n" if result.artifacts else "],\n")
    out.write(f' "summary": {json_line(tail).rstrip()}\n}}\n')


def write_artifact_line(
    artifact: Artifact,
    out: IO[str],
    *,
    reveal: bool = False,
    evidence: bool = False,
    text: ArtifactText | None = None,
) -> None:
    """Write one artifact as a line of JSON and pass it on at once; `text` as in `write_json`."""
    text = text or ArtifactText.of(artifact, reveal=reveal, evidence=evidence)
    out.write(text.line(artifact, reveal) + "\n")
    out.flush()


def write_summary_line(summary: Summary, out: IO[str], *, tool: tuple[str, str], reveal: bool = False) -> None:
    """Write the last line of JSON lines; `tool` is version and digest of the rule packs."""
    shown = gate.show_summary(summary, reveal)
    out.write(json_line({"summary": summary_document(shown), "tool": tool_document(*tool)}))
    out.flush()
