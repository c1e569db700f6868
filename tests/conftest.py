"""Records that renderings are tested with; every value is made up."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, settings

from scanner.model import (
    Artifact,
    Column,
    Coverage,
    Evidence,
    Factor,
    IdentifierCount,
    Linkage,
    Obligation,
    Overlap,
    Problem,
    Record,
    ScanResult,
    Severity,
    Subscribers,
    Summary,
)
from scanner.terms import ColumnType, Form, Format, Level, ProblemCode, Status, Structure

# how long an example takes says something of the machine's load, and nothing of what is tested
settings.register_profile("timeless", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("timeless")

#: Identifiers planted in every text of the sample result that could come from outside.
PLANTED = ("03451234567", "923451234567", "35202-7654321-9", "410019876543210", "salma.b@example.com", "QZ7654321")


@pytest.fixture
def calls() -> Artifact:
    """An artifact of call records with identifiers planted in path, header, message, reason and samples."""
    return Artifact(
        path="case/dump of 03451234567.csv",
        format=Format.CSV,
        encoding="utf-8",
        sha256="ab" * 32,
        size_bytes=120_000,
        status=Status.PARTIAL,
        problems=(Problem(ProblemCode.TRUNCATED, "ends within a row, file of 35202-7654321-9", 1204),),
        rows=1204,
        bad_rows=2,
        columns=(
            Column(
                0,
                "923451234567",
                ColumnType.MSISDN,
                Form.PLAIN,
                0.98,
                1204,
                1200,
                812,
                ("03451234567",),
                "caller",
                (Evidence("values: mobile notation", 0.997, "1,200 of 1,204 cells are Pakistani mobile numbers"),),
            ),
            Column(1, "start", ColumnType.TIMESTAMP, confidence=0.9, rows_filled=1204, rows_matched=1204),
            Column(
                2,
                "barcode",
                rows_filled=10,
                evidence=(Evidence("values: barcode check digit", -1.0, "100% pass the EAN-13 check"),),
            ),
            Column(3, None, ColumnType.CNIC, Form.MASKED, 0.8, 4, 4, None, ("35202-7654321-9",)),
        ),
        identifiers=MappingProxyType({ColumnType.MSISDN: IdentifierCount(1200, 812)}),
        records=(
            Record(
                Structure.CALL_RECORD,
                1204,
                0.95,
                MappingProxyType({"caller": 0, "event_time": 1}),
                "2024-01-01T00:00:00",
                "2024-02-01T10:00:00",
                (Evidence("roles", 0.9, "2 roles filled"),),
            ),
        ),
        subscribers=Subscribers(812, "msisdn"),
        severity=Severity(
            52.0,
            Level.HIGH,
            (Factor("data", 40.0, "call records of 03451234567"), Factor("scale", 12.0, "812 subscribers")),
            MappingProxyType({"dpc": 2.0, "ei": 1.0, "cb": 0.5, "se": 2.5, "label": "medium"}),
        ),
        obligations=(Obligation("x", "Report it", "call records of 812 subscribers"),),
        overlaps=(Overlap("other/QZ7654321.csv", 10, 0.01, ColumnType.MSISDN),),
        coverage=Coverage(120_000, 110_000, 4816),
        breakdown=MappingProxyType({"operator": MappingProxyType({"Telenor": 812})}),
        minors=3,
    )


@pytest.fixture
def result(calls: Artifact) -> ScanResult:
    """A result with an exposed, a harmless and an unreadable artifact."""
    clean = Artifact("case/codes.json", Format.JSON, rows=3, columns=(Column(0, "[red]code[/red]\x1b[31m"),))
    broken = Artifact(
        "case/salma.b@example.com.parquet",
        Format.PARQUET,
        Status.UNREADABLE,
        problems=(Problem(ProblemCode.CORRUPT, "no footer"),),
    )
    artifacts = (calls, clean, broken)
    link = Linkage((calls.path, clean.path), ColumnType.MSISDN, 5, "joins 410019876543210", calls.severity)
    summary = Summary(
        3,
        MappingProxyType({"complete": 1, "partial": 1, "unreadable": 1}),
        MappingProxyType({"none": 2, "high": 1}),
        Subscribers(812, "msisdn"),
        calls.severity,
        (link,),
    )
    return ScanResult(artifacts, summary, "0.1.0", "cd" * 32, "2024-03-01T00:00:00+00:00", 1.25)
