"""Files as people and partners give them: every line accounted for, every value text."""

from pathlib import Path

import polars as pl
import pytest

from canonical_model.errors import ConfigurationError
from connectors.kit.contract import Column, Stream
from connectors.kit.files import Dropped, frames, read_any

STREAM = Stream("answers", "answers", (Column("number", "number"), Column("given", "GIVEN")))


def dropped(folder: Path, content: bytes) -> list[dict[str, str | None]]:
    """The rows of a dropped file of that content."""
    path = folder / "answers.csv"
    path.write_bytes(content)
    return pl.concat(frames(Dropped(path, None), STREAM, system="x@762000", separator=";")).to_dicts()


def values(path: Path) -> list[dict[str, str | None]]:
    """The rows of a file that a person names, none of them faulty."""
    found = read_any(path)
    assert found["_fault"].is_null().all()
    return found.drop("_row", "_fault").to_dicts()


def test_columns_may_stand_in_any_order_and_unlisted_ones_are_left_alone(tmp_path: Path) -> None:
    rows = dropped(tmp_path, "\ufeffGiven;note;Number\r\nO;never read;1\r\n\r\n".encode())

    assert [{"number": "1", "given": "O", "_fault": None}] == rows


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"2;\xc9", "not-utf-8"),
        (b"2", "ragged-row"),
        (b"2;O;extra", "ragged-row"),
        (b'2;"O', "unclosed-quote"),
        (b'"2;O', "unclosed-quote"),
        (b"2;\xc9;", "not-utf-8"),
    ],
)
def test_a_faulty_line_harms_no_other(tmp_path: Path, line: bytes, fault: str) -> None:
    rows = dropped(tmp_path, b"number;given\n1;O\n" + line + b"\n3;N\n")

    assert ["1", "3"] == [row["number"] for row in rows if row["_fault"] is None]
    assert [None, fault, None] == [row["_fault"] for row in rows]


def test_an_empty_field_is_null_and_an_empty_file_has_its_columns(tmp_path: Path) -> None:
    assert [{"number": "1", "given": None, "_fault": None}] == dropped(tmp_path, b"number;given\n1;\n")
    assert [] == dropped(tmp_path, b"number;given\n")


def test_a_file_without_a_line_lacks_its_header(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the header line is missing"):
        dropped(tmp_path, b"")


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_any_separator_is_found_and_values_stay_text(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "marks.csv"
    path.write_text(f'Code{separator}Note{separator}Remark\n0012{separator}1.10{separator}"two\nlines"\n')

    assert [{"code": "0012", "note": "1.10", "remark": "two\nlines"}] == values(path)


def test_a_csv_line_in_another_encoding_is_marked(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_bytes("nom,x\nÉmile,1\n".encode() + b"\xc9mile,2\n")

    assert [None, "not-utf-8"] == read_any(path)["_fault"].to_list()


def test_json_lines_keep_numbers_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "marks.jsonl"
    path.write_text(
        '{"mark": 1.10, "big": 12345678901234567890, "yes": true}\n\n{"mark": null, "more": "é"}\n'
    )

    assert [
        {"mark": "1.10", "big": "12345678901234567890", "yes": "true", "more": None},
        {"mark": None, "big": None, "yes": None, "more": "é"},
    ] == values(path)


def test_parquet_is_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "marks.parquet"
    pl.DataFrame({"Fiche": [101, None], "Mark": ["84", "NE"]}).write_parquet(path)

    assert [{"fiche": "101", "mark": "84"}, {"fiche": None, "mark": "NE"}] == values(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("absent.csv", None),
        ("binary.csv", b"\x00\x01\x02\xff\xfe"),
        ("empty.csv", b""),
        ("twice.csv", b"a,A\n1,2\n"),
        ("broken.parquet", b"PAR1"),
        ("marks.docx", b"PK"),
    ],
)
def test_an_unreadable_file_is_named(tmp_path: Path, name: str, content: bytes | None) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigurationError) as caught:
        read_any(path)

    assert name in caught.value.english
    assert name in caught.value.french
