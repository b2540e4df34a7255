"""The way back: nothing is lost but what is declared, and no document is half written.

The proof draws a mapping from everything that the language can do to a cell, declares lossy what the checker
names and nothing else, and compares each other cell with what came back, by a reading of its own.
"""

import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canonical_model.errors import ConfigurationError
from mappings.engine import checker, compiler, loader, reverse, streams
from mappings.engine.functions import FUNCTIONS
from mappings.engine.language import Mapping, Stream
from mappings.engine.result import Mapped
from mappings.engine.reverse import Reversed
from tests.mappings.conftest import DAY, PARENTS, PUPIL, SLOT, Workshop, changed, documents, frame, pupil

_FORM = 'form: test/all\nversion: "1"\nsource: "written for this test"\nlayout: {kind: json}\nfields:\n'
_NUMBER = count()

TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=12)
LETTERS = st.sampled_from(
    ("Roy", " Roy ", "ROY", "Côté", "Co\u0302te\u0301", "O'Neil", "_a", "a_b", "x;y", '"', "\\")
)
DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))
NUMBERS = st.sampled_from(("0", "7", "+7", "-7", "007", "82,5", "82.50", "-0,25", "1000", " 12 ", "4.0"))
WHOLE = st.sampled_from(("0", "7", "+7", "-7", "007", "1000", " 12 ", "4,0"))
SAID = st.sampled_from(("O", "n", " oui ", "NON", "y", "no", "1", "0", "true", "Faux"))

Reading = Callable[[str], object]


@dataclass(frozen=True)
class Piece:
    """Something that a mapping can do. `fields`: ({0} and {1} are the columns) and the type in the form;
    `reads`: how a person compares the cells of its columns.
    """

    fields: tuple[tuple[dict[str, Any], str], ...]
    cells: tuple[st.SearchStrategy[str], ...]
    reads: Reading
    exact: bool


def _one(
    do: list[Any], cells: st.SearchStrategy[str], reads: Reading = str, kind: str = "text", **more: Any
) -> Piece:
    exact = more.pop("exact", True)
    return Piece((({"read": "{0}", **({"do": do} if do else {}), **more}, kind),), (cells,), reads, exact)


def _bare(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())


def _value(text: str) -> Decimal:
    return Decimal(text.strip().replace(",", "."))


def _said(text: str) -> bool:
    return text.strip().lower() in {"o", "oui", "y", "yes", "1", "true", "vrai"}


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _iso(text: str) -> date:
    return date.fromisoformat(text.strip()[:10])


def _clock(text: str) -> int:
    return int(text)


def _minute(text: str) -> datetime:
    return datetime.fromisoformat(text)


WORDS = LETTERS | TEXT
CODES = st.sampled_from(("A", "B", "C", "X", "Y"))
PIECES = {
    "rename": _one([], WORDS),
    "trim": _one(["trim", "nfc"], WORDS, _bare),
    "upper": _one(["upper"], WORDS, exact=False),
    "lower": _one(["lower"], WORDS, exact=False),
    "before_underscore": _one(["before_underscore"], WORDS, exact=False),
    "remove": _one([{"remove": "-"}], WORDS, exact=False),
    "pad_left": _one([{"pad_left": ["9", "0"]}], WORDS, exact=False),
    "digits": _one([{"digits": "7"}], st.sampled_from(("1", "0012", " 1234567 ")), int),
    "split": _one([{"split": ","}], st.sampled_from(("a", "a,b", " a , ,b,")), _parts, "list"),
    "date_iso": _one(["date_iso"], DAYS.map(lambda day: f"{day} 00:00"), _iso, "date"),
    "date_yyyymmdd": _one(["date_yyyymmdd"], DAYS.map(lambda day: f"{day:%Y%m%d}"), str, "date"),
    "date": _one([{"date": "dd/mm/yyyy"}], DAYS.map(lambda day: f"{day:%d/%m/%Y}"), str, "date"),
    "write_date": _one(["date_iso", {"write_date": "mm/dd/yyyy"}], DAYS.map(str), str),
    "decimal": _one(["decimal"], NUMBERS, _value, "decimal"),
    "number": _one(["number"], NUMBERS, _value, "number"),
    "integer": _one(["integer"], WHOLE, _value, "integer"),
    "yes_no": _one(["yes_no"], SAID, _said, "boolean"),
    "no_yes": _one(["no_yes"], SAID, _said, "boolean"),
    "starts_with_letter": _one(["starts_with_letter"], WORDS, kind="boolean", exact=False),
    "append": _one([{"append": ";x"}], WORDS),
    "prepend": _one([{"prepend": "x;"}], WORDS),
    "at_least": _one([{"at_least": ["60", "passed", "failed"]}], NUMBERS | LETTERS, exact=False),
    "year_of": _one(["date_iso", {"year_of": "7"}], DAYS.map(str), exact=False),
    "becomes": _one([{"becomes": "mail"}], WORDS, exact=False),
    "time_hhmm": _one(["time_hhmm"], st.sampled_from(("815", "0815", "2359", "000")), _clock),
    "strip": _one([{"strip": "."}], st.sampled_from(("1.", "1", ".a.")), exact=False),
    "next_day": _one(["date_iso", "next_day"], DAYS.map(str), str, "date"),
    "previous_day": _one(["date_iso", "previous_day"], DAYS.map(str), str, "date"),
    "starting_year": _one(
        ["starting_year"], st.sampled_from(("2025-2026", "1999/2000")), kind="integer", exact=False
    ),
    "both_years": _one([{"both_years": "-"}], st.sampled_from(("2025", " 1999 ")), str.strip),
    "moment": _one(
        [{"moment": "America/Toronto"}], st.sampled_from(("2025-06-01T10:15:00.5", "2025-12-01T10:15:00")), _minute,
        exact=False,
    ),
    "one code each": _one([], st.sampled_from(("a", "b")), code_map="each"),
    "one code for two": _one([], st.sampled_from(("a", "b", "c")), code_map="several", exact=False),
    "kept codes": _one([], CODES, code_map="kept"),
    "kept codes that look like others": _one([], CODES, code_map="alike", exact=False),
    "default code": _one([], CODES, code_map="usual", exact=False),
    "default": _one([], WORDS, default="Roy", exact=False),
    "when alone": _one([], NUMBERS | LETTERS, when={"is": "numeric"}, exact=False),
    "when in two": Piece(
        (
            ({"read": "{0}", "when": {"is": "numeric"}, "do": ["decimal"]}, "decimal"),
            ({"read": "{0}", "when": {"not": {"is": "numeric"}}}, "text"),
        ),
        (NUMBERS | LETTERS,),
        lambda text: _value(text) if text.strip().strip("+-")[:1].isdigit() else text,
        exact=True,
    ),
    "upper and as it is": Piece(
        (({"read": "{0}", "do": ["upper"]}, "text"), ({"read": "{0}"}, "text")), (WORDS,), str, exact=True
    ),
    "between": Piece(
        (({"read": ["{0}", "{1}"], "between": "-"}, "text"),), (WORDS, WORDS), str, exact=True
    ),
    "between, spaces taken away": Piece(
        (({"read": ["{0}", "{1}"], "between": " ", "do": ["trim"]}, "text"),), (LETTERS, LETTERS), str, exact=False
    ),
    "between, two signs": Piece(
        (({"read": ["{0}", "{1}"], "between": "--"}, "text"),), (LETTERS, LETTERS), str, exact=False
    ),
    "first": Piece((({"read": ["{0}", "{1}"], "first": "filled"}, "text"),), (WORDS, WORDS), str, exact=False),
    "percent": Piece((({"read": ["{0}", "{1}"], "compute": "percent"}, "text"),), (WHOLE, WHOLE), str, exact=False),
    "flags": Piece(
        (({"read": ["{0}", "{1}"], "between": "|", "do": [{"flags": "mail,bus"}]}, "list"),), (SAID, SAID), _said,
        exact=False,
    ),
    "address_lines": Piece(
        (({"read": ["{0}", "{1}"], "between": "|", "do": ["address_lines"]}, "list"),), (LETTERS, LETTERS), str,
        exact=False,
    ),
}  # fmt: skip
MAPS: tuple[dict[str, Any], ...] = (
    {"code_map": "each", "to": "text", "codes": {"a": "1", "b": "2"}},
    {"code_map": "several", "to": "text", "codes": {"a": "1", "b": "1", "c": "2"}},
    {"code_map": "kept", "to": "text", "unmapped": "keep-source", "codes": {"A": "B", "B": "A"}},
    {"code_map": "alike", "to": "text", "unmapped": "keep-source", "codes": {"A": "X"}},
    {"code_map": "usual", "to": "text", "unmapped": "default", "default": "9", "codes": {"A": "1", "B": "9"}},
)


@dataclass(frozen=True)
class Drawn:
    """A mapping made of pieces, and for each column what reads it."""

    workshop: Workshop
    data: dict[str, Any]
    pieces: tuple[tuple[str, Piece], ...]

    def columns(self) -> list[tuple[str, str, Piece, st.SearchStrategy[str]]]:
        """(column, name of the piece, piece, cells) of each column but the key."""
        return [
            (f"c{at}_{n}", name, piece, cells)
            for at, (name, piece) in enumerate(self.pieces)
            for n, cells in enumerate(piece.cells)
        ]

    def mapping(self, lossy: dict[str, str]) -> Mapping:
        """With these columns declared lossy. Its version is new: forms and mappings are remembered by path."""
        self.workshop.text("forms/all.v1.yaml", self.data["form"])
        said: Any = {"lossy": lossy} if lossy else "yes"
        return self.workshop.mapping({**self.data["mapping"], "reverse": said})


def _drawn(folder: Path, names: tuple[str, ...]) -> Drawn:
    workshop = Workshop(folder / str(next(_NUMBER)))
    (workshop.root / "test" / "forms").mkdir()
    fields: dict[str, Any] = {"k": {"read": "k"}}
    lines, columns = ["  k: {type: text}"], ["k"]
    for at, name in enumerate(names):
        piece = PIECES[name]
        mine = [f"c{at}_{n}" for n in range(len(piece.cells))]
        columns += mine
        for number, (field, kind) in enumerate(piece.fields):
            text = json.dumps(field)
            for n, column in enumerate(mine):
                text = text.replace(f"{{{n}}}", column)
            fields[f"f{at}_{number}"] = json.loads(text)
            shape = "type: text, list: yes" if kind == "list" else f"type: {kind}"
            lines.append(f"  f{at}_{number}: {{{shape}}}")
    for held in MAPS:
        workshop.codes(held)
    mapping = {
        "mapping": "test/all", "version": "1", "to": {"form": "all"}, "from": "rows", "key": ["k"],
        "streams": {"rows": {"columns": columns, "unknown_columns": "freeze"}}, "fields": fields,
    }  # fmt: skip
    data = {"form": _FORM + "\n".join(lines) + "\n", "mapping": mapping}
    return Drawn(workshop, data, tuple((name, PIECES[name]) for name in names))


def _mapped(mapping: Mapping, rows: pl.DataFrame) -> Mapped:
    return compiler.run(mapping, {mapping.stream: rows}, system="test@762000", organization="762000", day=DAY)


def _back(mapping: Mapping, mapped: Mapped) -> Reversed:
    return reverse.run(mapping, mapped.documents["document"].to_list(), organization="762000", day=DAY)


NO_WAY = {"starts_with_letter", "address_lines", "percent"}  # nothing is written of what these read


def _without(text: str, gone: set[str]) -> dict[str, Any]:
    return {name: value for name, value in json.loads(text).items() if name not in gone}


def _blank(text: str | None) -> bool:
    return text is None or not text.strip()


@pytest.mark.parametrize("name", sorted(PIECES))
@settings(max_examples=6, deadline=None, suppress_health_check=tuple(HealthCheck))
@given(data=st.data())
def test_nothing_is_lost_but_what_the_checker_asks_to_declare(
    data: st.DataObject, tmp_path: Path, name: str
) -> None:
    names = (name, *data.draw(st.lists(st.sampled_from(sorted(PIECES)), max_size=3)))
    drawn = _drawn(tmp_path, names)
    told = {found.english.partition(" ")[0] for found in checker.check(drawn.mapping({}))}
    mapping = drawn.mapping(dict.fromkeys(sorted(told), "as the checker says"))
    rows: list[dict[str, str | None]] = [
        {
            "k": str(number),
            **{column: data.draw(st.none() | cells) for column, _, _, cells in drawn.columns()},
        }
        for number in range(data.draw(st.integers(1, 4)))
    ]

    mapped = _mapped(mapping, frame(*rows))
    back = _back(mapping, mapped)

    assert () == checker.check(mapping)
    assert told == {column for column, _, piece, _ in drawn.columns() if not piece.exact}
    refused = {number - 1 for number in back.rejects["number"]}
    keys = [document["k"] for document in documents(mapped)]
    for number in refused:  # parts that hold the sign between them are refused, never cut elsewhere
        row = rows[int(keys[number])]
        assert any("-" in (row[column] or "") for column, name, _, _ in drawn.columns() if name == "between")
    assert back.rows.height + len(refused) == mapped.documents.height
    returned = {row["k"]: row for row in back.rows.iter_rows(named=True)}
    for number, key in enumerate(keys):
        for column, _, piece, _ in drawn.columns() if number not in refused else ():
            before, after = rows[int(key)][column], returned[key][column]
            if column not in told:
                assert _blank(before) == _blank(after), column
                assert _blank(before) or piece.reads(before or "") == piece.reads(after or ""), column

    if back.rows.height:
        again = _mapped(mapping, back.rows)
        kept = [text for number, text in enumerate(mapped.documents["document"]) if number not in refused]
        gone = {f"f{at}_0" for at, (name, _) in enumerate(drawn.pieces) if name in NO_WAY}
        assert [_without(text, gone) for text in kept] == [
            _without(t, gone) for t in again.documents["document"]
        ]
        assert back.rows.equals(_back(mapping, again).rows)


CANONICAL: dict[str, tuple[str, ...]] = {
    "rename": (" Roy ", "É"), "trim": ("Roy", "Côté"), "digits": ("0001234",), "split": ("a", "a,b"),
    "date_iso": ("2025-09-30",), "date_yyyymmdd": ("20250930",), "date": ("30/09/2025",),
    "write_date": ("2025-09-30",), "decimal": ("82.50", "-7", "0"), "number": ("82.5", "-7", "0"),
    "integer": ("7", "-7", "0"), "yes_no": ("O", "N"), "no_yes": ("O", "N"), "append": ("Roy", " a"),
    "time_hhmm": ("0815", "0000"), "next_day": ("2024-02-29", "2025-12-31"), "one code each": ("a", "b"),
    "kept codes": ("A", "B", "C"), "when in two": ("82.5", "ABS"), "upper and as it is": ("Roy", "ROY"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(CANONICAL))
def test_a_cell_in_canonical_spelling_comes_back_letter_for_letter(name: str, tmp_path: Path) -> None:
    mapping = _drawn(tmp_path, (name,)).mapping({})
    cells: list[dict[str, str | None]] = [
        {"k": str(number), "c0_0": cell} for number, cell in enumerate(CANONICAL[name])
    ]
    rows = frame(*cells)

    back = _back(mapping, _mapped(mapping, rows))

    assert rows.rows() == back.rows.rows()
    assert 0 == back.rejects.height


def test_every_function_is_in_the_proof_and_says_whether_it_is_exact() -> None:
    used: dict[str, list[bool]] = {}
    for piece in PIECES.values():
        for field, _ in piece.fields:
            for call in field.get("do", ()):
                used.setdefault(call if isinstance(call, str) else next(iter(call)), []).append(piece.exact)

    assert set(FUNCTIONS) == set(used)
    for name, function in FUNCTIONS.items():
        assert function.exact == any(used[name]) or name == "upper", name
        assert function.inverse or not function.exact, name


def test_a_lossy_column_is_written_as_far_as_it_is_known(workshop: Workshop) -> None:
    capitals = changed(
        PUPIL, fields__family_name__do=["upper"], reverse={"lossy": {"name": "small letters become capitals"}}
    )
    mapping = workshop.mapping(capitals)
    mapped = workshop.run(capitals, pupil(id="0000012"))

    back = _back(mapping, mapped)

    assert [("0000012", "ROY", "Zoé", "2010-05-06", "F")] == back.rows.rows()
    assert (
        mapped.documents["document"].to_list() == _mapped(mapping, back.rows).documents["document"].to_list()
    )


def test_a_document_that_the_mapping_cannot_have_made_is_refused_with_its_place(workshop: Workshop) -> None:
    mapping = workshop.mapping(
        changed(PUPIL, reverse="yes", where=[{"read": "name", "not": {"equals": "Roy"}}])
    )
    base: dict[str, Any] = {
        "subject": [{"system": "fiche:762000", "value": "0000012"}], "organization": "762000",
        "family_name": "Caron", "given_name": "Zoé", "birth_date": "2010-05-06",
        "sex": {"system": "sex", "version": "2024-07-01", "code": "F"},
    }  # fmt: skip
    subjects = [[{**base["subject"][0], "value": f"00000{number}"}] for number in range(20, 28)]
    changes: list[dict[str, Any]] = [
        {},
        {"subject": [{"system": "fiche:711000", "value": "0000013"}]},
        {"subject": [{"system": "fiche:762000", "value": "12"}]},
        {"subject": [*subjects[3], {"system": "code-permanent", "value": "CARZ55551001"}]},
        {"sex": {"system": "sex", "version": "2024-07-01", "code": "X"}},
        {"family_name": "Roy"},
        {"given_name": None},
        {"family_name": "C\x01"},
    ]
    made = [{**base, "subject": subjects[number], **change} for number, change in enumerate(changes)]
    texts = [{name: value for name, value in text.items() if value is not None} for text in made]

    back = reverse.run(mapping, [json.dumps(text) for text in texts], organization="762000", day=DAY)

    assert [
        (2, "subject.0.system", "constant-differs"),
        (3, "subject.0.value", "no-way-back"),
        (4, "subject.1", "no-way-back"),
        (5, "sex", "no-way-back"),
        (6, "(record)", "left-out"),
        (7, "given_name", "missing"),
        (8, "(record)", "control-character"),
    ] == back.rejects.rows()
    assert ["0000020"] == back.rows["id"].to_list()
    assert (0, *[None] * 7) == back.row_of


def test_records_of_one_key_are_one_row_or_none(workshop: Workshop) -> None:
    workshop.codes(SLOT)
    wide = changed(PARENTS, reverse="yes")
    mapping = workshop.mapping(wide)
    rows: list[dict[str, str | None]] = [
        {"id": "0000001", "dad": "Roy", "dad_first": "Luc", "mum": "Ng", "mum_first": "An"},
        {"id": "0000002", "dad": None, "dad_first": None, "mum": "Ng", "mum_first": "An"},
    ]
    mapped = workshop.run(wide, *rows)
    texts = mapped.documents["document"].to_list()

    assert frame(*rows).rows() == _back(mapping, mapped).rows.rows()

    spoilt = reverse.run(mapping, [*texts, texts[0]], organization="762000", day=DAY)
    assert ["0000002"] == spoilt.rows["id"].to_list()
    assert ["row-not-whole", "row-not-whole", "records-disagree"] == spoilt.rejects["rule"].to_list()


def test_a_mapping_that_does_not_say_reverse_is_not_reversed(workshop: Workshop) -> None:
    for data in (PUPIL, changed(PUPIL, reverse="no")):
        with pytest.raises(ConfigurationError, match="not reversible"):
            reverse.run(workshop.mapping(data), [], organization="762000", day=DAY)


_REVERSIBLE = [i for i in loader.ids() if (held := loader.load(i).reversal) is not None and held.reversible]


def _sample(mapping: Mapping, stream: Stream) -> pl.DataFrame:
    folder = loader.ROOT / mapping.system / "samples"
    if stream.resource:
        return pl.DataFrame({"document": (folder / f"{stream.name}.jsonl").read_text("utf-8").splitlines()})
    return pl.read_csv(folder / f"{stream.name}.csv", infer_schema=False).rename(str.lower)


@pytest.mark.parametrize("identifier", _REVERSIBLE)
def test_what_the_samples_give_comes_back_equal_to_its_source(identifier: str) -> None:
    mapping = loader.load(identifier)
    frames = {stream.name: _sample(mapping, stream) for stream in mapping.streams}
    mapped = compiler.run(mapping, frames, system="test@762000", organization="762000", day=DAY)
    main = streams.admitted(mapping, mapping.stream, frames[mapping.stream], system="test@762000")

    back = _back(mapping, mapped)

    assert (0, mapped.documents.height) == (back.rejects.height, len(back.row_of))
    assert mapped.documents.height
    lossy = dict(mapping.reversal.lossy) if mapping.reversal else {}
    read = [column for column in main.columns if column in back.rows.columns and column not in lossy]
    used = main.filter(pl.col("_row").is_in(mapped.documents["row"].to_list())).select(read)
    clean = pl.all().str.strip_chars().str.strip_chars_start("0")  # a number may come back filled with zeros
    assert used.select(clean).rows() == back.rows.select(read).select(clean).rows()
