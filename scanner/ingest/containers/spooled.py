"""Archives that are read front to back: tar, 7z, and what libarchive reads. Members are spooled as they pass."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from typing import Any

from scanner.errors import LimitError, ReadError
from scanner.ingest.containers.ledger import Ledger, closed
from scanner.ingest.interface import Source, Stream
from scanner.ingest.spool import Bounds, MemberSource, Spool, as_read_error, metered
from scanner.options import Limits, ScanOptions
from scanner.terms import ProblemCode
from scanner.vault import Vault

#: Bytes of a tar header that holds names or attributes of the member after it.
_MAX_HEADER = 1 << 20


class Shielded(io.RawIOBase):
    """A stream whose faults are all `ReadError`s."""

    def __init__(self, inner: Any, what: str) -> None:
        """`what` failed, where anything does."""
        super().__init__()
        self._inner, self._what = inner, what

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill part of a buffer.

        Raises:
            ReadError: whatever went wrong below.
        """
        try:
            data = self._inner.read(len(buffer))
        except Exception as error:
            raise as_read_error(error, self._what) from None
        buffer[: len(data)] = data
        return len(data)


def passing(stream: Any, path: str, stated: int | None, ledger: Ledger, limits: Limits) -> MemberSource:
    """The member that the archive gives now, spooled; a fault of it is told when it is read to there."""
    spool = Spool(Vault(limits.spool_memory))
    plain: Any = io.BufferedReader(Shielded(stream, "the archive breaks off within this member"))
    spool.fill(metered(plain, Bounds(limits, ledger.budget, None)))
    if spool.fault is None and stated is not None and spool.size < stated:
        spool.fault = ReadError(ProblemCode.TRUNCATED, "the archive ends within this member")
    ledger.read += 1
    return MemberSource(path, spool.cursor, spool.size, limits, ledger.budget, None, spool)


class _Header(tarfile.TarInfo):
    def _proc_member(self, tar: Any) -> Any:
        named = self.type in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, *b"xgX".decode().split())
        kind = self.type in (b"x", b"g", b"X")
        if (named or kind) and not 0 <= self.size <= _MAX_HEADER:
            raise LimitError("a header of more than 1 MiB; the rest of the archive was left out")
        return super()._proc_member(tar)  # type: ignore[misc]


def _special(info: tarfile.TarInfo) -> str:
    return "a link" if info.issym() or info.islnk() else "a device or pipe"


class Tar:
    """Opens tar archives: ustar, pax and GNU, with sparse members."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the check sum of the first header."""
        if len(head) < 512 or not head[0]:
            return False
        try:
            stated = int(head[148:156].strip(b" \0") or b"-", 8)
        except ValueError:
            return False
        return sum(head[:148]) + 256 + sum(head[156:512]) == stated

    def members(self, source: Source, options: ScanOptions) -> Iterator[Source | Stream]:
        """Members as sources, then the archive."""
        ledger, limits = Ledger(source, options), options.limits
        ledger.encoding = "utf-8"
        try:
            with source.stream() as raw:
                stream: Any = io.BufferedReader(Shielded(raw, "the archive cannot be read"))
                archive = tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header, errors="replace")  # noqa: SIM115
                while (info := archive.next()) is not None:
                    archive.members = []  # type: ignore[attr-defined]  # a stream of many members must not pile up
                    if info.isdir():
                        continue
                    ledger.member(info.name)
                    inner = archive.extractfile(info) if info.isfile() else None
                    if inner is None:
                        ledger.skip(_special(info), lost=False)
                        continue
                    member = passing(inner, f"{source.path}!{info.name}", info.size, ledger, limits)
                    yield member
                    if member.fault is not None:
                        raise member.fault
        except GeneratorExit:
            raise
        except BaseException as error:
            ledger.fault(as_read_error(error, "the archive breaks off here; members before it were read"))
        yield ledger.stream()


class SevenZip:
    """Opens 7z archives."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the magic bytes."""
        return head[:6] == b"7z\xbc\xaf\x27\x1c"

    def members(self, source: Source, options: ScanOptions) -> Iterator[Source | Stream]:
        """Members as sources, then the archive."""
        ledger, kept = Ledger(source, options), []
        ledger.encoding = "utf-8"
        fault: ReadError | None = None
        try:
            kept = _unpacked(source, ledger, options)
        except GeneratorExit:
            raise
        except _Broken as error:
            kept, fault = error.kept, error.fault
        except BaseException as error:
            fault = as_read_error(error, "the archive is damaged")
        for name, spool in kept:
            path = f"{source.path}!{name}"
            try:
                ledger.member(name)
            except LimitError as error:
                fault = error
                break
            if spool is None:
                lost = fault or ReadError(ProblemCode.CORRUPT, "the archive holds no bytes of this member")
                ledger.skip(lost.message)
                yield closed(path, lost)
                continue
            ledger.read += 1
            yield MemberSource(path, spool.cursor, spool.size, options.limits, ledger.budget, None, spool)
        if fault is not None:
            ledger.fault(fault)
        yield ledger.stream()


class _Broken(Exception):
    def __init__(self, kept: list[tuple[str, Spool | None]], fault: ReadError) -> None:
        super().__init__()
        self.kept, self.fault = kept, fault


def _unpacked(source: Source, ledger: Ledger, options: ScanOptions) -> list[tuple[str, Spool | None]]:
    """Every member's name and bytes, which the library gives in one go.

    Raises:
        _Broken: it could not be read to the end; holds what was read.
        ReadError: no password opens it.
    """
    import py7zr

    limits = options.limits
    vault = Vault(limits.spool_memory)

    class Writer(py7zr.io.Py7zIO):  # type: ignore[misc]
        def __init__(self) -> None:
            self.spool, self.bounds = Spool(vault), Bounds(limits, ledger.budget, None)

        def write(self, data: bytes | bytearray) -> int:
            self.bounds.reached(self.spool.size + len(data))
            self.spool.write(data)
            return len(data)

        def read(self, size: int | None = None) -> bytes:
            return b""

        def seek(self, offset: int, whence: int = 0) -> int:
            return 0

        def flush(self) -> None:
            pass

        def size(self) -> int:
            return self.spool.size

    class Factory(py7zr.io.WriterFactory):  # type: ignore[misc]
        def __init__(self) -> None:
            self.made: dict[str, Writer] = {}

        def create(self, filename: str) -> Writer:
            return self.made.setdefault(filename, Writer())

    wrong: ReadError | None = None
    for password in (None, *options.passwords):
        factory, names = Factory(), []
        try:
            with source.seekable() as file, py7zr.SevenZipFile(file, password=password) as archive:
                if password is None and archive.needs_password():
                    raise py7zr.exceptions.PasswordRequired
                # members go by their number: the library refuses names that lead outside, and renames doubles
                for number, about in enumerate(archive.files.files_list):
                    names.append((str(number), str(about["filename"]), bool(about.get("emptystream"))))
                    about["filename"] = str(number)
                folders = {one.filename for one in archive.files if one.is_directory}
                archive.extractall(path=None, factory=factory)
        except py7zr.exceptions.PasswordRequired:
            wrong = ReadError(ProblemCode.ENCRYPTED, "enciphered; give a password")
            continue
        except Exception as error:
            if isinstance(error, LimitError):
                fault: ReadError = error
            elif password is not None:
                wrong = ReadError(ProblemCode.ENCRYPTED, "enciphered, and no password that was given opens it")
                continue
            else:
                fault = as_read_error(error, "the archive is damaged; what precedes was read")
            kept = [(name, factory.made[at].spool if at in factory.made else None) for at, name, _ in names]
            last = next((spool for _, spool in reversed(kept) if spool is not None), None)
            if last is not None:
                last.fault = fault
            raise _Broken(kept, fault) from None
        return [
            (name, factory.made[at].spool if at in factory.made else Spool(vault))
            for at, name, _ in names
            if at not in folders
        ]
    raise wrong or ReadError(ProblemCode.CORRUPT, "the archive is damaged")
