"""Every other kind of file as text: each record is placed, and what is unsafe is refused before it is read."""

import zipfile
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from canonical_model.errors import ConfigurationError
from connectors.kit.formats import Format, open_batches

FIXED = Format.from_text(
    {
        "kind": "fixed_width",
        "encoding": "cp850",
        "columns": {"Fiche": {"start": "1", "length": "4"}, "nom": {"start": "5", "length": "6"}},
    }
)
PEOPLE = Format("xml", record="d:people/group/d:person", namespaces=(("d", "urn:d"),))
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def read(path: Path, content: bytes, told: Format) -> pl.DataFrame:
    path.write_bytes(content)
    return pl.concat(open_batches(path, told, rows=2))


def workbook(path: Path, rows: str, texts: str = "", *, date1904: str = "0") -> Path:
    """A workbook of two sheets; `rows` are those of the second, Élèves."""
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{SHEET}" xmlns:r="{RELATIONS}"><workbookPr date1904="{date1904}"/>'
        '<sheets><sheet name="Vide" r:id="r1"/><sheet name="Élèves" r:id="r2"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">'
        f'<Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{RELATIONS}/worksheet" Target="/xl/worksheets/sheet2.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{SHEET}"><numFmts><numFmt numFmtId="164" formatCode="0000000"/>'
        '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/>'
        '<numFmt numFmtId="166" formatCode="0.00&quot; days&quot;"/></numFmts>'
        '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/>'
        '<xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="20"/></cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{SHEET}">{texts}</sst>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{SHEET}"><sheetData/></worksheet>',
        "xl/worksheets/sheet2.xml": f'<worksheet xmlns="{SHEET}"><sheetData>{rows}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in parts.items():
            packed.writestr(name, text)
    return path


def inline(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def test_fixed_width_columns_are_counted_in_characters_and_a_short_or_long_line_is_a_fault(
    tmp_path: Path,
) -> None:
    content = "0012Élodie\r\n\r\n0013Léo   \r\n0014Léo\r\n0015Léo   x\r\n    Léo     \r\n".encode("cp850")

    assert [
        ("0012", "Élodie", 2 - 1, None),
        ("0013", "Léo", 3, None),
        ("0014", "Léo", 4, "ragged-row"),
        ("0015", "Léo", 5, "ragged-row"),
        (None, "Léo", 6, None),
    ] == read(tmp_path / "x.txt", content, FIXED).rows()
    assert ["fiche", "nom", "_row", "_fault"] == read(tmp_path / "x.txt", b"", FIXED).columns


def test_a_fixed_width_line_of_wrong_bytes_harms_no_other(tmp_path: Path) -> None:
    told = Format("fixed_width", slices=FIXED.slices)
    content = (
        "0012Élodie\n".encode() + b"0013\xc9lodie\n0014L\x00oooo\n" + b"x" * 1_000_001 + b"\n0015Leoooo\n"
    )

    assert [
        ("0012", None), ("0013", "not-utf-8"), ("0014", "nul-byte"), (None, "line-too-long"), ("0015", None),
    ] == read(tmp_path / "x.txt", content, told).select("fiche", "_fault").rows()  # fmt: skip


def test_a_json_line_that_is_no_object_is_a_fault_of_its_row(tmp_path: Path) -> None:
    content = (
        b'{"mark": 1.10, "In": {"a": [1.50, null, "\xc3\xa9"]}}\n\n[1]\n{"mark": \n{"more": ""}\n'
         b'{"more": "\\ud800"}\n{"more": "\\u0000"}\n{"more": "\xc9"}\n' + b"[" * 100_000
    )  # fmt: skip
    found = read(tmp_path / "x.jsonl", content, Format("jsonl", columns=("first", "MARK")))

    assert ["first", "mark", "in", "more", "_row", "_fault"] == found.columns
    assert (None, "1.10", '{"a": [1.50, null, "é"]}', None, 1, None) == found.row(0)
    assert [3, 4, 5, 6, 7, 8, 9] == found["_row"].to_list()[1:]
    faults = ["not-json", "not-json", None, "not-utf-8", "nul-byte", "not-utf-8", "not-json"]
    assert faults == found["_fault"].to_list()[1:]


def test_a_changed_file_is_read_anew_and_names_may_not_differ_by_case_only(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    assert ["a", "_row", "_fault"] == read(path, b'{"a": 1}\n', Format("jsonl")).columns
    assert ["bb", "_row", "_fault"] == read(path, b'{"bb": 1}\n', Format("jsonl")).columns
    with pytest.raises(ConfigurationError, match="columns 1 and 2 bear one name"):
        read(path, b'{"a": 1}\n{"A": 1}\n', Format("jsonl"))


def test_parquet_is_streamed_as_text_and_refused_when_it_is_not_flat(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    frame = pl.DataFrame({"Fiche": range(5), "day": [date(2026, 2, 16)] * 5, "_row": [9] * 5})
    frame.write_parquet(path, row_group_size=2)

    found = pl.concat(open_batches(path, Format("parquet"), rows=2))

    assert [(str(n), "2026-02-16", n + 1, None) for n in range(5)] == found.rows()
    assert [2, 2, 1] == [
        batch.height for batch in open_batches(path, Format("parquet"), rows=2, only=["fiche"])
    ]
    frame.head(0).write_parquet(path)
    assert ("fiche", "day") == open_batches(path, Format("parquet")).columns
    pl.DataFrame({"a": [[1]]}).write_parquet(path)
    with pytest.raises(ConfigurationError, match="not a flat Parquet"):
        list(open_batches(path, Format("parquet")))


def test_a_sheet_gives_what_a_person_sees_and_the_sheet_s_own_rows(tmp_path: Path) -> None:
    texts = "<si><t>Fiche</t></si><si><r><t>No</t></r><r><t>te</t></r><rPh><t>x</t></rPh></si>"
    head = (
        '<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c>'
        + inline("C2", "Date")
        + "</row>"
    )
    rows = (
        '<row r="4"><c r="A4" s="2"><v>12</v></c><c r="B4"><v>82.5</v></c><c r="C4" s="1"><v>46069</v></c></row>'
        '<row r="5"><c r="B5"><v>84</v></c><c r="C5" s="3"><v>46069.5</v></c></row><row r="6"><c r="A6"/></row>'
        '<row r="7"><c r="A7" t="b"><v>1</v></c><c r="B7" t="e"><v>#N/A</v></c><c r="D7"><v>1</v></c></row>'
        '<row><c s="4"><v>0.30000000000000004</v></c><c><v>1E3</v></c><c s="5"><v>0.5</v></c></row>'
    )
    path = workbook(tmp_path / "x.xlsx", head + rows, texts)

    assert [
        ("0000012", "82.5", "2026-02-16", 4, None),
        (None, "84", "2026-02-16T12:00:00", 5, None),
        ("true", "#N/A", None, 7, "ragged-row"),
        ("0.3", "1000", "12:00:00", 8, None),
    ] == pl.concat(open_batches(path, Format("xlsx", sheet="Élèves"), rows=1)).rows()
    assert ("fiche", "note", "date") == open_batches(path, Format("xlsx", sheet="Élèves")).columns
    with pytest.raises(ConfigurationError, match="the header line is not readable"):
        list(open_batches(path, Format("xlsx")))
    with pytest.raises(ConfigurationError, match="no sheet Autre"):
        list(open_batches(path, Format("xlsx", sheet="Autre")))


def test_a_workbook_may_count_its_days_from_1904(tmp_path: Path) -> None:
    rows = f'<row r="1">{inline("A1", "d")}</row><row r="2"><c r="A2" s="1"><v>44607</v></c></row>'
    path = workbook(tmp_path / "x.xlsx", rows, date1904="1")

    found = pl.concat(open_batches(path, Format("xlsx", sheet="Élèves")))
    assert ["2026-02-16"] == found["d"].to_list()


def test_a_cell_far_away_costs_nothing_and_a_workbook_that_swells_is_refused(tmp_path: Path) -> None:
    rows = f'<row r="1">{inline("A1", "a")}</row><row r="1048576">{inline("XFD1048576", "z")}</row>'
    path = workbook(tmp_path / "x.xlsx", rows)
    assert [(None, 1048576, "ragged-row")] == pl.concat(
        open_batches(path, Format("xlsx", sheet="Élèves"))
    ).rows()

    with pytest.raises(ConfigurationError, match="unpacks to far too much"):
        list(open_batches(workbook(path, rows, " " * 40_000_000), Format("xlsx")))


def test_an_xml_record_is_flattened_by_local_names(tmp_path: Path) -> None:
    content = """<?xml version="1.0" encoding="UTF-8"?><!-- a remark -->
<x:people xmlns:x="urn:d" xmlns="urn:d"><group xmlns=""><person>not of the namespace</person><x:person id="1">
  <Name lang="fr"><First>Élodie</First><Last/></Name><Mark>1.10</Mark><Mark>2</Mark><Code s="a">NE</Code></x:person>
  <x:person><Name><First>Léo</First></Name><Guardian><Name>A</Name></Guardian><Guardian k="1"/></x:person></group>
</x:people>""".encode()
    found = read(tmp_path / "x.xml", content, PEOPLE)

    assert [
        {"@id": "1", "name.@lang": "fr", "name.first": "Élodie", "mark": '["1.10", "2"]', "code.@s": "a",
         "code.#text": "NE", "_row": 1},
        {"name.first": "Léo", "guardian": '[{"Name": "A"}, {"@k": "1"}]', "_row": 2},
    ] == [{name: value for name, value in row.items() if value} for row in found.to_dicts()]  # fmt: skip


LAUGHS = '<!DOCTYPE p [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><p>&b;</p>'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"<?xml version='1.0'?>\n<!-- > -->\n{LAUGHS}".encode(), "line 3 declares a document type"),
        (b'<!DOCTYPE p SYSTEM "file:///etc/passwd"><p/>', "line 1 declares a document type"),
        (LAUGHS.encode("utf-16"), "not saved as UTF-8"),
        (LAUGHS.encode("utf-16-le"), "not saved as UTF-8"),
        (b"<?xml version='1.0' encoding='UTF-7'?><p/>", "an encoding that is not read"),
        (b"<p>\n<a>&b;</a></p>", "line 2 is not safe, whole XML"),
        (b"<p>\n<a>1</a>\n<a>", "line 3 is not safe, whole XML"),
        (b"<p>\n<a>\xc9</a></p>", "line 2 is not safe, whole XML"),
        (b"<p>" + b"<a>" * 3000, "line 1 is not safe, whole XML"),
        (b"", "not XML"),
        (b"a;b\n", "not XML"),
        (b"<q/>", "its root element is not p"),
        (b"<p><a><b.c>1</b.c><b><c>2</c></b></a></p>", r"two values are b\.c"),
    ],
)
def test_xml_that_is_unsafe_or_cut_is_refused_naming_the_line(
    tmp_path: Path, content: bytes, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read(tmp_path / "x.xml", content, Format("xml", record="p/a"))


def test_xml_in_latin_1_is_read_and_a_file_without_a_record_has_no_row(tmp_path: Path) -> None:
    content = '<?xml version="1.0" encoding="ISO-8859-1"?><p><a><n>É</n></a></p>'.encode("latin-1")

    assert ["É"] == read(tmp_path / "x.xml", content, Format("xml", record="p/a"))["n"].to_list()
    assert 0 == read(tmp_path / "x.xml", b"<p/>", Format("xml", record="p/a")).height


@pytest.mark.parametrize(
    ("told", "key"),
    [
        ({}, "kind"),
        ({"kind": "doc"}, "kind"),
        ({"kind": "csv", "sheet": "x"}, "sheet is not a key of csv"),
        ({"kind": "csv", "encoding": "latin-9"}, "encoding"),
        ({"kind": "csv", "separator": "||"}, "separator"),
        ({"kind": "csv", "separator": '"'}, "quote"),
        ({"kind": "csv", "header": "false"}, "header"),
        ({"kind": "csv", "header": "no"}, "columns"),
        ({"kind": "fixed_width"}, "columns"),
        ({"kind": "fixed_width", "columns": {"a": {"start": "0", "length": "1"}}}, r"columns\.a"),
        ({"kind": "xml"}, "record"),
        ({"kind": "xml", "record": "a/b", "namespaces": "urn:d"}, "namespaces"),
    ],
)
def test_a_wrong_key_of_a_format_is_named(told: dict[str, object], key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"gpi/x: {key}"):
        Format.from_text(told, place="gpi/x")


def test_a_declared_format_is_taken_as_it_is_and_a_name_tells_the_rest() -> None:
    told = Format.from_text({"kind": "csv", "separator": "tab", "quote": "none", "encoding": "latin-1"})

    assert Format("csv", "iso-8859-1", separator="\t", quote="") == told
    assert (
        Format("tsv", separator="\t") == Format.guessed(Path("a.b.TSV")) == Format.from_text({"kind": "tsv"})
    )
    assert "xlsx" == Format.guessed(Path("marks.xlsx")).kind
    with pytest.raises(ConfigurationError, match=r"marks\.docx"):
        Format.guessed(Path("marks.docx"))
