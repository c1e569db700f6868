"""The scan: options → streams → shards → merged profiles → columns → structures → severity. Prints nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from scanner import __version__
from scanner.compiled import tell_of_compiling
from scanner.detect.enumeration import Positions
from scanner.detect.facts import Facts
from scanner.detect.judge import Judged, judge
from scanner.detect.keys import key_suffixes
from scanner.detect.profile import ArtifactProfile
from scanner.detect.rows import ByIndex, birth_words
from scanner.detect.tables import Tables, build, kind_of
from scanner.engines.local import LocalEngine
from scanner.engines.processes import Given, Job, ProcessEngine, Tell, Work, afresh, forks, served
from scanner.errors import OptionError
from scanner.estimates import figures
from scanner.hashes import HashProgress, tester
from scanner.ingest import FileSource, failed, streams_of, walk
from scanner.ingest.course import Course, LeftOut
from scanner.ingest.interface import Source, Stream, Tail
from scanner.model import (
    Artifact,
    Coverage,
    HashTest,
    IdentifierCount,
    Problem,
    Record,
    ScanResult,
    Severity,
    Subscribers,
    Summary,
)
from scanner.options import FIXED_MEMORY, ScanOptions
from scanner.packs import headers, load_pack
from scanner.packs.load import fold_header
from scanner.packs.schema import Pack
from scanner.records import changed
from scanner.score.breakdown import breakdown
from scanner.score.duplicates import Print, Shape, marks
from scanner.score.duties import advice, obligations
from scanner.score.exposure import exposures
from scanner.score.holding import Holding, Kind
from scanner.score.lawful import disclosures
from scanner.score.linkage import Pool
from scanner.score.severity import Model, score
from scanner.score.summary import Joined, basis, summarise
from scanner.sets import KeySet, Room, Run, Sketch, Tally
from scanner.shards import ShardContext
from scanner.structure import recognise, with_roles
from scanner.structure.relations import Key, Relation, Table, relations
from scanner.terms import ColumnType, Form, PackType, ProblemCode, Status
from scanner.vault import Vault

#: Seconds between the words of a worker on how far it is.
SECONDS_BETWEEN_WORDS = 0.1
#: Age from which a person is no minor, in years.
ADULT = 18

#: What tests an artifact's columns of digests, by its SHA-256.
Hashes = Callable[[str | None], Callable[[Facts], HashTest | None]]


class Rendering(Protocol):
    """What is shown of an artifact."""

    def kept(self, vault: Vault) -> Rendering:
        """The same, in a vault."""


#: Makes of an artifact what is shown of it, where it is scanned.
Render = Callable[[Artifact], Rendering]


class Observer(Protocol):
    """Is told how a scan gets on; gets counts and finished artifacts, never cell text."""

    def started(self, total_bytes: int | None) -> None:
        """The scan begins; bytes to read, where known."""

    def advanced(self, bytes_read: int) -> None:
        """So many bytes of the present artifact are scanned so far, about."""

    def enumerated(self, done: int, total: int) -> None:
        """So many of the digests that --test-hashes computes for the present column are done."""

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

    def enumerated(self, done: int, total: int) -> None:
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
    table: Table
    """What tells whether its rows name those of another."""
    rendering: Rendering | None = None
    """What a `Render` made of the artifact, which then holds no more than the conclusion of the scan asks for."""


def _people(judged: Judged, pack: Pack) -> tuple[Kind, KeySet] | None:
    """The set that stands for persons, with its kind."""
    for kind in basis(pack):
        held = (judged.veiled if kind[1] else judged.sets).get(kind[0])
        if held is not None and len(held):
            return kind, held
    return None


def _runs(judged: Judged, model: Model, people: tuple[Kind, KeySet] | None) -> Mapping[Kind, Run]:
    """The sets that the conclusion of a scan needs."""
    joins = set(model.settings["joins"]["types"])
    wanted: dict[Kind, KeySet] = {
        (kind, False): keys for kind, keys in judged.sets.items() if kind in joins and len(keys)
    }
    if people is not None:
        wanted.setdefault(*people)
    return MappingProxyType({kind: keys.run() for kind, keys in wanted.items()})


def _shape(judged: Judged, profile: ArtifactProfile, sha256: str | None, threads: int) -> Shape:
    """The artifact's rows as prints of its columns."""
    printed: list[tuple[str, int]] = []
    groups: list[list[KeySet]] = []
    for column, facts in zip(judged.columns, judged.facts, strict=True):
        added, sets = facts.profile.added, facts.profile.sets
        if added is not None and isinstance(column.type, PackType) and column.form is Form.PLAIN:
            held = [facts.found(column.type, 0, 1, 2)]
        elif column.type is ColumnType.FREE_TEXT:
            held = [sets[code] for code in sorted(sets) if len(sets[code])]
        elif (place := kind_of(column.type)) is not None and column.form is Form.PLAIN:
            held = [sets[code] for way in (0, 1, 2) if len(sets.get(code := 3 * place + way, ()))]
        else:
            continue
        if held:
            printed.append((column.type.value, column.rows_filled))
            groups.append(held)
    made = zip(printed, marks(groups, threads), strict=True)
    prints = tuple(Print(kind, filled, one) for (kind, filled), one in made)
    width = sum(column.rows_filled > 0 for column in judged.columns)
    return Shape(profile.rows, prints, frozenset(judged.events.values()), width, sha256)


def _minors(profile: ArtifactProfile, records: Sequence[Record], model: Model) -> int:
    """Rows of persons under 18 at the last event, else on the model's day."""
    ends = [record.last_event for record in records if record.last_event is not None]
    day = date.fromisoformat(max(ends)[:10]) if ends else model.day
    return profile.births.younger_than(ADULT, day)


def _given_up(profile: ArtifactProfile) -> None:
    """Note the cells that an expression of a pack was too slow on; they are not searched to the end."""
    for column in (*profile.columns.values(), profile.loose):
        for name, cells in column.added.given_up.items() if column.added is not None else ():
            text = f"the expression {name} took too long on {cells:,} cells and was not run on them; make it simpler"
            profile.note(Problem(ProblemCode.LIMIT, text))
            profile.failed = True


def _problems(tail: Tail, profile: ArtifactProfile) -> tuple[Problem, ...]:
    if not tail.problems and not profile.problems:
        return ()
    merged = ArtifactProfile()
    for problem in tail.problems:
        merged.note(problem)
    merged.update(ArtifactProfile(problems=profile.problems))
    out = []
    for (code, message), (times, row) in merged.problems.items():
        text = message if times == 1 else f"{message} ({times:,} times)"
        out.append(Problem(ProblemCode(code), text, row))
    return tuple(sorted(out, key=lambda p: (p.code.value, p.row or 0, p.message)))


def finish(
    stream: Stream,
    profile: ArtifactProfile,
    pack: Pack,
    tables: Tables,
    options: ScanOptions,
    hashes: Hashes,
    sole: bool = False,
) -> Finished:
    """The artifact that a merged profile makes: verdicts on whole columns, structures, score.

    One that is the `sole` artifact of its scan is compared with no other: its keys are counted, no more.
    """
    head, tail = stream.head, stream.tail()
    model = model_of(pack, options)
    judged = judge(profile, head.columns, pack, tables, options.reveal, head.lines, hashes(tail.sha256))
    columns = () if head.lines else with_roles(judged.columns)
    _given_up(profile)
    status = tail.status
    short = tail.bytes_total is not None and tail.bytes_read < tail.bytes_total
    if status is Status.COMPLETE and (profile.failed or short):
        status = Status.PARTIAL
        if short:
            text = f"{tail.bytes_read:,} of {tail.bytes_total:,} bytes could be read"
            profile.note(Problem(ProblemCode.TRUNCATED, text))
    people = _people(judged, pack)
    runs = _runs(judged, model, people)
    records = recognise(columns, profile.rows, judged.events, pack)
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
        records=records,
        subscribers=Subscribers() if people is None else Subscribers(len(people[1]), people[0][0].value),
        coverage=Coverage(tail.bytes_total, tail.bytes_read, profile.cells, tail.taken is not None),
        sample=None if tail.taken is None else figures(profile, judged, tail.taken),
        members=tail.members,
        minors=_minors(profile, records, model),
        linked=judged.linked,
        breakdown=breakdown({kind: Pool([(0, run)]) for kind, run in runs.items()}, pack),
    )
    keys = {column.index: facts.key for column, facts in zip(judged.columns, judged.facts, strict=True)}
    readings = exposures(artifact, pack, ByIndex(profile.together, keys))
    artifact = changed(artifact, severity=score(readings, artifact.subscribers.distinct, model))
    found, many = artifact.severity.level, artifact.subscribers.distinct
    artifact = changed(
        artifact,
        obligations=obligations(artifact, pack),
        disclosures=disclosures(artifact, pack),
        advice=advice([artifact], many, found, artifact.breakdown, pack),
    )
    if sole:
        tallies = MappingProxyType({kind: Tally(len(run)) for kind, run in runs.items()})
        holding = Holding(tallies, readings, Shape(profile.rows, (), frozenset(), 0, tail.sha256))
    else:
        holding = Holding(runs, readings, _shape(judged, profile, tail.sha256, options.threads))
    return Finished(artifact, holding, _table(artifact, judged, profile.keys.columns))


def _table(artifact: Artifact, judged: Judged, sketches: Mapping[str | int, Sketch]) -> Table:
    """What relations ask of an artifact: its columns, and which of them may be keys."""
    keys = []
    for column, facts in zip(artifact.columns, judged.facts, strict=False):
        if column.name and column.type is ColumnType.OTHER:
            span, sketch = facts.numbers(), sketches.get(facts.key)
            if span is not None or sketch is not None:
                keys.append(Key(column.index, fold_header(column.name), column.rows_filled, span, sketch))
    return Table(artifact.path, artifact.rows, artifact.columns, tuple(keys), judged.events)


def _joined(relation: Relation, artifacts: Sequence[Artifact], pack: Pack) -> Joined:
    """What the rows of two related tables reveal as one."""
    register, behaviour = artifacts[relation.register], artifacts[relation.behaviour]
    people = min(register.subscribers.distinct, behaviour.rows * len(relation.headers))
    whole = replace(
        behaviour,
        columns=relation.columns,
        identifiers=MappingProxyType(
            dict.fromkeys((*register.identifiers, *behaviour.identifiers), IdentifierCount(behaviour.rows, people))
        ),
        records=recognise(relation.columns, behaviour.rows, relation.events, pack),
        subscribers=replace(register.subscribers, distinct=people),
    )
    return Joined(relation.register, relation.behaviour, " and ".join(relation.headers), people, exposures(whole, pack))


def model_of(pack: Pack, options: ScanOptions) -> Model:
    """The severity model of a pack as a scan applies it.

    Raises:
        OptionError: the packs know no such circumstances.
    """
    known = sorted(pack.settings["severity"]["circumstances"])  # type: ignore[call-overload]
    if options.circumstances not in known:
        raise OptionError(f"circumstances must be one of {', '.join(known)}, not {options.circumstances!r}")
    return Model(pack, options.circumstances, options.as_of)


class _ToldProgress(HashProgress):
    """Progress of a worker's hash tests, which the parent process keeps."""

    def __init__(self, options: ScanOptions, pack: Pack, tell: Tell) -> None:
        super().__init__(options.hash_progress, pack)
        self._tell = tell

    def keep(self, column: str, positions: Positions, now: bool = False) -> None:
        self._tell("tested", column, positions, now)


def _scanned(
    found: Iterable[Stream],
    pack: Pack,
    options: ScanOptions,
    room: Room,
    hashes: Hashes,
    advanced: Callable[[int], None],
    bared: _Bared | None,
    sole: bool = False,
) -> Iterator[Finished]:
    """Each stream as a finished artifact, its parts scanned on threads.

    `sole`: their file is all that is scanned, and nobody asks for the keys of an artifact that is alone.
    """
    tables, births, suffixes = build(pack), birth_words(pack), key_suffixes(pack)
    with LocalEngine(options.threads) as engine:
        for stream in found:
            head = stream.head
            context = ShardContext(
                tables, options.samples, head.lines, head.columns, births, suffixes, head.sampled, room
            )
            profile = engine.profile(stream, context, advanced)
            one = finish(stream, profile, pack, tables, options, hashes, sole and stream.only)
            yield one if bared is None else bared(one)


class _Bared:
    """Renders artifacts, and leaves of each no more than the conclusion of a scan asks for.

    Of the severities that is what the highest is made of, so that none below one before it keeps its reasons.
    """

    def __init__(self, render: Render) -> None:
        self._render, self._highest = render, 0.0

    def __call__(self, one: Finished) -> Finished:
        """The artifact rendered, and without what nothing else asks for."""
        severity = one.artifact.severity
        if severity.score < self._highest:
            severity = Severity(severity.score, severity.level)
        self._highest = max(self._highest, severity.score)
        columns = tuple(changed(column, samples=(), evidence=()) for column in one.artifact.columns)
        records = tuple(changed(record, evidence=()) for record in one.artifact.records)
        bare = changed(
            one.artifact,
            columns=columns,
            records=records,
            severity=severity,
            obligations=(),
            disclosures=(),
            advice=(),
        )
        return Finished(bare, one.holding, changed(one.table, columns=columns), self._render(one.artifact))


def _digesting(source: Source, options: ScanOptions) -> AbstractContextManager[None]:
    """Have the digest of a large file taken on the side, if there are cores for it and the whole of it is read."""
    if isinstance(source, FileSource) and options.digests_apart(source.size) and forks():
        return source.digesting()
    return nullcontext()


def _work(pack: Pack, options: ScanOptions, render: Render | None, sole: bool) -> Work:
    """What a worker process does with a file; `sole` as for `_scanned`."""

    heeded = False
    threads = options.threads
    told = 0.0
    mine = options
    bared = None if render is None else _Bared(render)

    def work(job: Job, tell: Tell) -> None:
        nonlocal heeded, mine
        if not heeded:
            heeded = True
            tell_of_compiling(lambda: tell("compiling"))
            tell("advanced", 0)  # until more is told, whoever listens has nothing to do

        def advanced(seen: int) -> None:
            nonlocal told
            if time.monotonic() - told > SECONDS_BETWEEN_WORDS:
                told = time.monotonic()
                tell("advanced", seen)

        if mine.workers != job.threads:
            mine = replace(options, workers=job.threads)
        progress = _ToldProgress(mine, pack, tell)
        hashes: Hashes = lambda sha256: tester(  # noqa: E731
            mine, pack, sha256, progress, lambda done, total: tell("enumerated", done, total)
        )
        source = job.kept or FileSource(Path(job.file), job.path)
        found = streams_of(source, mine, Course(job.lessons, tell))
        # of what is not taken anyway half is for the workers' sets; a quarter holds what they found, and merging and
        # passing it on takes as much
        room = Room((options.memory - FIXED_MEMORY) * job.threads // (2 * threads))
        with _digesting(source, mine):
            alone = sole and not job.lessons.left_out  # of what that leaves out a stream more tells
            for one in _scanned(found, pack, mine, room, hashes, advanced, bared, alone):
                tell("result", one)

    return work


def serve_worker() -> None:
    """Be a worker process that was started afresh."""
    served(lambda options, render, sole: _work(load_pack(options.patterns), options, render, sole))


def _process_engine(
    pack: Pack, options: ScanOptions, hear: Callable[..., None], render: Render | None, sole: bool
) -> ProcessEngine[Finished]:
    limits, command = options.limits, afresh(__name__)
    work, setup = _work(pack, options, render, sole), (options, render, sole)
    return ProcessEngine(options.threads, limits.max_seconds, limits.max_memory, work, command, setup, hear)


def scan_iter(
    *paths: str,
    options: ScanOptions | None = None,
    observer: Observer | None = None,
    render: Render | None = None,
    compared: bool = True,
) -> Iterator[Finished]:
    """Artifacts as they are finished, in the deterministic order of the walk.

    Files are read in processes of their own, standard input too where they can be forked. What `render` (to be
    pickled) makes of an artifact there comes with it; samples, evidence and what may follow then do not. Where what is
    found is not `compared` with that of another scan, an artifact that is alone may come without its keys.

    Raises:
        OptionError: an option cannot be used.
        PatternError: the rule packs cannot be used.
    """
    options, observer = options or ScanOptions(), observer or Silent()
    pack = load_pack(options.patterns)
    model_of(pack, options)
    build(pack)  # for all workers, and before the rest of a large file waits for it
    headers.prepare(pack)
    progress = HashProgress(options.hash_progress, pack)
    untested: Hashes = lambda sha256: tester(options, pack, sha256, progress, observer.enumerated)  # noqa: E731

    def hear(what: str, *rest: Any) -> None:
        if what == "tested":
            progress.keep(*rest)
        elif what == "enumerated":
            observer.enumerated(*rest)
        elif what == "advanced":
            observer.advanced(*rest)

    def wide(size: int) -> bool:
        return options.test_hashes or options.is_large(size)

    def results(item: Source | Stream, found: Iterator[Finished | LeftOut] | None) -> Iterator[Finished]:
        if found is None:
            yield from _scanned(streams_of(item, options), pack, options, room, untested, observer.advanced, bared)
            return
        for one in found:
            if isinstance(one, LeftOut):
                assert not isinstance(item, Stream)
                lost = failed(item, one.error())
                yield from _scanned([lost], pack, options, room, untested, observer.advanced, bared)
            else:
                runs = {kind: run.moved(room) for kind, run in one.holding.runs.items()}
                text = None if one.rendering is None else one.rendering.kept(texts)
                yield changed(one, holding=changed(one.holding, runs=MappingProxyType(runs)), rendering=text)

    quarter = (options.memory - FIXED_MEMORY) // 4
    room, texts = Room(quarter), Vault(quarter)
    bared = None if render is None else _Bared(render)
    observer.started(None)
    items = walk([str(path) for path in paths], options)
    first = list(islice(items, 2))
    sole = not compared and len(first) == 1
    with _process_engine(pack, options, hear, render, sole) as engine:
        try:
            for item, found in engine.in_order(chain(first, items), lambda item: Given.of(item, wide)):
                for one in results(item, found):
                    observer.finished(one.artifact)
                    yield one
        finally:
            progress.write()
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
    finished = list(scan_iter(*paths, options=options, observer=observer, compared=False))
    artifacts, summary = conclude(finished, pack, options)
    return ScanResult(
        artifacts=artifacts,
        summary=summary,
        version=__version__,
        patterns_sha256=pack.sha256,
        started_at=started.isoformat(timespec="seconds"),
        duration_seconds=round(time.perf_counter() - began, 3),
    )


def conclude(finished: list[Finished], pack: Pack, options: ScanOptions) -> tuple[tuple[Artifact, ...], Summary]:
    """What only the whole scan can tell: overlaps, duplicates, linkage, the summary."""
    model = model_of(pack, options)
    artifacts = [one.artifact for one in finished]
    joined = [_joined(one, artifacts, pack) for one in relations([each.table for each in finished], pack)]
    vault = Vault((options.memory - FIXED_MEMORY) // 4)  # of what the workers had
    return summarise(artifacts, [one.holding for one in finished], model, joined, vault)
