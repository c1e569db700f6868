"""The scan: options → streams → shards → merged profiles → columns → structures → severity. Prints nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from scanner.detect.judge import Judged, judge
from scanner.detect.profile import ArtifactProfile
from scanner.detect.tables import Tables, build
from scanner.engines.local import LocalEngine
from scanner.ingest import streams
from scanner.ingest.interface import Stream, Tail
from scanner.model import (
    Artifact,
    Coverage,
    IdentifierCount,
    Problem,
    ScanResult,
    Subscribers,
    Summary,
)
from scanner.options import ScanOptions
from scanner.packs import load_pack
from scanner.packs.schema import Pack
from scanner.score.duties import obligations
from scanner.score.linkage import Holding
from scanner.score.severity import severity
from scanner.score.summary import summarise
from scanner.sets import KeySet
from scanner.shards import ShardContext
from scanner.structure import recognise, with_roles
from scanner.terms import SUBSCRIBER_BASIS, ColumnType, ProblemCode, Status


class Observer(Protocol):
    """Is told how a scan gets on; gets counts and finished artifacts, never cell text."""

    def started(self, total_bytes: int | None) -> None:
        """The scan begins; bytes to read, where known."""

    def advanced(self, bytes_read: int) -> None:
        """So many bytes of the present artifact are scanned so far, about."""

    def finished(self, artifact: Artifact) -> None:
        """An artifact is finished."""

    def done(self) -> None:
        """The scan is over."""


class Silent:
    """An observer that does nothing."""

    def started(self, total_bytes: int | None) -> None:
        """Nothing."""

    def advanced(self, bytes_read: int) -> None:
        """Nothing."""

    def finished(self, artifact: Artifact) -> None:
        """Nothing."""

    def done(self) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Finished:
    """An artifact with the key sets that link it to others."""

    artifact: Artifact
    holding: Holding


def scanner_version() -> str:
    """The installed version of this package."""
    try:
        return version("breachscan")
    except PackageNotFoundError:
        return "0"


def _subscribers(judged: Judged) -> Subscribers:
    """Distinct persons: whole numbers or CNICs first, then veiled ones, then whatever else stands for a person."""
    people = (ColumnType.MSISDN, ColumnType.CNIC)
    for kinds, held in ((people, judged.sets), (people, judged.veiled), (SUBSCRIBER_BASIS, judged.sets)):
        for kind in kinds:
            if len(held.get(kind, ())):
                return Subscribers(len(held[kind]), kind.value)
    return Subscribers()


def _count(keys: Any, table: Mapping[str, Mapping[str, str]], digits: int, what: str) -> dict[str, int]:
    codes, counts = np.unique(keys, return_counts=True)
    out: dict[str, int] = {}
    for code, count in zip(codes.tolist(), counts.tolist(), strict=True):
        name = table.get(str(code).zfill(digits), {}).get(what) or "unknown"
        out[name] = out.get(name, 0) + count
    return dict(sorted(out.items(), key=lambda item: (-item[1], item[0])))


def _breakdown(sets: Mapping[ColumnType, KeySet], pack: Pack) -> Mapping[str, Mapping[str, int]]:
    """Distinct numbers by operator at allocation, CNICs by province and district."""
    out: dict[str, Mapping[str, int]] = {}
    if ColumnType.MSISDN in sets and "mobile_ndc" in pack.tables:
        codes = sets[ColumnType.MSISDN].keys() // 10**7
        out["operator"] = _count(codes, pack.tables["mobile_ndc"].codes, 3, "operator")
    if ColumnType.CNIC in sets and "cnic_district" in pack.tables:
        codes = sets[ColumnType.CNIC].keys() // 10**10
        for what in ("province", "district"):
            out[what] = _count(codes, pack.tables["cnic_district"].codes, 3, what)
    return MappingProxyType(out)


def _problems(tail: Tail, profile: ArtifactProfile) -> tuple[Problem, ...]:
    merged = ArtifactProfile()
    for problem in tail.problems:
        merged.note(problem)
    merged.update(ArtifactProfile(problems=profile.problems))
    out = []
    for (code, message), (times, row) in merged.problems.items():
        text = message if times == 1 else f"{message} ({times:,} times)"
        out.append(Problem(ProblemCode(code), text, row))
    return tuple(sorted(out, key=lambda p: (p.code.value, p.row or 0, p.message)))


def finish(stream: Stream, profile: ArtifactProfile, pack: Pack, tables: Tables, options: ScanOptions) -> Finished:
    """The artifact that a merged profile makes: verdicts on whole columns, structures, score."""
    head, tail = stream.head, stream.tail()
    judged = judge(profile, head.columns, pack, tables, options.reveal, head.lines)
    columns = () if head.lines else with_roles(judged.columns)
    status = tail.status
    short = tail.bytes_total is not None and tail.bytes_read < tail.bytes_total
    if status is Status.COMPLETE and (profile.failed or short):
        status = Status.PARTIAL
        if short:
            text = f"{tail.bytes_read:,} of {tail.bytes_total:,} bytes could be read"
            profile.note(Problem(ProblemCode.TRUNCATED, text))
    artifact = Artifact(
        path=head.path,
        format=head.format,
        status=status,
        encoding=head.encoding,
        sha256=tail.sha256,
        size_bytes=tail.size_bytes,
        problems=_problems(tail, profile),
        rows=profile.rows,
        bad_rows=profile.bad_rows,
        columns=columns,
        identifiers=MappingProxyType(
            {
                kind: IdentifierCount(times, len(judged.sets[kind]))
                for kind, times in sorted(judged.occurrences.items(), key=lambda item: item[0].value)
            }
        ),
        records=recognise(columns, profile.rows, judged.events, pack),
        subscribers=_subscribers(judged),
        coverage=Coverage(tail.bytes_total, tail.bytes_read, profile.cells),
        members=tail.members,
        breakdown=_breakdown(judged.sets, pack),
    )
    artifact = replace(artifact, severity=severity(artifact, pack))
    artifact = replace(artifact, obligations=obligations(artifact, pack))
    linking: dict[ColumnType, KeySet] = {
        kind: keys for kind, keys in judged.sets.items() if kind in (ColumnType.MSISDN, ColumnType.CNIC)
    }
    return Finished(artifact, Holding(artifact.path, linking, artifact))


def scan_iter(*paths: str, options: ScanOptions | None = None, observer: Observer | None = None) -> Iterator[Finished]:
    """Artifacts as they are finished, in the deterministic order of the walk.

    Raises:
        PatternError: the rule packs cannot be used.
    """
    options, observer = options or ScanOptions(), observer or Silent()
    pack = load_pack(options.patterns)
    tables = build(pack)
    observer.started(None)
    with LocalEngine(options.threads) as engine:
        for stream in streams([str(path) for path in paths], options):
            context = ShardContext(tables, options.samples, stream.head.lines)
            profile = engine.profile(stream, context, observer.advanced)
            done = finish(stream, profile, pack, tables, options)
            observer.finished(done.artifact)
            yield done
    observer.done()


def scan(*paths: str, options: ScanOptions | None = None, observer: Observer | None = None) -> ScanResult:
    """Scan files and folders (`-` is standard input) and return typed, frozen results.

    Raises:
        OptionError: an option cannot be used.
        PatternError: the rule packs cannot be used.
    """
    options = options or ScanOptions()
    began, started = time.perf_counter(), datetime.now(UTC)
    pack = load_pack(options.patterns)
    finished = list(scan_iter(*paths, options=options, observer=observer))
    artifacts, summary = conclude(finished, pack)
    return ScanResult(
        artifacts=artifacts,
        summary=summary,
        version=scanner_version(),
        patterns_sha256=pack.sha256,
        started_at=started.isoformat(timespec="seconds"),
        duration_seconds=round(time.perf_counter() - began, 3),
    )


def conclude(finished: list[Finished], pack: Pack) -> tuple[tuple[Artifact, ...], Summary]:
    """What only the whole scan can tell: overlaps, duplicates, linkage, the summary."""
    return summarise([one.artifact for one in finished], [one.holding for one in finished], pack)
