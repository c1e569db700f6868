"""What is seen of a running scan: a bar on a terminal, log lines with -v. Counts and masked paths, no cell text."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanner.model import Artifact
from scanner.report.gate import show_artifact
from scanner.report.words import count, printable
from scanner.terms import Status

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

_MAX_COUNTED = 100_000
_SECONDS_BETWEEN_PICTURES = 0.1


def total_bytes(paths: Sequence[str]) -> int | None:
    """Bytes on disk under some paths; None where it cannot be told or is too much to count."""
    total, files = 0, 0
    for name in paths:
        path = Path(name)
        if name == "-":
            return None
        if path.is_file():
            total += path.stat().st_size
        for folder, _, members in os.walk(path):
            for member in members:
                files += 1
                if files > _MAX_COUNTED:
                    return None
                try:
                    total += os.lstat(os.path.join(folder, member)).st_size  # noqa: PTH118
                except OSError:
                    continue
    return total or None


def _bar(console: Console) -> Progress:
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        auto_refresh=False,  # which takes a thread, and with threads workers cannot be forked
        redirect_stdout=False,
        redirect_stderr=False,
    )


class Watch:
    """Observer of a scan that shows progress and writes log lines to standard error."""

    def __init__(
        self, paths: Sequence[str], *, verbosity: int, quiet: bool, meanwhile: Callable[[], object] | None = None
    ) -> None:
        """`verbosity` 1 logs every artifact, 2 its problems too; a bar only on a terminal and without `quiet`.

        `meanwhile` is called once, when a file is being read and there is nothing else to do here.
        """
        self._meanwhile = meanwhile
        self._verbosity = 0 if quiet else verbosity
        self._paths = paths
        self._console: Console | None = None
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._counted: set[str] = set()
        self._done = self._now = self._artifacts = 0
        self._began = self._drawn = time.perf_counter()
        terminal = sys.stderr.isatty()
        if self._verbosity or (terminal and not quiet):
            from rich.console import Console

            self._console = Console(stderr=True, highlight=False, markup=False, emoji=False)
            if not terminal:
                self._console.width = 10_000  # a log line is one line
            elif not self._console.is_dumb_terminal:
                self._bar = _bar(self._console)

    def started(self, total_bytes_: int | None) -> None:
        """Show the bar; a total that the scan does not know is taken from the file system."""
        if self._bar is not None:
            total = total_bytes_ if total_bytes_ is not None else total_bytes(self._paths)
            self._task = self._bar.add_task("scanning", total=total)
            self._bar.start()

    def advanced(self, bytes_read: int) -> None:
        """So many bytes of the present artifact are read."""
        if self._meanwhile is not None:
            self._meanwhile()
            self._meanwhile = None
        self._now = max(self._now, bytes_read)
        self._show()

    def _show(self) -> None:
        if self._bar is not None and self._task is not None:
            done = self._done + self._now
            total = self._bar.tasks[0].total
            shown = done if total is None else min(done, total)
            self._draw(completed=shown, description=count(self._artifacts, "artifact"))

    def _draw(self, **what: Any) -> None:
        if self._bar is not None and self._task is not None:
            due = time.perf_counter() - self._drawn > _SECONDS_BETWEEN_PICTURES
            self._drawn = time.perf_counter() if due else self._drawn
            self._bar.update(self._task, refresh=due, **what)

    def enumerated(self, done: int, total: int) -> None:
        """So many of the digests of a number space are computed."""
        if self._bar is not None and self._task is not None:
            self._draw(description=f"hashes {done / 1e6:,.0f} of {total / 1e6:,.0f} million")

    def finished(self, artifact: Artifact) -> None:
        """An artifact is finished: its file's bytes are read, and -v logs it."""
        self._artifacts += 1
        if self._bar is not None:
            outer = artifact.path.split("!")[0]
            if outer not in self._counted:
                self._counted.add(outer)
                try:
                    self._done += Path(outer).stat().st_size
                except (OSError, ValueError):
                    self._done += artifact.coverage.bytes_read
            self._now = 0
            self._show()
        if self._verbosity and self._console is not None:
            self._log(show_artifact(artifact), self._console)

    def _log(self, artifact: Artifact, console: Console) -> None:
        from rich.text import Text

        took = time.perf_counter() - self._began
        parts = [
            f"{took:8.2f} s",
            artifact.path,
            artifact.status.value,
            artifact.format.value,
            count(artifact.rows, "row"),
            count(len(artifact.columns), "column"),
            f"{artifact.severity.level.value} {artifact.severity.score:g}",
        ]
        if artifact.problems:
            parts.append(count(len(artifact.problems), "problem"))
        console.print(Text(printable("  ".join(parts))), soft_wrap=True)
        if self._verbosity > 1 or artifact.status is not Status.COMPLETE:
            for problem in artifact.problems:
                row = f" (row {problem.row:,})" if problem.row is not None else ""
                line = f"             {problem.code.value}{row}: {problem.message}"
                console.print(Text(printable(line)), soft_wrap=True)

    def done(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
