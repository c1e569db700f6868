"""`breachscan scan`."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import click

from scanner import __version__, digesting
from scanner.cli import patterns_option
from scanner.cli.exits import Exit, exit_of
from scanner.cli.failures import describe
from scanner.cli.reading import Part, Size, limits_of, passwords_of, reading_options
from scanner.cli.streams import standard_output
from scanner.options import Sample, ScanOptions
from scanner.report.files import output_file
from scanner.terms import Level

if TYPE_CHECKING:
    from scanner.cli.progress import Watch
    from scanner.pipeline import Finished
    from scanner.report.json_report import ArtifactText

#: Objects between looks for garbage, and results after which those that are there are not looked at again.
_OBJECTS, _KEPT = 100_000, 256

EPILOG = """\b
Examples:
  breachscan scan seized/                                   the report for people
  breachscan scan a.csv b.parquet --format json -o report.json
  zcat dump.csv.gz | breachscan scan - --format jsonl       an artifact a line, summary last
  breachscan scan uploads/ --fail-on high -q -o /dev/null   a gate in a script

\b
Exit status:
  0  everything was scanned, nothing reached --fail-on
  1  everything was scanned, something reached --fail-on
  2  the command line or a rule pack was wrong, nothing was scanned
  3  something could be read only in part or not at all (wins over 1)
  4  the scanner itself failed; what was finished is in the output
"""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the report goes and what it looks like."""

    format: str
    file: Path | None
    reveal: bool
    verbose: bool

    @contextmanager
    def open(self) -> Iterator[IO[str]]:
        """The stream to write to; JSON lines are passed on as they come, all else is written whole or not at all."""
        if self.file is not None:
            with output_file(self.file, private=self.reveal, at_once=self.format == "jsonl") as out:
                yield out
            return
        out = standard_output(json=self.format != "text")
        yield out
        out.flush()


@dataclass(slots=True)
class Run:
    """A scan under way: what is finished, and what stopped it."""

    finished: list[Finished]
    error: Exception | None = None

    def keep(self, one: Finished) -> None:
        """What is finished is kept to the end, so there is no garbage to be looked for in it."""
        self.finished.append(one)
        if not len(self.finished) % _KEPT:
            gc.freeze()


@contextmanager
def _kept(run: Run) -> Iterator[None]:
    """Let what is finished be reported when the scanner fails."""
    try:
        yield
    except Exception as error:
        if not run.finished:
            raise
        run.error = error


def _text(one: Finished) -> ArtifactText:
    """What `ArtifactText.of` made of an artifact."""
    return cast("ArtifactText", one.rendering)


def _scan(paths: tuple[str, ...], options: ScanOptions, watch: Watch, target: Target) -> Run:
    from scanner.model import ScanResult
    from scanner.packs import load_pack
    from scanner.pipeline import conclude, scan_iter
    from scanner.report import json_report

    gc.set_threshold(_OBJECTS)
    pack = load_pack(options.patterns)
    began, started = time.perf_counter(), datetime.now(UTC)
    run = Run([])
    render = None
    if target.format != "text":
        evidence = target.verbose and target.format == "json"
        render = partial(json_report.ArtifactText.of, reveal=target.reveal, evidence=evidence)
    if target.format == "jsonl":
        with target.open() as out:
            with _kept(run):
                for one in scan_iter(*paths, options=options, observer=watch, render=render, compared=False):
                    run.keep(replace(one, rendering=None))
                    json_report.write_artifact_line(one.artifact, out, reveal=target.reveal, text=_text(one))
            gc.freeze()
            _, summary = conclude(run.finished, pack, options)
            tool = (__version__, pack.sha256)
            json_report.write_summary_line(summary, out, tool=tool, reveal=target.reveal)
        return run
    with _kept(run):
        for one in scan_iter(*paths, options=options, observer=watch, render=render, compared=False):
            run.keep(one)
    gc.freeze()
    artifacts, summary = conclude(run.finished, pack, options)
    watch.done()
    result = ScanResult(
        artifacts=artifacts,
        summary=summary,
        version=__version__,
        patterns_sha256=pack.sha256,
        started_at=started.isoformat(timespec="seconds"),
        duration_seconds=round(time.perf_counter() - began, 3),
    )
    with target.open() as out:
        if target.format == "json":
            texts = [_text(one) for one in run.finished]
            json_report.write_json(result, out, reveal=target.reveal, texts=texts)
        else:
            from scanner.report.text import write_text

            write_text(result, out, reveal=target.reveal, verbose=target.verbose)
    return run


def _digest_of(paths: tuple[str, ...], options: ScanOptions) -> AbstractContextManager[None]:
    """Have the digest of a large file begun while the scanner is loaded, where it is all that is scanned."""
    file = Path(paths[0])
    known = digesting.stamp(file) if len(paths) == 1 and sys.platform == "linux" else None
    return digesting.ahead(file) if known is not None and options.digests_apart(known.size) else nullcontext()


@click.command("scan", epilog=EPILOG, short_help="Say what files and folders are, whom they expose and how badly.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="text for people, json as one document, jsonl as artifacts are finished.",
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the report there."
)
@click.option(
    "--workers", type=click.IntRange(0), default=0, metavar="N", help="Processes at work.  [default: one a core]"
)
@click.option(
    "--fail-on",
    type=click.Choice([level.value for level in Level if level is not Level.NONE]),
    help="End with status 1 if an artifact reaches this level.",
)
@patterns_option
@click.option(
    "--circumstances",
    type=click.Choice(["offered", "exposed", "recipients", "internal"]),
    default="offered",
    show_default=True,
    help="How the data were come by: posted or on offer, open on a server, sent by mistake, found inside.",
)
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Day from which the age of events is counted.  [default: that of the rule pack]",
)
@click.option("--reveal", is_flag=True, help="Show identifiers whole; a file is then readable by its owner alone.")
@click.option("--samples", type=click.IntRange(0, 20), default=3, show_default=True, help="Samples for each column.")
@click.option(
    "--shard-bytes",
    type=Size(),
    default="8MiB",
    show_default=True,
    help="Bytes of input in one piece of work; the report does not depend on it.",
)
@click.option(
    "--memory",
    type=Size(),
    default="1GiB",
    show_default=True,
    metavar="SIZE",
    help="Memory to take, about, however large the input; exact sets beyond it lie enciphered in a temporary file.",
)
@click.option(
    "--sample",
    type=Part(),
    metavar="N",
    help="Take a first look at large inputs: N is a share such as 1% or an amount such as 200M of each, spread over it."
    " The report gives totals as estimates with bounds; what was not read in full is partial (status 3).",
)
@reading_options
@click.option(
    "--test-hashes",
    is_flag=True,
    help="Compute the digests of whole number spaces and count what they expose; takes minutes a column.",
)
@click.option(
    "--hash-progress",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep there how far --test-hashes got, to go on after an interruption: positions and counts, no value.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress and no log.")
@click.option("-v", "--verbose", count=True, help="Log each artifact and show every column; twice for problems too.")
@click.pass_context
def command(
    context: click.Context,
    /,
    paths: tuple[str, ...],
    format_: str,
    output: Path | None,
    workers: int,
    fail_on: str | None,
    patterns: Path | None,
    circumstances: str,
    as_of: datetime | None,
    reveal: bool,
    samples: int,
    shard_bytes: int,
    memory: int,
    sample: Sample | None,
    test_hashes: bool,
    hash_progress: Path | None,
    quiet: bool,
    verbose: int,
    **reading: Any,
) -> None:
    """Say what files and folders are, whom they expose and how badly.

    PATH is a file, a folder (read with all that is in it) or - for standard input. Every file ends in the report:
    what could not be read is named with its cause.
    """
    context.obj["frames"] = verbose > 1
    if output is not None and not output.parent.is_dir():
        raise click.UsageError(f"the folder of --output does not exist: {click.format_filename(output.parent)}")
    options = ScanOptions(
        workers=workers,
        shard_bytes=shard_bytes,
        memory=memory,
        sample=sample,
        patterns=patterns,
        reveal=reveal,
        samples=samples,
        test_hashes=test_hashes,
        hash_progress=hash_progress,
        passwords=passwords_of(reading),
        limits=limits_of(reading),
        circumstances=circumstances,
        as_of=None if as_of is None else as_of.date(),
    )
    renderer = partial(import_module, "scanner.report.text") if format_ == "text" else None
    with _digest_of(paths, options):
        from scanner.cli.progress import Watch  # takes as long to load as tens of megabytes to digest

        watch = Watch(paths, verbosity=verbose, quiet=quiet, meanwhile=renderer)
        try:
            run = _scan(paths, options, watch, Target(format_, output, reveal, verbose > 0))
        finally:
            watch.done()
    if run.error is not None:
        click.echo(f"Error: {describe(run.error, frames=verbose > 1)}", err=True)
        click.echo(f"The report holds the {len(run.finished):,} artifacts that were finished.", err=True)
        context.exit(Exit.FAILED)
    status = exit_of((one.artifact for one in run.finished), Level(fail_on) if fail_on else None)
    if output is not None and not quiet and sys.stderr.isatty():
        click.echo(f"Report on {len(run.finished):,} artifacts in {click.format_filename(output)}", err=True)
    context.exit(status)
