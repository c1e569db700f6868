"""Binary readers and containers, each on bytes made here."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import sqlite3
import tarfile
import zipfile

import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.errors import ReadError
from scanner.ingest.containers.registry import CONTAINERS
from scanner.ingest.interface import Source, Stream
from scanner.ingest.readers.avro import Avro
from scanner.ingest.readers.columnar import Parquet, leaf_paths, leaves
from scanner.ingest.readers.ipc import Arrow
from scanner.ingest.readers.orc import Orc
from scanner.ingest.readers.rows import find_header
from scanner.ingest.readers.sheets import Sheets, cell_text
from scanner.ingest.readers.sqlite import Sqlite
from scanner.ingest.sources import BytesSource, digest
from scanner.ingest.spool import Spool
from scanner.options import Limits, ScanOptions
from scanner.terms import ProblemCode, Status
from scanner.vault import Vault

TEXT = b"msisdn,name\n" + b"".join(b"0300%07d,A\n" % i for i in range(5000))
NESTED = pa.table(
    {
        "id": pa.array([1, 2, 3], pa.int64()),
        "contact": pa.array([{"email": "a@example.org"}, None, {"email": "b@example.org"}]),
        "sims": pa.array([[{"msisdn": "1"}, {"msisdn": "2"}], [], None], pa.list_(pa.struct({"msisdn": pa.string()}))),
        "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
    }
)


def opened(data: bytes, name: str = "x", options: ScanOptions | None = None) -> list[Source | Stream]:
    source = BytesSource(data, name)
    container = next(one for one in CONTAINERS if one.recognise(source.head(), name))
    return list(container.members(source, options or ScanOptions()))


def sources(items: list[Source | Stream]) -> list[Source]:
    return [one for one in items if not isinstance(one, Stream)]


def read_all(source: Source) -> tuple[bytes, ReadError | None]:
    out = bytearray()
    try:
        with source.stream() as stream:
            while piece := stream.read(1000):
                out += piece
    except ReadError as error:
        return bytes(out), error
    return bytes(out), None


def written(form: str) -> bytes:
    sink = io.BytesIO()
    if form == "parquet":
        pq.write_table(NESTED, sink, row_group_size=2)
    elif form == "orc":
        pyarrow.orc.write_table(NESTED.drop_columns(["kind"]), sink)
    else:
        make = pa.ipc.new_file if form == "arrow" else pa.ipc.new_stream
        with make(sink, NESTED.schema) as writer:
            writer.write_table(NESTED)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("form", "reader"), [("parquet", Parquet()), ("orc", Orc()), ("arrow", Arrow()), ("ipc", Arrow())]
)
def test_nested_columns_become_leaves(form: str, reader: Parquet | Orc | Arrow) -> None:
    data = written(form)
    source = BytesSource(data, form)
    assert reader.recognise(data, "any")
    (stream,) = reader.read(source, ScanOptions())
    chunks = [part.read() for part in stream.parts]
    assert stream.head.columns[:3] == ("id", "contact.email", "sims[].msisdn")
    assert sum(chunk.rows for chunk in chunks) == 3
    assert sum(len(chunk.columns[2]) for chunk in chunks) == 2
    assert chunks[0].columns[0].type == pa.int64()
    assert stream.tail().sha256 == hashlib.sha256(data).hexdigest()
    assert stream.tail().status is Status.COMPLETE


@given(
    st.lists(
        st.one_of(st.none(), st.lists(st.one_of(st.none(), st.dictionaries(st.sampled_from("ab"), st.integers(0, 9)))))
    )
)
def test_leaves_have_as_many_arrays_as_paths(values: list[object]) -> None:
    kind = pa.list_(pa.struct({"a": pa.int64(), "b": pa.int64()}))
    assert len(leaves(pa.array(values, kind))) == len(leaf_paths(kind, "x"))


MAPS = {
    "of structs": (
        pa.map_(pa.string(), pa.struct({"x": pa.string(), "y": pa.int64()})),
        [[("a", {"x": "1", "y": 2})], None, [], [("b", {"x": "3", "y": 4})]],
        [["a", "b"], ["1", "3"], [2, 4]],
    ),
    "of maps": (
        pa.map_(pa.string(), pa.map_(pa.string(), pa.int64())),
        [[("a", [("b", 1)])], [("c", [])], None, [("d", [("e", 5)])]],
        [["a", "c", "d"], ["b", "e"], [1, 5]],
    ),
    "in lists": (
        pa.list_(pa.map_(pa.string(), pa.int64())),
        [[[("a", 1)]], [], None, [[("z", 2)]]],
        [["a", "z"], [1, 2]],
    ),
}


@pytest.mark.parametrize("name", MAPS)
def test_maps_have_all_their_leaves_in_parquet_too(name: str) -> None:
    kind, values, expected = MAPS[name]
    array, sink = pa.array(values, kind), io.BytesIO()
    assert [leaf.to_pylist() for leaf in leaves(array)] == expected
    assert [leaf.to_pylist() for leaf in leaves(array.slice(3))] == [[one[-1]] for one in expected]
    pq.write_table(pa.table({"m": array}), sink)
    (stream,) = Parquet().read(BytesSource(sink.getvalue(), "maps"), ScanOptions())
    (chunk,) = [part.read() for part in stream.parts]
    assert [column.to_pylist() for column in chunk.columns] == expected
    assert stream.tail().status is Status.COMPLETE


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_stream_keeps_path_and_outer_digest(pack: object) -> None:
    data = pack(TEXT[:9000]) + pack(TEXT[9000:])  # type: ignore[operator]
    (source,) = sources(opened(data, "x.csv.gz"))
    assert source.path == "x.csv.gz"
    assert read_all(source) == (TEXT, None)
    assert digest(source) == (hashlib.sha256(data).hexdigest(), len(data))


@given(st.integers(20, 5000))
def test_cut_gzip_gives_what_precedes_the_cut(at: int) -> None:
    data = gzip.compress(TEXT, mtime=0)
    got, error = read_all(sources(opened(data[: min(at, len(data) - 1)]))[0])
    assert TEXT.startswith(got)
    assert error is not None
    assert error.code is ProblemCode.TRUNCATED


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return sink.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zip_members_of_every_method(method: int) -> None:
    items = opened(zipped({"a.csv": TEXT, "d/b.csv": b"x"}, method), "z.zip")
    assert [one.path for one in sources(items)] == ["z.zip!a.csv", "z.zip!d/b.csv"]
    assert [read_all(one) for one in sources(items)] == [(TEXT, None), (b"x", None)]
    assert isinstance(items[-1], Stream)
    assert items[-1].tail().status is Status.COMPLETE


def test_zip_without_directory_gives_its_members() -> None:
    data = zipped({"a.csv": TEXT, "b.csv": TEXT})
    items = opened(data[: data.index(b"PK\1\2")], "z.zip")
    assert [read_all(one)[0] for one in sources(items)] == [TEXT, TEXT]
    assert isinstance(items[-1], Stream)
    assert items[-1].tail().status is Status.PARTIAL


def test_bomb_stops_at_the_limit() -> None:
    options = ScanOptions(limits=Limits(max_member=100_000))
    got, error = read_all(sources(opened(zipped({"zeros": bytes(10_000_000)}), "z.zip", options))[0])
    assert len(got) <= 100_000
    assert error is not None
    assert error.code is ProblemCode.LIMIT


def test_member_that_leads_outside_is_read_and_named() -> None:
    items = opened(zipped({"../../a.csv": b"x"}), "z.zip")
    assert sources(items)[0].path == "z.zip!../../a.csv"
    assert isinstance(items[-1], Stream)
    assert items[-1].tail().problems[0].code is ProblemCode.UNSAFE_PATH


def test_tar_members_and_a_cut() -> None:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name in ("a.csv", "b.csv"):
            info = tarfile.TarInfo(name)
            info.size = len(TEXT)
            archive.addfile(info, io.BytesIO(TEXT))
    whole, cut = opened(sink.getvalue(), "t.tar"), opened(sink.getvalue()[: len(TEXT) + 3000], "t.tar")
    assert [read_all(one) for one in sources(whole)] == [(TEXT, None), (TEXT, None)]
    assert read_all(sources(cut)[0]) == (TEXT, None)
    assert isinstance(cut[-1], Stream)
    assert cut[-1].tail().status is Status.PARTIAL


@settings(deadline=None)
@given(st.lists(st.binary(max_size=200)), st.integers(0, 300))
def test_spool_gives_back_what_was_written(pieces: list[bytes], memory: int) -> None:
    spool = Spool(Vault(memory))
    for piece in pieces:
        spool.write(piece)
    assert spool.cursor().read() == b"".join(pieces)


@pytest.mark.parametrize(
    ("rows", "header"),
    [
        ([["MSISDN", "Name"], ["03001234567", "A"]], 0),
        ([["Report", ""], ["", ""], ["MSISDN", "Name"], ["03001234567", "A"]], 2),
        ([["03001234567", "A"], ["03001234568", "B"]], None),
        ([], None),
    ],
)
def test_header_stands_above_the_data(rows: list[list[str]], header: int | None) -> None:
    assert find_header(rows) == header


@pytest.mark.parametrize(
    ("value", "text"), [(923001234567.0, "923001234567"), (1.5, "1.5"), (True, "true"), ("01", "01")]
)
def test_cells_as_a_person_types_them(value: object, text: str) -> None:
    assert cell_text(value) == text


def test_workbook_gives_every_sheet() -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book, sink = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    for row in (["Subscriber list"], [], ["MSISDN", "Name"], [923001234567, "A"], ["03001234568", "B"]):
        sheet.append(row)
    book.create_sheet("Hidden").sheet_state = "hidden"
    book.save(sink)
    streams = list(Sheets().read(BytesSource(sink.getvalue(), "b.xlsx"), ScanOptions()))
    assert [one.head.path for one in streams] == ["b.xlsx!Sheet", "b.xlsx!Hidden"]
    (chunk,) = [part.read() for part in streams[0].parts]
    assert streams[0].head.columns == ("MSISDN", "Name")
    assert chunk.columns[0].to_pylist() == ["923001234567", "03001234568"]
    assert chunk.loose[0].text == b"Subscriber list"


def test_sqlite_gives_every_table_and_no_view() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute('CREATE TABLE "a b" (n, t TEXT)')
    connection.execute("CREATE TABLE w (k TEXT PRIMARY KEY) WITHOUT ROWID")
    connection.execute('CREATE VIEW v AS SELECT * FROM "a b"')
    connection.executemany('INSERT INTO "a b" VALUES (?, ?)', [(1, "x"), ("2", None), (b"3", "z")])
    connection.commit()
    data = connection.serialize()
    connection.close()
    streams = list(map(drained, Sqlite().read(BytesSource(data, "c.db"), ScanOptions())))
    assert streams == [("c.db!a b", 3), ("c.db!w", 0)]


def drained(stream: Stream) -> tuple[str, int]:
    return stream.head.path, sum(part.read().rows for part in stream.parts)


def test_avro_values_of_every_kind_become_columns() -> None:
    import fastavro

    fields = [
        {"name": "text", "type": "string"},
        {"name": "number", "type": ["null", "long"]},
        {"name": "either", "type": ["string", "int"]},
        {"name": "many", "type": {"type": "array", "items": "string"}},
    ]
    rows = [
        {"text": "a", "number": None, "either": 1, "many": ["x"]},
        {"text": "b", "number": 2, "either": "c", "many": []},
    ]
    sink = io.BytesIO()
    fastavro.writer(sink, {"type": "record", "name": "r", "fields": fields}, rows)
    (stream,) = Avro().read(BytesSource(sink.getvalue(), "x"), ScanOptions())
    (chunk,) = [part.read() for part in stream.parts]
    assert stream.head.columns == ("text", "number", "either", "many[]")
    assert [column.to_pylist() for column in chunk.columns] == [["a", "b"], [None, 2], ["1", "c"], ["x"]]
