"""Results as three Arrow tables for notebooks and databases."""

from __future__ import annotations

import pyarrow as pa

from scanner.model import ScanResult
from scanner.report import gate

ARTIFACTS = pa.schema(
    [
        pa.field("artifact", pa.int64(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("format", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("encoding", pa.string()),
        pa.field("sha256", pa.string()),
        pa.field("size_bytes", pa.int64()),
        pa.field("rows", pa.int64(), nullable=False),
        pa.field("bad_rows", pa.int64(), nullable=False),
        pa.field("structures", pa.list_(pa.string()), nullable=False),
        pa.field("first_event", pa.string()),
        pa.field("last_event", pa.string()),
        pa.field("subscribers", pa.int64(), nullable=False),
        pa.field("basis", pa.string()),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("level", pa.string(), nullable=False),
        pa.field("problems", pa.list_(pa.string()), nullable=False),
        pa.field("bytes_total", pa.int64()),
        pa.field("bytes_read", pa.int64(), nullable=False),
        pa.field("duplicate_of", pa.string()),
    ]
)
COLUMNS = pa.schema(
    [
        pa.field("artifact", pa.int64(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("index", pa.int64(), nullable=False),
        pa.field("name", pa.string()),
        pa.field("type", pa.string(), nullable=False),
        pa.field("form", pa.string(), nullable=False),
        pa.field("role", pa.string()),
        pa.field("confidence", pa.float64(), nullable=False),
        pa.field("rows_filled", pa.int64(), nullable=False),
        pa.field("rows_matched", pa.int64(), nullable=False),
        pa.field("distinct", pa.int64()),
        pa.field("samples", pa.list_(pa.string()), nullable=False),
    ]
)
IDENTIFIERS = pa.schema(
    [
        pa.field("artifact", pa.int64(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        pa.field("occurrences", pa.int64(), nullable=False),
        pa.field("distinct", pa.int64()),
    ]
)


def arrow_tables(result: ScanResult, *, reveal: bool = False) -> dict[str, pa.Table]:
    """Tables `artifacts`, `columns` and `identifiers`; they join on `artifact`, its 0-based position in the result."""
    shown = gate.show(result, reveal)
    artifacts, columns, identifiers = [], [], []
    for number, one in enumerate(shown.artifacts):
        starts = [record.first_event for record in one.records if record.first_event]
        ends = [record.last_event for record in one.records if record.last_event]
        artifacts.append(
            {
                "artifact": number,
                "path": one.path,
                "format": one.format.value,
                "status": one.status.value,
                "encoding": one.encoding,
                "sha256": one.sha256,
                "size_bytes": one.size_bytes,
                "rows": one.rows,
                "bad_rows": one.bad_rows,
                "structures": [record.structure.value for record in one.records],
                "first_event": min(starts, default=None),
                "last_event": max(ends, default=None),
                "subscribers": one.subscribers.distinct,
                "basis": one.subscribers.basis,
                "score": one.severity.score,
                "level": one.severity.level.value,
                "problems": [problem.code.value for problem in one.problems],
                "bytes_total": one.coverage.bytes_total,
                "bytes_read": one.coverage.bytes_read,
                "duplicate_of": one.duplicate_of,
            }
        )
        columns += [
            {
                "artifact": number,
                "path": one.path,
                "index": column.index,
                "name": column.name,
                "type": column.type.value,
                "form": column.form.value,
                "role": column.role,
                "confidence": column.confidence,
                "rows_filled": column.rows_filled,
                "rows_matched": column.rows_matched,
                "distinct": column.distinct,
                "samples": list(column.samples),
            }
            for column in one.columns
        ]
        identifiers += [
            {
                "artifact": number,
                "path": one.path,
                "type": kind.value,
                "occurrences": count.occurrences,
                "distinct": count.distinct,
            }
            for kind, count in one.identifiers.items()
        ]
    return {
        "artifacts": pa.Table.from_pylist(artifacts, schema=ARTIFACTS),
        "columns": pa.Table.from_pylist(columns, schema=COLUMNS),
        "identifiers": pa.Table.from_pylist(identifiers, schema=IDENTIFIERS),
    }
