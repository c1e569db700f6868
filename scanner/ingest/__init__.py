"""Paths in, streams out: walks files, opens containers, asks readers. No fault in the data leaves as an exception."""

from __future__ import annotations

import os
import stat
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from scanner.errors import InternalError, OptionError, ReadError
from scanner.ingest import containers, readers
from scanner.ingest.course import Course
from scanner.ingest.interface import Chunk, Container, Head, Part, Source, Stream, Tail, done, recognises
from scanner.ingest.sampling import A_PIECE, by_line, stretched, thinned
from scanner.ingest.sources import BytesSource, FileSource, JoinedSource, Meter, StdinSource, digest, read_error
from scanner.ingest.volumes import volume_of
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode, Status

__all__ = [
    "BytesSource",
    "FileSource",
    "StdinSource",
    "failed",
    "open_file",
    "open_source",
    "streams",
    "streams_of",
    "walk",
]

_BY_EXTENSION = {
    "csv": Format.CSV,
    "tsv": Format.CSV,
    "json": Format.JSON,
    "ndjson": Format.NDJSON,
    "jsonl": Format.NDJSON,
    "txt": Format.TEXT,
    "log": Format.TEXT,
    "md": Format.TEXT,
}

#: Suffixes of files that may be zip archives though they do not begin as one.
_ENDS_AS_ZIP = frozenset({".zip", ".exe", ".jar", ".apk"})

#: First bytes of formats that are no text; named where no reader or container takes them.
_SIGNATURES: tuple[tuple[bytes, Format, str], ...] = (
    (b"PAR1", Format.PARQUET, "Parquet"),
    (b"SQLite format 3\x00", Format.SQLITE, "SQLite"),
    (b"Obj\x01", Format.AVRO, "Avro"),
    (b"ORC", Format.ORC, "ORC"),
    (b"ARROW1", Format.ARROW, "Arrow"),
    (b"PK\x03\x04", Format.ARCHIVE, "ZIP"),
    (b"PK\x05\x06", Format.ARCHIVE, "ZIP"),
    (b"\x1f\x8b", Format.ARCHIVE, "gzip"),
    (b"BZh", Format.ARCHIVE, "bzip2"),
    (b"\xfd7zXZ\x00", Format.ARCHIVE, "xz"),
    (b"\x28\xb5\x2f\xfd", Format.ARCHIVE, "Zstandard"),
    (b"\x04\x22\x4d\x18", Format.ARCHIVE, "LZ4"),
    (b"7z\xbc\xaf\x27\x1c", Format.ARCHIVE, "7-Zip"),
    (b"Rar!\x1a\x07", Format.ARCHIVE, "RAR"),
    (b"%PDF-", Format.BINARY, "PDF"),
)


def shown(path: str) -> str:
    """A path as text that can be encoded; bytes that are no UTF-8 are written as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def without_parts(
    path: str, form: Format, status: Status, code: ProblemCode, message: str, size: int | None = None
) -> Stream:
    """A stream that says why there is nothing to read."""
    tail = Tail(status, (Problem(code, message),), size_bytes=size, bytes_total=size)
    return Stream(Head(path, form), tail=lambda: tail)


def walk(paths: Sequence[str], options: ScanOptions) -> Iterator[Source | Stream]:
    """The files below the paths, in the order given and sorted within folders; `-` is standard input.

    What is no file to be read comes as a stream that says why.
    """
    for path in paths:
        if path == "-":
            yield StdinSource(options.limits.spool_memory)
        else:
            yield from _entry(Path(path), shown(path), ())


def streams(paths: Sequence[str], options: ScanOptions) -> Iterator[Stream]:
    """One stream per artifact below the paths, in the order of `walk`."""
    for one in walk(paths, options):
        yield from streams_of(one, options)


def streams_of(one: Source | Stream, options: ScanOptions, course: Course | None = None) -> Iterator[Stream]:
    """The streams of what `walk` came upon; `course` as in `open_source`."""
    if isinstance(one, FileSource):
        yield from open_file(one, options, course)
    else:
        found = [one] if isinstance(one, Stream) else open_source(one, options, course=course)
        yield from _sampled(found, options)


def _sampled(found: Iterable[Stream], options: ScanOptions) -> Iterator[Stream]:
    """The streams, thinned where a sample is asked for that their readers have not taken."""
    for stream in found:
        yield stream if options.sample is None or stream.head.sampled else thinned(stream, options.sample)


def _entry(file: Path, path: str, inside: tuple[str, ...]) -> Iterator[Source | Stream]:
    """One entry of the file system; `inside` are the real paths of the root folders being walked."""
    binary = Format.BINARY
    try:
        size = None
        linked = False
        try:
            known = file.lstat()
            if stat.S_ISLNK(known.st_mode):
                linked = bool(inside)
                mode = file.stat().st_mode
            else:
                mode, size = known.st_mode, known.st_size
        except (FileNotFoundError, NotADirectoryError):
            if file.is_symlink():
                message = "symbolic link that leads nowhere"
                yield without_parts(path, binary, Status.SKIPPED, ProblemCode.LINK_LOOP, message)
            else:
                yield without_parts(path, binary, Status.UNREADABLE, ProblemCode.MISSING, "the path does not exist")
            return
        if linked:
            real = os.path.realpath(file)
            if stat.S_ISDIR(mode):
                here = os.path.realpath(file.parent)
                if here == real or here.startswith(real.rstrip(os.sep) + os.sep):
                    message = "symbolic link to a folder that it stands in"
                    yield without_parts(path, binary, Status.SKIPPED, ProblemCode.LINK_LOOP, message)
                return
            if real.startswith(inside[0].rstrip(os.sep) + os.sep):
                return
        if stat.S_ISDIR(mode):
            yield from _folder(file, path, inside)
        elif stat.S_ISREG(mode):
            yield FileSource(file, path, size)
        else:
            message = "a device, pipe or socket is not read"
            yield without_parts(path, binary, Status.SKIPPED, ProblemCode.NOT_A_FILE, message)
    except PermissionError:
        message = "the system does not permit reading it"
        yield without_parts(path, binary, Status.UNREADABLE, ProblemCode.NOT_PERMITTED, message)
    except (OSError, ValueError) as error:
        code = ProblemCode.LINK_LOOP if file.is_symlink() else ProblemCode.CORRUPT
        state = Status.SKIPPED if code is ProblemCode.LINK_LOOP else Status.UNREADABLE
        yield without_parts(path, binary, state, code, f"cannot be opened: {type(error).__name__}")


def _folder(file: Path, path: str, inside: tuple[str, ...]) -> Iterator[Source | Stream]:
    names = sorted(entry.name for entry in file.iterdir())
    if not names:
        yield without_parts(path, Format.BINARY, Status.SKIPPED, ProblemCode.NO_FILES, "a folder without files")
    inside = inside or (os.path.realpath(file),)
    for name in names:
        yield from _entry(file / name, f"{path.rstrip('/')}/{shown(name)}", inside)


def open_file(source: FileSource, options: ScanOptions, course: Course | None = None) -> Iterator[Stream]:
    """Streams of one file; a part of a split archive is read with the others where they lie beside it.

    `course` as in `open_source`. What the system refuses to open ends as a problem.
    """
    try:
        yield from _sampled(_file(source, options, course), options)
    except (OptionError, InternalError):
        raise
    except OSError as error:
        why = read_error(error)
        yield without_parts(source.path, _format_of(source.path), Status.UNREADABLE, why.code, why.message)


def _file(source: FileSource, options: ScanOptions, course: Course | None) -> Iterator[Stream]:
    file, path = source.file(), source.path
    volume = volume_of(file)
    if volume is None:
        within = file.suffix.lower() in _ENDS_AS_ZIP and not _is_container(source) and _ends_as_zip(source)
        container = containers.zip_container() if within else None
        yield from open_source(source, options, container=container, course=course)
        return
    joined = JoinedSource(volume.parts, source) if volume.whole else None
    if joined is not None and not _is_container(joined):
        yield from open_source(source, options, course=course)  # named so, and no archive
    elif joined is None:
        message = f"part {volume.number} of a split archive, of which not all parts before it lie beside it"
        yield _whole(source, Status.UNREADABLE, Problem(ProblemCode.MULTI_PART, message))
    elif file != volume.head:
        message = f"part {volume.number} of a split archive, read with it as {shown(volume.head.name)}"
        yield _whole(source, Status.COMPLETE, Problem(ProblemCode.MULTI_PART, message))
    else:
        count = len(volume.parts)
        message = (
            f"{count} parts of a split archive, joined" if count > 1 else "of a split archive the first part alone"
        )
        for stream in open_source(joined, options, course=course):
            yield _with(stream, Problem(ProblemCode.MULTI_PART, message)) if stream.head.path == path else stream


def _ends_as_zip(source: FileSource) -> bool:
    """Whether the file is a zip archive by its end: one behind a program, or the last part of a split one."""
    with source.seekable() as stream:
        stream.seek(max(0, (source.size or 0) - (1 << 16)))
        return b"PK\5\6" in stream.read()


def _is_container(source: Source) -> bool:
    head = source.head()
    return any(recognises(one.recognise, head, source.path) for one in containers.candidates(head))


def _whole(source: Source, status: Status, problem: Problem) -> Stream:
    """A file as an artifact without rows; it is read to its end for its digest alone."""

    def tail() -> Tail:
        sha256, size = digest(source)
        return Tail(status, (problem,), sha256, size, size, (size or 0) if status is Status.COMPLETE else 0)

    return Stream(Head(source.path, Format.ARCHIVE), tail=tail)


def _with(stream: Stream, problem: Problem) -> Stream:
    """The stream with a problem more."""
    inner = stream.tail

    def tail() -> Tail:
        last = inner()
        return replace(last, problems=(*last.problems, problem))

    return Stream(stream.head, stream.parts, tail, stream.size)


def open_source(
    source: Source,
    options: ScanOptions,
    depth: int = 0,
    container: Container | None = None,
    course: Course | None = None,
) -> Iterator[Stream]:
    """Streams of one source, of its members where it is a container; never raises for what is in it.

    `container` opens it whatever its first bytes are. `course` follows what is opened, and has sources left out.
    """
    if course is None:
        yield from _opened(source, options, depth, container, None)
        return
    wanted, left_out = course.enter(source.path, source.size)
    if not wanted:
        return
    found = _opened(source, options, depth, container, course)
    if left_out is None:
        yield from found
    else:
        yield from islice(found, left_out.streams)
        found.close()
        yield failed(source, left_out.error(), Status.PARTIAL if left_out.streams else Status.UNREADABLE)
    course.leave()


def _opened(
    source: Source, options: ScanOptions, depth: int, container: Container | None, course: Course | None
) -> Generator[Stream, None, None]:
    try:
        head = source.head()
    except ReadError as error:
        yield without_parts(source.path, _format_of(source.path), Status.UNREADABLE, error.code, error.message)
        return
    except Exception as error:  # whatever a library raises on hostile bytes ends as a problem
        yield _failed(source, Format.BINARY, error)
        return
    if not head:
        meter = Meter(source)
        meter.finish()
        if meter.fault is not None:  # not empty, but damaged from its first byte on
            yield _failed(source, _format_of(source.path), meter.fault)
            return
        sha256, size = digest(source)
        nothing = Tail(Status.COMPLETE, (Problem(ProblemCode.EMPTY, "no bytes"),), sha256, size, size, 0)
        form = _format_of(source.path)
        encoding = None if form is Format.BINARY else "utf-8"
        yield Stream(Head(source.path, form, encoding, lines=True), tail=lambda: nothing)
        return
    opens = (one for one in containers.candidates(head) if recognises(one.recognise, head, source.path))
    for one in [container] if container is not None else opens:
        if depth >= options.limits.max_depth:
            message = f"containers within containers beyond max_depth ({options.limits.max_depth})"
            yield without_parts(source.path, Format.ARCHIVE, Status.SKIPPED, ProblemCode.LIMIT, message)
            return
        try:
            for member in one.members(source, options):
                if isinstance(member, Stream):
                    yield _guarded(member)
                    continue
                same = member.path == source.path
                stored = member if getattr(member, "digests_apart", False) else source
                for stream in open_source(member, options, depth + 1, course=course):
                    # a compressed stream is no step of the path: its artifact is the stored file
                    yield _stored_as(stream, stored) if same and stream.head.path == source.path else stream
        except (OptionError, InternalError):
            raise
        except Exception as error:
            yield _failed(source, Format.ARCHIVE, error)
        return
    for reader in readers.READERS:
        if not recognises(reader.recognise, head, source.path):
            continue
        known = _known(head) if reader is readers.READERS[-1] else None
        try:
            for stream in reader.read(source, options):
                taken = None if options.sample is None or known else by_line(stream, source, options.sample)
                if taken is not None:
                    fine = replace(options, shard_bytes=max(4096, A_PIECE * taken.stretch))
                    yield from (stretched(_guarded(one, source.size), taken) for one in reader.read(taken, fine))
                    return
                only = stream.only and not depth
                yield _searched(_guarded(stream), *known) if known else _guarded(stream, source.size, only)
        except (OptionError, InternalError):
            raise
        except Exception as error:
            yield _failed(source, _format_of(source.path), error)
        return


def _format_of(path: str) -> Format:
    name = path.rsplit("/", 1)[-1]
    return _BY_EXTENSION.get(name.rsplit(".", 1)[-1].lower(), Format.BINARY) if "." in name else Format.BINARY


def _trouble(error: Exception) -> Problem:
    if isinstance(error, ReadError):
        return Problem(error.code, error.message, error.row)
    if isinstance(error, MemoryError):
        return Problem(ProblemCode.LIMIT, "not enough memory to read any further")
    return Problem(ProblemCode.READER_FAILED, f"the reader failed: {type(error).__name__}")


def failed(source: Source, error: ReadError, status: Status = Status.UNREADABLE) -> Stream:
    """A stream that says why a source gives nothing, or nothing more; but for a file's digest nothing more is read."""

    def tail() -> Tail:
        sha256, size = digest(source) if isinstance(source, FileSource) else (None, source.size)
        return Tail(status, (_trouble(error),), sha256, size, size, 0)

    return Stream(Head(source.path, _format_of(source.path)), tail=tail)


def _failed(source: Source, form: Format, error: Exception) -> Stream:
    problem = _trouble(error)

    def tail() -> Tail:
        sha256, size = digest(source)
        return Tail(Status.UNREADABLE, (problem,), sha256, size, size, 0)

    return Stream(Head(source.path, form), tail=tail)


def _known(head: bytes) -> tuple[Format, str] | None:
    """Format and name of bytes whose signature is known, and which no reader or container took."""
    return next(((form, name) for signature, form, name in _SIGNATURES if head.startswith(signature)), None)


def _searched(stream: Stream, form: Format, name: str) -> Stream:
    """The printable runs of a file of a format that has no reader: that is a part of what it holds."""
    inner = stream.tail
    message = f"recognised as {name}, for which there is no reader; what is printable in its bytes was searched"

    def tail() -> Tail:
        last = inner()
        status = Status.PARTIAL if last.status is Status.COMPLETE else last.status
        return replace(last, status=status, problems=(Problem(ProblemCode.UNSUPPORTED, message), *last.problems))

    return Stream(replace(stream.head, format=form), stream.parts, tail, stream.size)


def _stored_as(stream: Stream, source: Source) -> Stream:
    inner = stream.tail

    def tail() -> Tail:
        sha256, size = digest(source)
        return replace(inner(), sha256=sha256, size_bytes=size)

    return Stream(stream.head, stream.parts, tail, stream.size)


@dataclass(frozen=True, slots=True)
class _Guarded:
    """A part whose reader cannot raise anything but ReadError."""

    part: Part

    @property
    def order(self) -> int:
        return self.part.order

    def done(self) -> None:
        done(self.part)

    def read(self) -> Chunk:
        try:
            return self.part.read()
        except ReadError:
            raise
        except MemoryError:
            raise ReadError(ProblemCode.LIMIT, "not enough memory for this piece") from None
        except Exception as error:
            raise ReadError(ProblemCode.READER_FAILED, f"the reader failed: {type(error).__name__}") from None


def _guarded(stream: Stream, size: int | None = None, only: bool = False) -> Stream:
    troubles: list[Problem] = []
    read = 0

    def parts() -> Iterator[Part]:
        nonlocal read
        try:
            for part in stream.parts:
                read += 1
                yield _Guarded(part)
        except Exception as error:
            troubles.append(_trouble(error))

    def tail() -> Tail:
        try:
            last = stream.tail()
        except Exception as error:
            troubles.append(_trouble(error))
            last = Tail(Status.PARTIAL if read else Status.UNREADABLE)
        if not troubles:
            return last
        status = last.status
        if status is Status.COMPLETE:
            status = Status.PARTIAL if read else Status.UNREADABLE
        return replace(last, status=status, problems=last.problems + tuple(troubles))

    return Stream(stream.head, parts(), tail, size, only)
