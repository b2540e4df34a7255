"""Documents as partners' files: what is written is read back equal, and what does not fit is refused by name."""

import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canonical_model.errors import ConfigurationError, RecordError
from connectors.kit.formats import Layout, Place, open_batches, write, writer_of

NAMES = ("a", "b", "c")
COLUMNS = tuple(map(Place, NAMES))
ENCODINGS = st.sampled_from(["utf-8", "utf-16", "iso-8859-1"])
SIGNS = st.characters(codec="iso-8859-1", exclude_categories=["Cc"])
ANY_TEXT = st.text(st.one_of(SIGNS, st.sampled_from(';"\t\n')), max_size=8)
ROWS = st.lists(st.fixed_dictionaries({name: st.none() | ANY_TEXT for name in NAMES}), max_size=20)
TEXT = st.text(st.one_of(SIGNS, st.sampled_from("<&>\"'\n\r")), max_size=8)
LEAF = st.one_of(st.none(), TEXT)
DEEP = st.recursive(
    LEAF,
    lambda inner: st.dictionaries(st.sampled_from(["n:x", "y", "n:z.1"]), inner, max_size=3),
    max_leaves=6,
)
XML = Layout(
    "xml", root="n:all", record="one", namespaces=(("n", "urn:n"),), attributes=(("version", 'a"<'),)
)  # fmt: skip
property_of_files = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def written(documents: list[dict[str, Any]], layout: Layout) -> bytes:
    file = io.BytesIO()
    assert len(documents) == write(map(json.dumps, documents), layout, file)
    return file.getvalue()


def read_back(path: Path, documents: list[dict[str, Any]], layout: Layout) -> list[dict[str, str | None]]:
    path.write_bytes(written(documents, layout))
    found = pl.concat(open_batches(path, layout.read_as))
    assert found["_fault"].is_null().all()
    return found.drop("_row", "_fault").to_dicts()


def filled(documents: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{name: value for name, value in document.items() if value} for document in documents]


@property_of_files
@given(ROWS, ENCODINGS, st.sampled_from([";", "\t"]), st.sampled_from(["crlf", "lf"]))
def test_what_is_written_as_csv_is_read_back(
    tmp_path: Path, rows: list[dict[str, Any]], encoding: Any, separator: str, line_end: Any
) -> None:
    for header in (True, False) if rows else (True,):
        layout = Layout("csv", encoding, separator, header=header, line_end=line_end, places=COLUMNS)
        assert filled(rows) == filled(read_back(tmp_path / "x", rows, layout))


@property_of_files
@given(st.lists(st.none() | ANY_TEXT, max_size=8))
def test_a_single_column_is_read_back_though_it_is_blank(tmp_path: Path, values: list[str | None]) -> None:
    layout = Layout("csv", separator=";", places=(Place("a"),))
    rows = [{"a": value} for value in values]

    assert filled(rows) == filled(read_back(tmp_path / "x", rows, layout))


@property_of_files
@given(
    st.lists(
        st.fixed_dictionaries(
            {name: st.text(SIGNS, max_size=5).map(lambda text: text.strip(" ")) for name in NAMES}
        ),
        max_size=20,
    ),
    ENCODINGS,
    st.sampled_from(["left", "right"]),
)
def test_what_is_written_at_fixed_places_is_read_back(
    tmp_path: Path, rows: list[dict[str, Any]], encoding: Any, align: Any
) -> None:
    places = tuple(Place(name, 5 + at, align) for at, name in enumerate(NAMES))

    assert filled(rows) == filled(
        read_back(tmp_path / "x", rows, Layout("fixed_width", encoding, places=places))
    )


def flat(document: dict[str, Any], above: str = "") -> dict[str, str]:
    """A document as the XML reader names its columns."""
    found: dict[str, str] = {}
    for name, value in document.items():
        place = above + name.partition(":")[2] if name.startswith("n:") else above + name
        if isinstance(value, dict):
            found |= flat(value, f"{place}.")
        elif value:
            found[place] = value
    return found


@property_of_files
@given(
    st.lists(st.dictionaries(st.sampled_from(["n:a", "b", "@c", "@n:d"]), DEEP, max_size=4), max_size=8),
    st.sampled_from(["utf-8", "iso-8859-1"]),
)
def test_what_is_written_as_xml_is_read_back(
    tmp_path: Path, documents: list[dict[str, Any]], encoding: Any
) -> None:
    documents = [
        {name: value for name, value in document.items() if not (name[0] == "@" and isinstance(value, dict))}
        for document in documents
    ]
    expected = [
        {name.replace("@n:", "@"): value for name, value in flat(document).items()} for document in documents
    ]
    layout = Layout("xml", encoding, root=XML.root, record="one", namespaces=XML.namespaces)

    assert expected == filled(read_back(tmp_path / "x", documents, layout))


def test_xml_follows_the_document_s_own_order() -> None:
    document = {"n:b": {"@id": 1, "#text": "é<"}, "a": [{"c": True}, 1.10, None], "empty": {}, "none": None}
    text = written([document], XML).decode()

    assert (
        '<?xml version="1.0" encoding="UTF-8"?>\n<n:all xmlns:n="urn:n" version=\'a"&lt;\'>\n'
        '<one><n:b id="1">é&lt;</n:b><a><c>true</c></a><a>1.1</a><empty/></one>\n</n:all>\n'
    ) == text
    alone = Layout("xml", record="n:one", namespaces=(("n", "urn:n"),))
    assert b'<n:one xmlns:n="urn:n"><a>1</a></n:one>' in written([{"a": "1"}], alone)
    with pytest.raises(RecordError, match="a second root"):
        written([{"a": "1"}] * 2, alone)


def test_numbers_keep_their_text_and_a_filler_is_written() -> None:
    layout = Layout("fixed_width", places=(Place("fiche", 7, "right", "0"), Place("note", 6)))

    assert b"000001282.50 \r\n       \xc3\xa9     \r\n" == b"".join(
        writer_of(layout).record(text) for text in ('{"fiche": 12, "note": 82.50}', '{"note": "é"}')
    )
    assert b'{"a": 1.50}\n' == writer_of(Layout("json")).record('{"a": 1.50}')
    assert b'{"a": 1.50}\n' == writer_of(Layout("json")).record('{"a":\n1.50}')


@pytest.mark.parametrize(
    ("layout", "document", "column"),
    [
        (Layout("csv", "cp850", places=(Place("a"), Place("nom"))), {"nom": "secret—"}, "nom"),
        (Layout("csv", places=(Place("nom"),)), {"nom": "secret", "autre": "secret"}, "autre"),
        (Layout("csv", places=(Place("nom"),)), {"nom": ["secret"]}, "nom"),
        (Layout("csv", places=(Place("nom"),)), {"nom": "secret\r"}, "nom"),
        (Layout("csv", quote="", places=(Place("nom"),)), {"nom": "secret,"}, "nom"),
        (Layout("fixed_width", places=(Place("nom", 5),)), {"nom": "secret"}, "nom"),
        (Layout("fixed_width", places=(Place("nom", 9),)), {"nom": "secret\n"}, "nom"),
        (XML, {"nom": "secret\x01"}, "nom"),
        (XML, {"nom": {"@x": ["secret"]}}, r"nom\.@x"),
        (XML, {"nom": [["secret"]]}, "nom"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_column_and_the_next_record_is_written(
    layout: Layout, document: dict[str, Any], column: str
) -> None:
    writer = writer_of(layout)

    with pytest.raises(RecordError, match=f"^{layout.kind}, {column}: ") as caught:
        writer.record(json.dumps(document))

    assert "secret" not in caught.value.english + caught.value.french
    assert b"ok" in writer.record('{"nom": "ok"}')


@pytest.mark.parametrize(
    ("told", "fields", "key"),
    [
        ({}, {}, "kind"),
        ({"kind": "csv", "root": "x"}, {"a": {}}, "root is not a key of csv"),
        ({"kind": "csv"}, {}, "fields"),
        ({"kind": "csv", "line_end": "cr"}, {"a": {}}, "line_end"),
        ({"kind": "fixed_width"}, {"a": {}}, "width"),
        ({"kind": "fixed_width"}, {"a": {"width": "x"}}, r"fields\.a\.width"),
        ({"kind": "fixed_width"}, {"a": {"width": "1", "align": "middle"}}, r"fields\.a\.align"),
        ({"kind": "fixed_width"}, {"a": {"width": "1", "filler": "00"}}, r"fields\.a\.filler"),
        ({"kind": "xml"}, {}, "record"),
        ({"kind": "xml", "record": "n:a"}, {}, "n:a"),
        ({"kind": "xml", "record": "a b"}, {}, "record"),
    ],
)
def test_a_wrong_key_of_a_layout_is_named(told: dict[str, Any], fields: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"sram/x: {key}"):
        Layout.from_text(told, fields, place="sram/x")


def test_a_layout_is_what_its_texts_say_and_an_undeclared_prefix_stops() -> None:
    told = {"kind": "fixed_width", "encoding": "cp850", "line_end": "lf"}
    fields = {"fiche": {"type": "text", "width": "7", "align": "right", "filler": "0"}, "nom": {"width": "3"}}

    assert Layout(
        "fixed_width", "cp850", line_end="lf", places=(Place("fiche", 7, "right", "0"), Place("nom", 3))
    ) == Layout.from_text(told, fields)
    assert "\t" == Layout.from_text({"kind": "tsv"}, {"a": {}}).separator
    with pytest.raises(ConfigurationError, match="q:x"):
        writer_of(XML).record('{"q:x": "1"}')
