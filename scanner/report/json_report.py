"""The two renderings that programs read: one JSON document, or JSON lines as artifacts are finished."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from io import TextIOWrapper
from typing import IO, Any

from scanner.model import Artifact, Overlap, ScanResult, Summary
from scanner.report import gate
from scanner.report.document import (
    artifact_parts,
    document,
    summary_document,
    tool_document,
)
from scanner.terms import AnyType
from scanner.vault import Kept, Vault

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def json_line(value: dict[str, Any]) -> str:
    """A value as one line of JSON with its line end."""
    return _encoded(value).decode() + "\n"


def _encoded(value: Any) -> bytes:
    """JSON in UTF-8, which has no lone surrogate as a file name may hold: escaped it is still valid JSON."""
    text = _ENCODER.encode(value)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False).encode()


@dataclass(frozen=True, slots=True)
class ArtifactText:
    """An artifact as JSON, but for what only the whole scan can tell of it: made where it is scanned."""

    text: bytes | Kept
    """Members of the object, UTF-8."""
    cuts: tuple[int, int]
    """Where they are divided as by `artifact_parts`."""

    @staticmethod
    def of(artifact: Artifact, *, reveal: bool = False, evidence: bool = False) -> ArtifactText:
        """The text of an artifact that has not passed the gate."""
        shown = gate.show_artifact(artifact, reveal, evidence)
        front, middle, back = map(_members, artifact_parts(shown, evidence))
        return ArtifactText(front + middle + back, (len(front), len(front) + len(middle)))

    def kept(self, vault: Vault) -> ArtifactText:
        """The same, in a vault."""
        return self if isinstance(self.text, Kept) else ArtifactText(Kept(self.text, vault), self.cuts)

    def line(self, artifact: Artifact, reveal: bool = False) -> bytes:
        """The whole object on one line, with what the artifact has in common with others; without a line end."""
        text, (one, two) = self.text.read() if isinstance(self.text, Kept) else self.text, self.cuts
        front, middle, back = text[:one], text[one:two], text[two:]
        overlaps, copied = gate.show_in_common(artifact, reveal)
        pieces = [front, b'"overlaps": [%b]' % _overlaps(overlaps).encode(), middle]
        if copied is not None:
            pieces.append(_members({"duplicate_of": copied}))
        return b"{%b}" % b", ".join([*pieces, back] if back else pieces)


def _members(value: dict[str, Any]) -> bytes:
    """The members of an object as JSON, without its braces."""
    return _encoded(value)[1:-1]


def _overlaps(overlaps: tuple[Overlap, ...]) -> str:
    """As `overlaps_document` has them; of many artifacts there are very many."""
    return ", ".join(
        [
            f'{{"path": {_quoted(path)}, "shared_subscribers": {shared}, "share_of_this": {share}, "on": {_word(on)}}}'
            for path, shared, share, on in overlaps
        ]
    )


@lru_cache(maxsize=1 << 16)
def _quoted(text: str) -> str:
    return _encoded(text).decode()


@lru_cache(maxsize=256)
def _word(kind: AnyType) -> str:
    return _quoted(kind.value)


def _sink(out: IO[str]) -> Callable[[bytes], object]:
    """What writes UTF-8 to a stream: past its encoder, which has nothing to do, where that is UTF-8 too."""
    if isinstance(out, TextIOWrapper) and out.encoding.lower() == "utf-8":
        out.flush()
        write: Callable[[bytes], object] = out.buffer.write
        return write
    return lambda data: out.write(data.decode())


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
    write = _sink(out)
    for position, (artifact, text) in enumerate(zip(result.artifacts, texts or made, strict=True)):
        write((b",\n  " if position else b"\n  ") + text.line(artifact, reveal))
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
    _sink(out)(text.line(artifact, reveal) + b"\n")
    out.flush()


def write_summary_line(summary: Summary, out: IO[str], *, tool: tuple[str, str], reveal: bool = False) -> None:
    """Write the last line of JSON lines; `tool` is version and digest of the rule packs."""
    shown = gate.show_summary(summary, reveal)
    out.write(json_line({"summary": summary_document(shown), "tool": tool_document(*tool)}))
    out.flush()
