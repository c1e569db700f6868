"""What stops a command. Faults in the scanned data are `model.Problem` records instead and stop nothing.

ScannerError
├── OptionError      the command line or `ScanOptions` is wrong            (exit status 2)
├── PatternError     a rule pack cannot be used; names file and entry      (exit status 2)
├── ReadError        an input cannot be read (any further); becomes a Problem of its artifact
│   └── LimitError   a stated limit was reached
└── InternalError    the scanner itself failed                             (exit status 4)
"""

from __future__ import annotations

from scanner.terms import ProblemCode


class ScannerError(Exception):
    """Root of all errors of this package; its text never holds cell text."""


class OptionError(ScannerError, ValueError):
    """An option has a value that cannot be used."""


class PatternError(ScannerError, ValueError):
    """A rule pack is unusable: which file, which entry, what was expected, what to do."""

    def __init__(self, file: str, entry: str, message: str) -> None:
        """`file` and `entry` say where; `message` what is wrong and what to do."""
        super().__init__(f"{file}: {entry}: {message}")
        self.file, self.entry, self.message = file, entry, message


class ReadError(ScannerError, OSError):
    """An input cannot be read any further; the pipeline turns it into a Problem."""

    def __init__(self, code: ProblemCode, message: str, row: int | None = None) -> None:
        """`message` says what failed and what was expected, without any text from the input."""
        super().__init__(message)
        self.code, self.message, self.row = code, message, row


class LimitError(ReadError):
    """A stated limit was reached; what was read before it counts."""

    def __init__(self, message: str, row: int | None = None) -> None:
        """`message` names the limit and the option that raises it."""
        super().__init__(ProblemCode.LIMIT, message, row)


class InternalError(ScannerError, RuntimeError):
    """The scanner itself failed."""
