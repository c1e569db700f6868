"""breachscan as a library: `scan` returns typed, frozen results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scanner.errors import InternalError, OptionError, PatternError, ReadError, ScannerError
from scanner.options import Limits, ScanOptions

if TYPE_CHECKING:
    from scanner.model import Artifact, ScanResult
    from scanner.pipeline import scan, scan_iter

__all__ = [
    "Artifact",
    "InternalError",
    "Limits",
    "OptionError",
    "PatternError",
    "ReadError",
    "ScanOptions",
    "ScanResult",
    "ScannerError",
    "scan",
    "scan_iter",
]

#: Of this package; its metadata are made from it, which take longer to read than a small file to scan.
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load what needs Arrow and the kernels when it is first asked for."""
    if name in ("scan", "scan_iter"):
        from scanner import pipeline

        return getattr(pipeline, name)
    if name in ("Artifact", "ScanResult"):
        from scanner import model

        return getattr(model, name)
    raise AttributeError(name)
