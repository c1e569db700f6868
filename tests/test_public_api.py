"""The names that a program may rely on."""

from __future__ import annotations

import scanner


def test_every_public_name_can_be_had() -> None:
    for name in scanner.__all__:
        assert getattr(scanner, name).__name__ == name


def test_the_public_names_are_these() -> None:
    expected = ["Artifact", "InternalError", "Limits", "OptionError", "PatternError", "ReadError", "ScanOptions"]
    assert [*expected, "ScanResult", "ScannerError", "scan", "scan_iter"] == scanner.__all__
