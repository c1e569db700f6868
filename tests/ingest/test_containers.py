"""Containers on archives made here: what is read, what is refused and why, and how bombs end."""

from __future__ import annotations

import bz2
import io
import lzma
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
import zlib
from collections import Counter
from typing import Any

import pytest

from scanner.errors import ReadError
from scanner.ingest import open_source
from scanner.ingest.interface import Stream, Tail
from scanner.ingest.sources import BytesSource
from scanner.options import Limits, ScanOptions
from scanner.terms import ProblemCode, Status
from tests.ingest import made

CSV = b"mobile,name\n" + b"".join(b"0300%07d,A\n" % i for i in range(3000))
TWO = {"a.csv": CSV, "d/b.csv": b"mobile,name\n03001234567,B\n"}


def read(data: bytes, name: str = "x", **options: Any) -> dict[str, tuple[int, Tail]]:
    """Path → rows and tail of every artifact."""
    out = {}
    for stream in open_source(BytesSource(data, name), ScanOptions(**options)):
        out[stream.head.path] = _drained(stream)
    return out


def _drained(stream: Stream) -> tuple[int, Tail]:
    rows = 0
    for part in stream.parts:
        try:
            rows += part.read().rows
        except ReadError:
            continue
    return rows, stream.tail()


def rows(found: dict[str, tuple[int, Tail]]) -> dict[str, int]:
    return {path: count for path, (count, tail) in found.items() if tail.members is None}


def codes(tail: Tail) -> set[ProblemCode]:
    return {problem.code for problem in tail.problems}


def _tar_gnu_sparse() -> bytes:
    size = len(CSV) + 1_000_000
    return made.old_sparse("a.csv", [(0, CSV), (len(CSV) + 999_000, b"0300000000,Z\n")], size)


def _seven(members: dict[str, bytes], packed_header: bool = True, **options: Any) -> bytes:
    import py7zr

    sink = io.BytesIO()
    with py7zr.SevenZipFile(sink, "w", **options) as archive:
        archive.set_encoded_header_mode(packed_header)
        for name, data in members.items():
            archive.writestr(data, name)
    return sink.getvalue()


def _deflate64() -> bytes:
    import inflate64

    squeezer = inflate64.Deflater()
    packed = squeezer.deflate(CSV) + squeezer.flush()
    archive = made.ZipMaker()
    archive.add("a.csv", packed, CSV, method=9)
    archive.add("d/b.csv", TWO["d/b.csv"], TWO["d/b.csv"])
    return archive.finish()


def _zip64() -> bytes:
    archive = made.ZipMaker()
    archive.add("a.csv", made.raw_deflate(CSV), CSV, method=8, wide=True)
    archive.add("d/b.csv", TWO["d/b.csv"], TWO["d/b.csv"], wide=True)
    return archive.finish(wide=True)


def _of_method(method: int, packed: bytes) -> bytes:
    archive = made.ZipMaker()
    archive.add("a.csv", packed, CSV, method=method)
    archive.add("d/b.csv", TWO["d/b.csv"], TWO["d/b.csv"])
    return archive.finish()


def _zstd(data: bytes) -> bytes:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        from backports import zstd
    return bytes(zstd.compress(data))


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(_deflate64, id="zip-deflate64"),
        pytest.param(_zip64, id="zip64"),
        pytest.param(lambda: _of_method(93, _zstd(CSV)), id="zip-zstd"),
        pytest.param(lambda: _of_method(95, lzma.compress(CSV)), id="zip-xz"),
        pytest.param(lambda: _of_method(12, bz2.compress(CSV)), id="zip-bzip2"),
        pytest.param(lambda: _seven(TWO), id="7z-solid"),
        pytest.param(lambda: made.rar5(TWO), id="rar5"),
        pytest.param(lambda: made.rar4(TWO), id="rar4"),
        pytest.param(lambda: made.cab(TWO), id="cab-mszip"),
        pytest.param(lambda: made.cab(TWO, packed=False), id="cab-stored"),
        pytest.param(lambda: made.by_libarchive(TWO, "cpio_newc"), id="cpio"),
        pytest.param(lambda: made.tar_of(TWO, tarfile.GNU_FORMAT), id="tar-gnu"),
        pytest.param(lambda: made.tar_of(TWO, tarfile.USTAR_FORMAT), id="tar-ustar"),
        pytest.param(lambda: _zstd(made.tar_of(TWO)), id="tar-zstd"),
        pytest.param(lambda: lzma.compress(made.tar_of(TWO), lzma.FORMAT_ALONE), id="tar-lzma"),
        pytest.param(
            lambda: b"ANDROID BACKUP\n5\n1\nnone\n" + zlib.compress(made.tar_of(TWO)), id="android-packed"
        ),
        pytest.param(lambda: b"ANDROID BACKUP\n1\n0\nnone\n" + made.tar_of(TWO), id="android-plain"),
    ],
)  # fmt: skip
def test_members_are_read_and_accounted_for(make: Any) -> None:
    found = read(make(), "x")
    assert rows(found) == {"x!a.csv": 3000, "x!d/b.csv": 1}
    tail = found["x"][1]
    assert tail.status is Status.COMPLETE
    assert tail.problems == ()
    assert tail.members is not None
    assert (tail.members.listed, tail.members.read, dict(tail.members.skipped)) == (2, 2, {})


def test_disc_image_is_read() -> None:
    found = rows(read(made.by_libarchive(TWO, "iso9660"), "x"))
    assert sorted(found.values()) == [1, 3000]


def test_unix_library_is_read() -> None:
    data = made.by_libarchive({"a.csv": CSV}, "ar_bsd")
    assert rows(read(data, "x")) == {"x!a.csv": 3000}
    bare = data[:48] + b"644     " + data[56:]  # the rights alone, as `ar` itself writes them
    assert rows(read(bare, "x")) == {"x!a.csv": 3000}


@pytest.mark.parametrize(("name", "form"), [("n" * 300 + ".csv", tarfile.PAX_FORMAT), ("ü" * 120, tarfile.GNU_FORMAT)])
def test_long_names_in_tar(name: str, form: int) -> None:
    assert rows(read(made.tar_of({name: CSV}, form), "x")) == {f"x!{name}": 3000}


def test_sparse_member_of_tar_has_its_holes() -> None:
    found = read(_tar_gnu_sparse(), "x")
    assert found["x"][1].status is Status.COMPLETE
    assert found["x!a.csv"][1].size_bytes == len(CSV) + 1_000_000


def test_empty_archives_are_complete() -> None:
    assert read(_seven({}), "x")["x"][1].status is Status.COMPLETE
    assert read(made.ZipMaker().finish(), "x")["x"][1].status is Status.COMPLETE
    found = read(_seven({"empty.csv": b"", "a.csv": CSV}), "x")
    assert codes(found["x!empty.csv"][1]) == {ProblemCode.EMPTY}


def test_7z_members_that_lead_outside_or_share_a_name_are_read() -> None:
    # the writer refuses such names: names of the same length are written and changed, with the check sums above them
    data = _seven({"aaaaa": CSV, "bbbbb": CSV, "ccccc": CSV}, packed_header=False)
    renamed = _renamed_7z(data, {"aaaaa": "../a/", "bbbbb": "../b.", "ccccc": "../b."})
    found = read(renamed, "x")
    assert rows(found) == {"x!../a/": 3000, "x!../b.": 3000}
    assert {ProblemCode.UNSAFE_PATH, ProblemCode.CORRUPT} == codes(found["x"][1])


def _renamed_7z(data: bytes, names: dict[str, str]) -> bytes:
    """The archive with other names in its header, which must not be packed (7zFormat.txt)."""
    offset, size = struct.unpack("<QQ", data[12:28])
    header = data[32 + offset : 32 + offset + size]
    for old, new in names.items():
        assert old.encode("utf-16-le") in header
        header = header.replace(old.encode("utf-16-le"), new.encode("utf-16-le"))
    start = struct.pack("<QQI", offset, size, zlib.crc32(header))
    return data[:8] + struct.pack("<I", zlib.crc32(start)) + start + data[32 : 32 + offset] + header


def _pk_crypto(password: bytes = b"open") -> bytes:
    archive, packed = made.ZipMaker(), made.raw_deflate(CSV)
    sealed = made.zip_crypto(packed, password, zlib.crc32(CSV) >> 24)
    archive.add("a.csv", sealed, CSV, method=8, flags=1)
    data = archive.finish()
    with zipfile.ZipFile(io.BytesIO(data)) as other:  # the standard library agrees that it is one
        assert other.read("a.csv", b"open") == CSV
    return data


def _aes(strength: int) -> bytes:
    import pyzipper

    sink = io.BytesIO()
    with pyzipper.AESZipFile(sink, "w", compression=pyzipper.ZIP_DEFLATED) as archive:
        archive.setpassword(b"open")
        archive.setencryption(pyzipper.WZ_AES, nbits=strength)
        archive.writestr("a.csv", CSV)
    return sink.getvalue()


ENCIPHERED = {
    "zip-crypto": _pk_crypto,
    "zip-aes128": lambda: _aes(128),
    "zip-aes256": lambda: _aes(256),
    "7z": lambda: _seven({"a.csv": CSV}, password="open"),
    "7z-names": lambda: _seven({"a.csv": CSV}, password="open", header_encryption=True),
}


@pytest.mark.parametrize("kind", ENCIPHERED)
def test_enciphered_archive_opens_with_its_password_and_no_other(kind: str) -> None:
    data = ENCIPHERED[kind]()
    assert rows(read(data, "x", passwords=("wrong", "open"))) == {"x!a.csv": 3000}
    for passwords in ((), ("wrong",), tuple(f"wrong{i}" for i in range(300 if kind == "zip-crypto" else 1))):
        found = read(data, "x", passwords=passwords)
        assert found["x"][1].status is Status.UNREADABLE
        assert ProblemCode.ENCRYPTED in codes(found["x"][1])
        assert all(count == 0 for count, _ in found.values())


def test_changed_aes_member_is_partial() -> None:
    data = bytearray(_aes(256))
    data[len(data) // 2] ^= 1
    found = read(bytes(data), "x", passwords=("open",))
    assert found["x!a.csv"][1].status is Status.PARTIAL


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (made.rar4({"a.csv": CSV}, file_flags=4), ProblemCode.ENCRYPTED),
        (b"ANDROID BACKUP\n5\n1\nAES-256\n" + bytes(200), ProblemCode.ENCRYPTED),
        (_of_method(6, CSV), ProblemCode.UNSUPPORTED),
    ],
)
def test_what_has_no_reader_is_named(data: bytes, code: ProblemCode) -> None:
    found = read(data, "x")
    assert code in set().union(*(codes(tail) for _, tail in found.values()))
    assert Status.UNREADABLE in {tail.status for _, tail in found.values()}


def test_damaged_compound_file_is_searched_and_partial() -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3000) + "call 0300-1234567".encode("utf-16-le") + bytes(500)
    ((path, (count, tail)),) = read(data, "letter.doc").items()
    assert (path, count > 0, tail.status) == ("letter.doc", True, Status.PARTIAL)
    assert codes(tail) == {ProblemCode.CORRUPT}


def test_missing_library_says_what_to_install() -> None:
    code = (
        "import sys; from scanner.ingest import open_source; from scanner.ingest.sources import BytesSource;"
        "from scanner.options import ScanOptions; from tests.ingest import made;"
        "(one,) = open_source(BytesSource(made.rar5({'a': b'x'}), 'x'), ScanOptions());"
        "tail = one.tail(); print(tail.status.value, tail.problems[0].code.value, tail.problems[0].message)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"LIBARCHIVE": "/nowhere.so"}, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("unreadable unsupported")
    assert "libarchive13" in done.stdout


def test_bad_check_sum_leaves_the_rows_and_is_partial() -> None:
    archive = made.ZipMaker()
    archive.add("a.csv", made.raw_deflate(CSV), CSV, method=8, crc=1)
    archive.add("b.csv", CSV, CSV)
    found = read(archive.finish(), "x")
    assert rows(found) == {"x!a.csv": 3000, "x!b.csv": 3000}
    assert found["x!a.csv"][1].status is Status.PARTIAL
    assert codes(found["x!a.csv"][1]) == {ProblemCode.CORRUPT}
    assert found["x!b.csv"][1].status is Status.COMPLETE


def test_links_and_devices_are_listed_and_skipped_with_the_reason() -> None:
    def kind(value: bytes) -> Any:
        def change(info: tarfile.TarInfo) -> None:
            info.type, info.linkname = value, "a.csv"

        return change

    members = {"a.csv": CSV, "soft": kind(tarfile.SYMTYPE), "hard": kind(tarfile.LNKTYPE)}
    members |= {"pipe": kind(tarfile.FIFOTYPE), "null": kind(tarfile.CHRTYPE), "loop": kind(tarfile.SYMTYPE)}
    held = read(made.tar_of(members), "x")["x"][1].members
    assert held is not None
    assert (held.listed, held.read, dict(held.skipped)) == (6, 1, {"a device or pipe": 2, "a link": 3})


@pytest.mark.parametrize("name", ["../../a.csv", "/etc/a.csv", "C:\\a.csv", "..\\a.csv"])
def test_member_that_leads_outside_is_read_and_named(name: str) -> None:
    for data in (made.tar_of({name: CSV}), _named(name), made.rar5({name: CSV})):
        found = read(data, "x")
        assert 3000 in rows(found).values()
        assert ProblemCode.UNSAFE_PATH in codes(found["x"][1])


def _named(*names: str) -> bytes:
    archive = made.ZipMaker()
    for name in names:
        archive.add(name, CSV, CSV)
    return archive.finish()


def test_members_with_one_name_are_both_read_and_named() -> None:
    streams = list(open_source(BytesSource(_named("a.csv", "a.csv"), "x"), ScanOptions()))
    assert [stream.head.path for stream in streams] == ["x!a.csv", "x!a.csv", "x"]
    assert [_drained(stream)[0] for stream in streams] == [3000, 3000, 0]
    assert "name of one before it" in streams[-1].tail().problems[0].message


SMALL = Limits(max_member=1 << 20, max_expanded=4 << 20, max_ratio=50, ratio_floor=1 << 19, max_members=50, max_depth=4)


def _bomb(zeros: int = 30_000_000) -> bytes:
    archive = made.ZipMaker()
    archive.add("zeros", made.raw_deflate(bytes(zeros)), bytes(zeros), method=8)
    archive.add("a.csv", CSV, CSV)
    return archive.finish()


def _bomb64() -> bytes:
    import inflate64

    squeezer, plain = inflate64.Deflater(), bytes(50_000_000)
    packed = squeezer.deflate(plain) + squeezer.flush()
    archive = made.ZipMaker()
    archive.add("zeros", packed, plain, method=9)
    archive.add("a.csv", CSV, CSV)
    return archive.finish()


def _recursive(levels: int, width: int) -> bytes:
    data = made.raw_deflate(bytes(400_000))
    archive = made.ZipMaker()
    archive.add("zeros", data, bytes(400_000), method=8)
    inner = archive.finish()
    for _ in range(levels):
        archive = made.ZipMaker()
        for index in range(width):
            archive.add(f"{index}.zip", inner, inner)
        inner = archive.finish()
    return inner


def _lying_size() -> bytes:
    archive = made.ZipMaker()
    archive.add("zeros", made.raw_deflate(bytes(30_000_000)), bytes(30_000_000), method=8, size=100)
    archive.add("a.csv", CSV, CSV)
    return archive.finish()


def _overlapping() -> bytes:
    """Every name points to one deflated stream, as in the bombs that need no recursion."""
    archive, packed, plain = made.ZipMaker(), made.raw_deflate(bytes(400_000)), bytes(400_000)
    at = archive.add("0", packed, plain, method=8)
    for index in range(1, 40):
        archive.add(str(index), packed, plain, method=8, at=at)
    archive.add("a.csv", CSV, CSV)
    return archive.finish()


def _crowded() -> bytes:
    archive = made.ZipMaker()
    at = archive.add("a.csv", CSV, CSV)
    for index in range(60_000):
        archive.add(f"{index}", CSV, CSV, at=at)
    return archive.finish()


def _long_tar_header() -> bytes:
    header = bytearray(tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT))
    header[124:136], header[156:157] = b"%011o\0" % (1 << 30), b"x"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(1 << 20)


@pytest.mark.parametrize(
    ("data", "others"),
    [
        pytest.param(_bomb(), 1, id="flat"),
        pytest.param(_bomb64(), 1, id="deflate64"),
        pytest.param(_lying_size(), 1, id="lying-size"),
        pytest.param(_overlapping(), 1, id="overlapping"),
        pytest.param(_recursive(3, 4), 0, id="recursive"),
        pytest.param(_recursive(8, 1), 0, id="deep"),
        pytest.param(_crowded(), 1, id="crowded-directory"),
        pytest.param(bz2.compress(bytes(30_000_000)), 0, id="bzip2"),
        pytest.param(_zstd(bytes(30_000_000)), 0, id="zstd"),
        pytest.param(_seven({"zeros": bytes(20_000_000), "a.csv": CSV}), 0, id="7z"),
        pytest.param(lzma.compress(made.tar_of({"zeros": bytes(20_000_000)})), 0, id="tar-xz"),
        pytest.param(made.cab({"zeros": bytes(20_000_000), "a.csv": CSV}), 1, id="cab"),
        pytest.param(_long_tar_header(), 0, id="tar-header"),
    ],
)
def test_bomb_ends_at_a_limit_and_the_rest_is_read(data: bytes, others: int) -> None:
    began = time.process_time()
    found = read(data, "x", limits=SMALL)
    assert time.process_time() - began < 10
    assert sum(count == 3000 for count, _ in found.values()) == others
    told = Counter(code for _, tail in found.values() for code in codes(tail))
    assert told[ProblemCode.LIMIT] or told[ProblemCode.CORRUPT]
    assert Status.COMPLETE not in {tail.status for _, tail in found.values() if ProblemCode.LIMIT in codes(tail)}
    assert len(found) <= SMALL.max_members + 2


def _quine() -> bytes:
    """A gzip stream that unpacks to another with the same inside, as deep as one looks: levels stand for the loop."""
    data = CSV
    for _ in range(30):
        archive = made.ZipMaker()
        archive.add("r.zip", data, data)
        data = archive.finish()
    return data


def test_containers_without_end_stop_at_the_depth() -> None:
    found = read(_quine(), "x")
    assert Counter(code for _, tail in found.values() for code in codes(tail))[ProblemCode.LIMIT] == 1
    assert {tail.status for _, tail in found.values() if ProblemCode.LIMIT in codes(tail)} == {Status.SKIPPED}


@pytest.mark.parametrize(
    ("change", "left"),
    [
        pytest.param(lambda data: data[: data.index(b"PK\1\2")], 2, id="no-directory"),
        pytest.param(lambda data: data[: data.index(b"PK\1\2")] + b"\0" * 60, 2, id="zeros-for-directory"),
        pytest.param(lambda data: data[:-40], 2, id="cut-directory"),
        pytest.param(lambda data: data[: len(CSV) // 2], 1, id="cut-member"),
        pytest.param(lambda data: b"MZ stub of a program" * 3 + data, 0, id="program-before"),
        pytest.param(lambda data: data.replace(b"PK\1\2", b"PK\1\3"), 0, id="directory-damaged"),
    ],
)
def test_damaged_zip_gives_what_is_left(change: Any, left: int) -> None:
    found = read(change(_named("a.csv", "b.csv")), "x")
    assert sum(count > 500 for path, (count, _) in found.items() if path != "x") == left or left == 0
    assert left == 0 or found["x"][1].status in (Status.PARTIAL, Status.UNREADABLE)


def test_offsets_count_from_the_archive_where_something_precedes_it() -> None:
    from scanner.ingest.containers.zip import Directory, Shared

    data = b"stub" * 100 + _named("a.csv")
    directory = Directory(Shared(io.BytesIO(data)), (0,))
    assert [entry.offset for entry in directory] == [400]


def test_directory_that_states_more_members_than_it_has_is_partial() -> None:
    archive = made.ZipMaker()
    archive.add("a.csv", CSV, CSV)
    found = read(archive.finish(stated=9), "x")
    assert rows(found) == {"x!a.csv": 3000}
    assert codes(found["x"][1]) == {ProblemCode.CORRUPT}
    assert found["x"][1].status is Status.PARTIAL


def test_zip_link_is_listed_and_not_read() -> None:
    archive = made.ZipMaker()
    archive.add("link", b"../a.csv", b"../a.csv", outer=0o120777)
    archive.add("a.csv", CSV, CSV)
    held = read(archive.finish(), "x")["x"][1].members
    assert held is not None
    assert dict(held.skipped) == {"a symbolic link": 1}


def test_unicode_name_in_the_extra_field_is_taken() -> None:
    raw = b"?.csv"
    name = "ڈیٹا.csv"
    extra = b"\1" + struct.pack("<I", zlib.crc32(raw)) + name.encode()
    archive = made.ZipMaker()
    archive.add(raw.decode(), CSV, CSV, extra=struct.pack("<HH", 0x7075, len(extra)) + extra)
    assert rows(read(archive.finish(), "x")) == {f"x!{name}": 3000}


def test_compress_stream_is_no_step_of_the_path() -> None:
    # 9-bit codes of plain bytes: what the program writes before any string repeats
    codes_ = list(b"mobile\n03")
    bits = sum(code << (9 * index) for index, code in enumerate(codes_))
    data = b"\x1f\x9d\x90" + bits.to_bytes((9 * len(codes_) + 7) // 8, "little")
    found = read(data, "list.csv.Z")
    assert rows(found) == {"list.csv.Z": 1}
