"""The two renderings that programs read: one JSON document, or JSON lines as artifacts are finished."""

from __future__ import annotations

import json
from typing import IO, Any

from scanner.model import Artifact, ScanResult, Summary
from scanner.report import gate
from scanner.report.document import artifact_document, document, summary_document, tool_document


def json_line(value: dict[str, Any]) -> str:
    """A value as one line of JSON with its line end."""
    # A lone surrogate in a file name has no UTF-8; escaped it is still valid JSON.
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(value, allow_nan=False)
    return text + "\n"


def write_json(result: ScanResult, out: IO[str], *, reveal: bool = False, evidence: bool = False) -> None:
    """Write the report as one document; artifacts one at a time, so that a large report is never one string."""
    shown = gate.show(result, reveal)
    whole = document(ScanResult((), shown.summary, *_frame(shown)))
    head, tail = {k: v for k, v in whole.items() if k not in ("artifacts", "summary")}, whole["summary"]
    out.write("{\n")
    for key, value in head.items():
        out.write(f" {json.dumps(key)}: {json_line(value) if isinstance(value, dict) else json.dumps(value)}".rstrip())
        out.write(",\n")
    out.write(' "artifacts": [')
    for position, artifact in enumerate(shown.artifacts):
        out.write(",\n  " if position else "\n  ")
        out.write(json_line(artifact_document(artifact, evidence)).rstrip("\n"))
    out.write("\n ],\n" if shown.artifacts else "],\n")
    out.write(f' "summary": {json_line(tail).rstrip()}\n}}\n')


def _frame(result: ScanResult) -> tuple[str, str, str, float]:
    return result.version, result.patterns_sha256, result.started_at, result.duration_seconds


def write_artifact_line(artifact: Artifact, out: IO[str], *, reveal: bool = False, evidence: bool = False) -> None:
    """Write one artifact as a line of JSON and pass it on at once."""
    out.write(json_line(artifact_document(gate.show_artifact(artifact, reveal), evidence)))
    out.flush()


def write_summary_line(summary: Summary, out: IO[str], *, tool: tuple[str, str], reveal: bool = False) -> None:
    """Write the last line of JSON lines; `tool` is version and digest of the rule packs."""
    shown = gate.show_summary(summary, reveal)
    out.write(json_line({"summary": summary_document(shown), "tool": tool_document(*tool)}))
    out.flush()
