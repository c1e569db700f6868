"""Archives that no library at hand writes, byte by byte from their specifications."""

from __future__ import annotations

import io
import os
import struct
import tarfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any


def vint(number: int) -> bytes:
    """RAR 5's variable-length integer."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _rar5_block(kind: int, body: bytes, flags: int = 0, data: bytes = b"") -> bytes:
    size = vint(len(data)) if data else b""
    header = vint(kind) + vint(flags | (2 if data else 0)) + size + body
    header = vint(len(header)) + header
    return struct.pack("<I", zlib.crc32(header)) + header + data


def rar5(members: Mapping[str, bytes], flags: int = 0) -> bytes:
    """A RAR 5 archive with stored members (RAR 5.0 archive format, rarlab.com)."""
    out = b"Rar!\x1a\x07\x01\x00" + _rar5_block(1, vint(0))
    for name, data in members.items():
        raw = name.encode()
        body = vint(4) + vint(len(data)) + vint(0o100644) + struct.pack("<I", zlib.crc32(data)) + vint(0) + vint(1)
        out += _rar5_block(2, body + vint(len(raw)) + raw, flags, data)
    return out + _rar5_block(5, vint(0))


def rar4(members: Mapping[str, bytes], file_flags: int = 0) -> bytes:
    """A RAR 4 archive with stored members (technote.txt of RAR 3.x); flag 4 says that a member is enciphered."""

    def block(kind: int, flags: int, body: bytes) -> bytes:
        header = struct.pack("<BHH", kind, flags, 7 + len(body)) + body
        return struct.pack("<H", zlib.crc32(header) & 0xFFFF) + header

    out = b"Rar!\x1a\x07\x00" + block(0x73, 0, bytes(6))
    for name, data in members.items():
        raw = name.encode()
        about = struct.pack(
            "<IIBIIBBHI", len(data), len(data), 3, zlib.crc32(data), 0x5841_6000, 20, 0x30, len(raw), 0o100644
        )
        out += block(0x74, 0x8000 | file_flags, about + raw) + data
    return out + block(0x7B, 0x4000, b"")


def cab(members: Mapping[str, bytes], packed: bool = True) -> bytes:
    """A cabinet with one folder, MSZIP or stored (MS-CAB)."""
    plain = b"".join(members.values())
    blocks, before = [], b""
    for at in range(0, len(plain), 32768):
        piece = plain[at : at + 32768]
        data = piece
        if packed:
            squeezer = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=before) if before else zlib.compressobj(9, 8, -15)
            data, before = b"CK" + squeezer.compress(piece) + squeezer.flush(), piece
        blocks.append(struct.pack("<IHH", 0, len(data), len(piece)) + data)
    files, at = b"", 0
    for name, data in members.items():
        files += struct.pack("<IIHHHH", len(data), at, 0, 0x5841, 0x6000, 0x20) + name.encode() + b"\0"
        at += len(data)
    first = 36 + 8
    body = first + len(files)
    folder = struct.pack("<IHH", body, len(blocks), 1 if packed else 0)
    total = body + sum(map(len, blocks))
    header = b"MSCF" + struct.pack("<IIIIIBBHHHHH", 0, total, 0, first, 0, 3, 1, 1, len(members), 0, 0, 0)
    return header + folder + files + b"".join(blocks)


def by_libarchive(members: Mapping[str, bytes], form: str) -> bytes:
    """An archive of a format that libarchive writes: iso9660, cpio_newc, ar_bsd."""
    import libarchive

    out = bytearray()

    def take(data: bytes) -> int:
        out.extend(data)
        return len(data)

    with libarchive.custom_writer(take, form) as archive:
        for name, data in members.items():
            archive.add_file_from_memory(name, len(data), data)
    return bytes(out)


def zip_crypto(data: bytes, password: bytes, check: int) -> bytes:
    """Bytes under PKWARE's first cipher, its header included (APPNOTE.TXT 6.1)."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0xEDB88320 if value & 1 else 0)
        table.append(value)
    keys = [0x12345678, 0x23456789, 0x34567890]

    def turn(byte: int) -> None:
        keys[0] = (keys[0] >> 8) ^ table[(keys[0] ^ byte) & 255]
        keys[1] = ((keys[1] + (keys[0] & 255)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = (keys[2] >> 8) ^ table[(keys[2] ^ (keys[1] >> 24)) & 255]

    for byte in password:
        turn(byte)
    out = bytearray()
    for byte in os.urandom(11) + bytes([check]) + data:
        mask = keys[2] & 0xFFFF | 2
        out.append(byte ^ (mask * (mask ^ 1) >> 8 & 255))
        turn(byte)
    return bytes(out)


class ZipMaker:
    """Zip archives that say what they are told to, true or not."""

    def __init__(self) -> None:
        """Empty."""
        self.out, self.directory, self.count = bytearray(), bytearray(), 0

    def add(
        self, name: str, packed: bytes, plain: bytes, *, method: int = 0, flags: int = 0, at: int | None = None,
        size: int | None = None, crc: int | None = None, wide: bool = False, extra: bytes = b"", outer: int = 0,
    ) -> int:  # fmt: skip
        """Add a member; `at` makes the directory point to what lies there already. The offset of its header."""
        raw, crc = name.encode(), zlib.crc32(plain) if crc is None else crc
        size = len(plain) if size is None else size
        sizes = (0xFFFFFFFF, 0xFFFFFFFF) if wide else (len(packed), size)
        if at is None:
            at = len(self.out)
            local = struct.pack("<QQ", size, len(packed)) if wide else b""
            local = struct.pack("<HH", 1, len(local)) + local if wide else b""
            self.out += b"PK\3\4" + struct.pack(
                "<HHHHHIIIHH", 45, flags, method, 0, 0x21, crc, *sizes, len(raw), len(local) + len(extra)
            ) + raw + local + extra + packed  # fmt: skip
        more = struct.pack("<HHQQQ", 1, 24, size, len(packed), at) if wide else b""
        self.directory += b"PK\1\2" + struct.pack(
            "<HHHHHHIIIHHHHHII", 3 << 8 | 45, 45, flags, method, 0, 0x21, crc, *sizes, len(raw), len(more) + len(extra),
            0, 0, 0, outer << 16, 0xFFFFFFFF if wide else at,
        ) + raw + more + extra  # fmt: skip
        self.count += 1
        return at

    def finish(self, wide: bool = False, stated: int | None = None) -> bytes:
        """The archive; `stated` members are claimed."""
        start, count = len(self.out), self.count if stated is None else stated
        out = bytes(self.out + self.directory)
        if wide:
            record = struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, len(self.directory), start)
            out += b"PK\6\6" + record + b"PK\6\7" + struct.pack("<IQI", 0, len(out), 1)
            return out + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
        return (
            out
            + b"PK\5\6"
            + struct.pack("<HHHHIIH", 0, 0, count & 0xFFFF, count & 0xFFFF, len(self.directory), start, 0)
        )


def raw_deflate(data: bytes) -> bytes:
    """A raw deflate stream."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return squeezer.compress(data) + squeezer.flush()


def tar_of(members: Mapping[str, bytes | Callable[[tarfile.TarInfo], None]], form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive; instead of bytes a member may have a function that turns it into something else."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=form) as archive:
        for name, made in members.items():
            info = tarfile.TarInfo(name)
            data: Any = b""
            if isinstance(made, bytes):
                data, info.size = made, len(made)
            else:
                made(info)
            archive.addfile(info, io.BytesIO(data))
    return sink.getvalue()


def old_sparse(name: str, holes: list[tuple[int, bytes]], size: int) -> bytes:
    """A GNU sparse member: pieces at offsets, the rest zeros (tar manual, `Sparse Formats`, old GNU)."""
    header = bytearray(512)
    packed = sum(len(data) for _, data in holes)
    header[:100] = name.encode().ljust(100, b"\0")
    header[100:136] = b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % packed
    header[136:148] = b"%011o\0" % 0
    header[156:157] = b"S"
    header[257:265] = b"ustar  \0"
    for index, (at, data) in enumerate(holes):
        header[386 + 24 * index : 410 + 24 * index] = b"%011o\0%011o\0" % (at, len(data))
    header[483:495] = b"%011o\0" % size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    body = b"".join(data for _, data in holes)
    return bytes(header) + body + bytes(-len(body) % 512) + bytes(1024)


def compound(streams: Mapping[str, bytes]) -> bytes:
    """A compound file of version 3 (MS-CFB); a path's steps stand between slashes, storages come of themselves."""
    names: list[tuple[str, ...]] = [()]
    for path in streams:
        steps = tuple(path.split("/"))
        names += [steps[:depth] for depth in range(1, len(steps) + 1) if steps[:depth] not in names]
    data = {tuple(path.split("/")): body for path, body in streams.items()}
    sectors, fat, small, small_fat = [], [], bytearray(), []  # type: ignore[var-annotated]

    def chained(table: list[int], count: int) -> int:
        first = len(table)
        table += [first + step + 1 for step in range(count - 1)] + [0xFFFFFFFE] * (count > 0)
        return first if count else 0xFFFFFFFE

    def stored(body: bytes) -> int:
        blocks = [body[at : at + 512].ljust(512, b"\0") for at in range(0, len(body), 512)]
        sectors.extend(blocks)
        return chained(fat, len(blocks))

    starts: dict[tuple[str, ...], int] = {}
    for name, body in data.items():
        if len(body) >= 4096:
            starts[name] = stored(body)
        else:
            starts[name] = chained(small_fat, (len(body) + 63) // 64)
            small += body.ljust((len(body) + 63) // 64 * 64, b"\0")
    mini = stored(bytes(small))
    mini_fat = stored(struct.pack(f"<{len(small_fat)}I", *small_fat).ljust(-(-len(small_fat) // 128) * 512, b"\xff"))
    entries = bytearray()
    for index, name in enumerate(names):
        inner = [other for other in range(1, len(names)) if names[other][:-1] == name]
        kin = [other for other in range(index + 1, len(names)) if name and names[other][:-1] == name[:-1]]
        kind = 5 if not name else 2 if name in data else 1
        start, size = (mini, len(small)) if kind == 5 else (starts.get(name, 0), len(data.get(name, b"")))
        raw = (name[-1] if name else "Root Entry").encode("utf-16-le") + b"\0\0"
        empty = 0xFFFFFFFF
        entries += raw.ljust(64, b"\0") + struct.pack(
            "<HBBIII36xIQ", len(raw), kind, 1, empty, min(kin, default=empty), min(inner, default=empty), start, size
        )
    directory = stored(bytes(entries))
    count = -(-(len(fat) + 1) // 127)
    firsts = range(len(fat), len(fat) + count)
    fat += [0xFFFFFFFD] * count
    sectors.append(struct.pack(f"<{len(fat)}I", *fat).ljust(count * 512, b"\xff"))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack(
        "<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, count, directory, 0, 4096,
        mini_fat, -(-len(small_fat) // 128), 0xFFFFFFFE, 0, firsts[0],
    )  # fmt: skip
    header += b"".join(struct.pack("<I", one) for one in firsts[1:])
    return header.ljust(512, b"\xff") + b"".join(sectors)


def outlook(text: str, attached: Mapping[str, bytes], within: Mapping[str, bytes] | None = None) -> bytes:
    """An Outlook message (MS-OXMSG); `within` are the streams of a message that is attached to it."""
    sent = struct.pack("<HHIQ", 0x0040, 0x0039, 6, 133_000_000_000_000_000)
    streams = {
        "__nameid_version1.0/__substg1.0_00020102": b"",
        "__properties_version1.0": bytes(32) + sent,
        "__substg1.0_0037001F": "Numbers".encode("utf-16-le"),
        "__substg1.0_1000001F": text.encode("utf-16-le"),
        "__substg1.0_0C1A001E": b"Hina Khan",
        "__recip_version1.0_#00000000/__substg1.0_39FE001F": "ali@example.org".encode("utf-16-le"),
    }
    for number, (name, data) in enumerate(attached.items()):
        under = f"__attach_version1.0_#{number:08X}"
        streams[f"{under}/__substg1.0_3707001F"] = name.encode("utf-16-le")
        streams[f"{under}/__substg1.0_37010102"] = data
    for name, data in (within or {}).items():
        streams[f"__attach_version1.0_#{len(attached):08X}/__substg1.0_3701000D/{name}"] = data
    return compound(streams)


def word(paragraphs: list[str], flags: int = 0) -> bytes:
    """A Word 97 document whose first paragraph lies compressed and whose others do not (MS-DOC)."""
    first, rest = (paragraphs[0] + "\r").encode("windows-1252"), "".join(f"{one}\r" for one in paragraphs[1:])
    main = bytearray(0x0200)
    main[:12] = struct.pack("<HH6xH", 0xA5EC, 0x00C1, 0x0200 | flags)
    places = (len(main), len(main) + len(first))
    main += first + rest.encode("utf-16-le")
    ends = struct.pack("<III", 0, len(first), len(first) + len(rest))
    list_ = ends + struct.pack("<HIH", 0, places[0] * 2 | 0x4000_0000, 0) + struct.pack("<HIH", 0, places[1], 0)
    clx = b"\x01" + struct.pack("<H", 4) + bytes(4) + b"\x02" + struct.pack("<I", len(list_)) + list_
    main[0x01A2:0x01AA] = struct.pack("<II", 16, len(clx))
    name = b"list.csv\0"
    packed = struct.pack("<H", 2) + name + name + bytes(4) + struct.pack("<I", len(name)) + name
    packed += struct.pack("<I", 4) + b"a,b\n"
    return compound(
        {
            "WordDocument": bytes(main),
            "1Table": bytes(16) + clx,
            "ObjectPool/_1/\x01Ole10Native": struct.pack("<I", len(packed)) + packed,
        }
    )


def slides(texts: list[str], embedded: bytes) -> bytes:
    """A presentation of PowerPoint 97 (MS-PPT)."""

    def record(kind: int, data: bytes, head: int = 0) -> bytes:
        return struct.pack("<HHI", head, kind, len(data)) + data

    wide = b"".join(record(0x0FA0, text.encode("utf-16-le")) for text in texts[1:])
    inner = record(0x03EE, record(0x0FA8, texts[0].encode("latin-1")) + wide, 15)
    held = record(0x1011, struct.pack("<I", len(embedded)) + zlib.compress(embedded), 16)
    user = record(0x0FF6, struct.pack("<II", 20, 0xE391C05F) + bytes(8))
    return compound({"Current User": user, "PowerPoint Document": inner + held})


def dbf(fields: list[tuple[str, str, int]], rows: list[list[bytes]], stated: int | None = None) -> bytes:
    """A dBase table of fields (name, type, width); cells are filled up with blanks on the right."""
    size = 1 + sum(width for _, _, width in fields)
    count = len(rows) if stated is None else stated
    head = struct.pack("<BBBBIHH20x", 3, 124, 2, 29, count, 33 + 32 * len(fields), size)
    for name, kind, width in fields:
        head += name.encode().ljust(11, b"\0") + kind.encode() + bytes(4) + bytes([width]) + bytes(15)
    widths = [width for _, _, width in fields]
    body = (b" " + b"".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return head + b"\r" + b"".join(body) + b"\x1a"


def bson(document: Mapping[str, Any]) -> bytes:
    """A document of MongoDB (bsonspec.org); bytes are its identifiers."""

    def element(name: str, value: Any) -> bytes:
        key = name.encode() + b"\0"
        if isinstance(value, bool):
            return b"\x08" + key + bytes([value])
        if isinstance(value, float):
            return b"\x01" + key + struct.pack("<d", value)
        if isinstance(value, int):
            return b"\x12" + key + struct.pack("<q", value)
        if isinstance(value, str):
            return b"\x02" + key + struct.pack("<i", len(value.encode()) + 1) + value.encode() + b"\0"
        if isinstance(value, bytes):
            return b"\x07" + key + value
        if isinstance(value, list):
            return b"\x04" + key + bson({str(place): one for place, one in enumerate(value)})
        return b"\x03" + key + bson(value)

    body = b"".join(element(name, value) for name, value in document.items()) + b"\0"
    return struct.pack("<i", len(body) + 4) + body
