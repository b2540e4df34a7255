"""CSV: both ways of reading give the same rows; each fault is placed; nothing is swallowed, nothing swells."""

import csv
import io
import zipfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canonical_model.errors import ConfigurationError
from connectors.kit.formats import Format, delimited, open_batches

CSV = Format("csv", separator=";")
PIECES = st.sampled_from(
    [b"a", b"1,5", b" ", b";", b";", b";", b"\n", b"\n", b"\r\n", b"\r", b'"', b'""', b'";"', b'"x"', "é".encode(),
     b"\xc9", b"\x00", b"\x81", b"\xef\xbb\xbf", b"\x01", b"1;2;3\n", b'"1";"2";"3"\n', b'1;"a\nb";3\n', b"\n\n"]
)  # fmt: skip
SOUND = st.sampled_from([b"1;2;3\n", b'"1";"";"3"\n', b";;\n", "é;à; \n".encode(), b'"a""b";x;"y;z"\r\n'])


def read(path: Path, content: bytes, told: Format = CSV) -> pl.DataFrame:
    path.write_bytes(content)
    return pl.concat(open_batches(path, told))


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(st.lists(PIECES, max_size=40), st.lists(SOUND, max_size=12)).map(b"".join),
    st.sampled_from(["utf-8", "windows-1252", "cp850"]),
    st.integers(1, 60),
    st.booleans(),
)
def test_reading_in_columns_and_reading_record_by_record_agree_wherever_blocks_are_cut(
    tmp_path: Path, body: bytes, encoding: str, block: int, line_breaks: bool
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"A;b;C\n" + body)
    told = Format("csv", separator=";", encoding=encoding, line_breaks=line_breaks)  # type: ignore[arg-type]
    whole = pl.concat(delimited.read(path, told, None, 5))

    for block_bytes, fast in ((block, True), (block, False), (10**6, False)):
        other = pl.concat(delimited.read(path, told, None, 7, block_bytes=block_bytes, fast=fast))
        assert whole.equals(other), (block_bytes, fast)
    assert ["a", "b", "c", "_row", "_fault"] == whole.columns


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.text(st.sampled_from('ab é";\n'), max_size=6), min_size=2, max_size=2), max_size=30)
)
def test_what_python_writes_as_csv_is_read_as_it_was(tmp_path: Path, rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL).writerows([["a", "b"], *rows])

    found = read(tmp_path / "x.csv", text.getvalue().encode())

    assert [[value or None for value in row] for row in rows] == [
        list(row) for row in found.select("a", "b").rows()
    ]
    assert found["_fault"].is_null().all()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([b"1;2", b"", b"1", b"1;2;3", b'1;"2', b"\xc9;2", b"\x00;2"]), max_size=30))
def test_every_line_is_a_row_or_blank(tmp_path: Path, lines: list[bytes]) -> None:
    """Each line counts where no field may go over a line end."""
    told = Format("csv", separator=";", line_breaks=False)
    found = read(tmp_path / "x.csv", b"a;b\n" + b"\n".join(lines), told)

    assert [number for number, line in enumerate(lines, start=2) if line] == found["_row"].to_list()
    assert [line == b"1;2" for line in lines if line] == found["_fault"].is_null().to_list()


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"2;\xc9;x", "not-utf-8"),
        (b"2;x", "ragged-row"),
        (b"2;x;y;z", "ragged-row"),
        (b'2;"x;y', "unclosed-quote"),
        (b'2;"x"y;z', "ragged-row"),
        (b"2;x\x00;y", "nul-byte"),
        (b"2;" + b"x" * 1_000_001 + b";y", "line-too-long"),
    ],
)
@pytest.mark.parametrize("sound", [3, 3000])
def test_a_faulty_line_is_placed_and_harms_no_other(
    tmp_path: Path, line: bytes, fault: str, sound: int
) -> None:
    good = b"1;\xc3\xa9;\n" * sound
    found = read(tmp_path / "x.csv", b"n;a;b\r\n" + good + line + b"\r\n" + good)

    faulty = found.filter(pl.col("_fault").is_not_null())
    assert [(sound + 2, fault)] == faulty.select("_row", "_fault").rows()
    assert list(range(2, 2 * sound + 3)) == found["_row"].to_list()


def test_a_quote_never_closed_costs_one_line_though_another_quote_comes_far_below(tmp_path: Path) -> None:
    lines = [b"1;x", b'2;"never', *[b"3;x"] * 1500, b'4;x"', b"5;x"]
    found = read(tmp_path / "x.csv", b"n;a\n" + b"\n".join(lines))

    assert [(3, "unclosed-quote")] == found.filter(pl.col("_fault").is_not_null()).select(
        "_row", "_fault"
    ).rows()
    assert len(lines) == found.height


def test_a_field_over_several_lines_is_one_row_at_its_first_line(tmp_path: Path) -> None:
    found = read(tmp_path / "x.csv", b'n;a\r\n1;"two\r\nlines"\r\n\r\n2;x\r\n')

    assert [(2, "1", "two\nlines"), (5, "2", "x")] == found.select("_row", "n", "a").rows()


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("windows-1252", "Nom;x\nÉmile — œuvre;1\n".encode("cp1252")),
        ("cp850", "Nom;x\nÉmile;1\n".encode("cp850")),
        ("iso-8859-1", "Nom;x\nÉmile;1\n".encode("latin-1")),
        ("utf-16", "Nom;x\nÉmile;1\n".encode("utf-16")),
        ("utf-8", "\ufeffNom;x\rÉmile;1\r".encode()),
    ],
)
def test_a_declared_encoding_is_read(tmp_path: Path, encoding: str, content: bytes) -> None:
    found = read(tmp_path / "x.csv", content, Format("csv", separator=";", encoding=encoding))  # type: ignore[arg-type]

    assert found["nom"][0].startswith("Émile")
    assert [(2, None)] == found.select("_row", "_fault").rows()


def test_a_byte_that_windows_1252_lacks_is_a_fault_of_its_row(tmp_path: Path) -> None:
    told = Format("csv", separator=";", encoding="windows-1252")
    found = read(tmp_path / "x.csv", b"a;b\n1;\x81\n2;\xc9\n", told)

    assert [("1", "\ufffd", "wrong-encoding"), ("2", "É", None)] == found.drop("_row").rows()


def test_a_line_of_two_hundred_megabytes_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with path.open("wb") as file:
        file.write(b"a;b\n1;2\n")
        for _ in range(200):
            file.write(b"x" * 1024**2)
        file.write(b"\n3;4\n")

    found = pl.concat(open_batches(path, CSV))

    assert [("1", "2", 2, None), (None, None, 3, "line-too-long"), ("3", "4", 4, None)] == found.rows()


def test_only_the_columns_asked_for_are_given_and_a_second_iteration_reads_again(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"a;b;c\n1;2;3\n4;5\n")
    batches = open_batches(path, CSV, only=["C", "absent"])

    assert [[("3", 2, None), (None, 3, "ragged-row")]] * 2 == [pl.concat(batches).rows() for _ in range(2)]
    assert ("a", "b", "c") == open_batches(path, CSV).columns


def test_a_file_without_header_has_the_declared_names(tmp_path: Path) -> None:
    told = Format.from_text({"kind": "csv", "separator": ";", "header": "no", "columns": ["x", "Y"]})

    assert [("1", "2", 1, None)] == read(tmp_path / "x.csv", b"1;2\n", told).rows()
    assert [] == read(tmp_path / "x.csv", b"a;b\n").rows()


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"\xef\xbb\xbf", b"a;A\n1;2\n", b"a;\n1;2\n", b"\x00;\xff\n", b"\xff;a\n1;2\n"]
)
def test_a_file_without_a_usable_header_is_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ConfigurationError, match=r"x\.csv"):
        read(tmp_path / "x.csv", content)


def test_a_zip_of_one_file_is_read_and_one_that_swells_or_escapes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.zip"
    for name, content, message in (
        ("x.csv", b"a;b\n1;2\n", None),
        ("x.csv", b"a;b\n" + b"0" * 40_000_000, "unpacks to far too much"),
        ("../x.csv", b"a;b\n", "outside itself"),
    ):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
        if message is None:
            assert [("1", "2", 2, None)] == pl.concat(open_batches(path, Format.guessed(path))).rows()
        else:
            with pytest.raises(ConfigurationError, match=message):
                list(open_batches(path, CSV))
    path.write_bytes(b"PK not a zip")
    with pytest.raises(ConfigurationError, match="not a sound archive"):
        list(open_batches(path, CSV))
