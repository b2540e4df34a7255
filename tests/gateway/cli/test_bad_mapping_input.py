"""Bad input through `mapping run`: good records go on, bad ones are placed, what cannot be read stops whole."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.gateway.cli.conftest import Call
from tests.gateway.cli.mapping_trials import DAY, as_csv, file_of, lines, pupil, pupils, run, started

SAMPLES = REPOSITORY / "mappings"
MEGABYTE = 1_000_000
PEAK = 500  # megabytes; an empty run needs some 170

Change = Callable[[list[bytes]], None]


def put(row: int, old: bytes, new: bytes) -> Change:
    """Changes the line of that number, 1 being the header."""

    def change(held: list[bytes]) -> None:
        assert old in held[row - 1]
        held[row - 1] = held[row - 1].replace(old, new, 1)

    return change


@pytest.mark.parametrize(
    ("change", "placed"),
    [
        (put(6, b"Vauxcourt5", b"Vauxcourt\xe9"), (6, "nom", "not-utf-8")),
        (put(6, b"Vauxcourt5", b"Vaux\x00court"), (6, "nom", "nul-byte")),
        (put(6, b"Vauxcourt5", b"Vaux\x07court"), (6, "nom", "control-character")),
        (put(6, b",Qwendoline", b""), (6, None, "ragged-row")),
        (put(6, b"Vauxcourt5", b"Vauxcourt5,de"), (6, None, "ragged-row")),
        (put(6, b"Vauxcourt5", b"Vauxcourt\xe9,de"), (6, None, "not-utf-8")),
        (put(6, b"Vauxcourt5", b'"Vauxcourt5'), (6, None, "unclosed-quote")),
        (put(6, b"Vauxcourt5", b'"Vaux"court'), (6, None, "ragged-row")),
        (put(6, b"4400005", b""), (6, "fiche", "blank-key")),
        (put(6, b"2010-05-06", b"31/02/2010"), (6, "date_naiss", "not-a-date")),
        (put(6, b"2010-05-06", b"2010-02-31"), (6, "date_naiss", "not-a-date")),
        (put(6, b",F,", b",Q,"), (6, "sexe", "unmapped-code")),
    ],
)
def test_a_bad_row_in_the_middle_is_placed_and_the_others_go_on(
    call: Call, tmp_path: Path, change: Change, placed: tuple[int, str | None, str]
) -> None:
    held = as_csv(pupils())
    change(held)
    found = run(call, tmp_path, "--input", file_of(tmp_path / "eleves.csv", held))

    assert ([placed], 9, 10) == (found.placed, len(found.documents), found.answer.document["rows"])
    assert found.rejects[0]["source"]["file"] == "eleves.csv"


def test_every_row_after_a_record_of_several_lines_keeps_the_number_of_its_line(
    call: Call, tmp_path: Path
) -> None:
    held = as_csv(pupils(4))
    put(2, b"Vauxcourt1", b'"Vaux\ncourt"')(held)
    put(5, b"2010-05-06", b"demain")(held)
    found = run(call, tmp_path, "--input", file_of(tmp_path / "eleves.csv", held))

    assert ([(6, "date_naiss", "not-a-date")], 3) == (found.placed, len(found.documents))


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"fihce", ("la colonne fiche manque", "fihce")),
        (b"code_perm", ("portent le même nom",)),
        (b"fiche,autre", ("la colonne autre n'est pas déclarée",)),
    ],
)
def test_a_wrong_header_stops_the_run_and_the_near_name_is_proposed_never_taken(
    call: Call, tmp_path: Path, header: bytes, said: tuple[str, ...]
) -> None:
    held = as_csv(pupils())
    put(1, b"fiche", header)(held)
    held[1:] = [line + b"," * header.count(b",") for line in held[1:]]
    found = run(call, tmp_path, "--input", file_of(tmp_path / "eleves.csv", held))

    assert 2 == found.answer.code
    for words in said:
        assert words in found.answer.err


def test_a_file_without_its_header_shows_no_value_of_its_first_row(call: Call, tmp_path: Path) -> None:
    twins = as_csv([pupil(1, nom_pere="Vauxcourt1")])[1:]

    assert 2 == run(call, tmp_path, "--input", file_of(tmp_path / "eleves.csv", twins)).answer.code


def test_the_case_of_a_column_name_does_not_count(call: Call, tmp_path: Path) -> None:
    held = as_csv(pupils())
    plain = run(call, tmp_path, "--input", file_of(tmp_path / "a.csv", held)).documents
    held[0] = held[0].replace(b"fiche", b"Fiche").replace(b"date_naiss", b"DATE_NAISS")

    assert plain == run(call, tmp_path, "--input", file_of(tmp_path / "b.csv", held)).documents
    assert 10 == len(plain)


@pytest.mark.parametrize("name", ["vide.csv", "vide.jsonl", "vide.parquet", "vide.xlsx", "vide.csv.zip"])
def test_an_empty_file_stops_the_run_and_is_named(call: Call, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.touch()
    found = run(call, tmp_path, "--input", path)

    assert 2 == found.answer.code
    assert name in found.answer.err


def test_a_header_alone_is_a_file_of_no_rows(call: Call, tmp_path: Path) -> None:
    found = run(call, tmp_path, "--input", file_of(tmp_path / "eleves.csv", as_csv(pupils())[:1]))

    assert (0, 0, []) == (found.answer.code, found.answer.document["rows"], found.documents)


def test_two_rows_of_one_key_are_both_refused_and_no_third(call: Call, tmp_path: Path) -> None:
    rows = [*pupils(), pupil(11, fiche=" 4400003 ")]
    found = run(call, tmp_path, "--input", file_of(tmp_path / "eleves.csv", as_csv(rows)))

    assert [(4, "org, fiche", "duplicate-key"), (12, "org, fiche", "duplicate-key")] == found.placed
    assert 9 == len(found.documents)


def test_a_join_never_multiplies_rows(call: Call, tmp_path: Path) -> None:
    samples = SAMPLES / "gpi" / "samples"
    schools = (samples / "gpm_t_eco.csv").read_bytes().splitlines()
    head = (samples / "gpm_e_dan.csv").read_bytes().splitlines()[0]
    ours = [
        head,
        b"4400001,4110,A,4,2,3,5,501,2025-08-28,,",
        b"4400002,4010,A,1,,,,M41,2025-08-28,,",
    ]
    again = next(line for line in schools if line.startswith(b"4110"))

    def outcome(*more: bytes) -> tuple[list[tuple[int, str | None, str]], int]:
        tables = file_of(tmp_path / "ecoles.csv", [*schools, *more])
        found = run(
            call, tmp_path, "--input", file_of(tmp_path / "dan.csv", ours), "--input", f"gpm_t_eco={tables}",
            mapping="gpi/enrolment@1",
        )  # fmt: skip
        return found.placed, len(found.documents)

    assert ([], 2) == outcome(again)
    assert ([(2, "id_eco", "ambiguous-match")], 1) == outcome(again.replace(b"762110", b"762999"))


def test_an_empty_text_is_an_open_end_in_jade(call: Call, tmp_path: Path) -> None:
    samples = SAMPLES / "jade" / "samples"
    head = (samples / "e_freq.csv").read_bytes().splitlines()[0]
    rows = [
        b"0001001,2025,1,20250828,%b,,762000,110,001,,FIN,,01" % end
        for end in (b'""', b"", b"0", b"20260123", b"20260231")
    ]
    held = [head, *(row.replace(b"2025,1", b"2025,%d" % at) for at, row in enumerate(rows, start=1))]
    found = run(
        call, tmp_path, "--input", file_of(tmp_path / "e_freq.csv", held),
        "--input", f"t_ecocen={samples / 't_ecocen.csv'}", mapping="jade/frequentation@1",
    )  # fmt: skip

    assert [None, None, None, "2026-01-24"] == [item["period"].get("end") for item in found.documents]
    assert [(6, "datefin", "not-a-date")] == found.placed


def test_a_mark_with_a_comma_is_a_number_and_one_with_two_is_not(call: Call, tmp_path: Path) -> None:
    samples = SAMPLES / "gpi" / "samples"
    head = (samples / "gpm_e_mat_ele.csv").read_text("utf-8").splitlines()[0]
    rows = [
        ";".join([str(at), "1001", "4110", "132506", "51", "1", "", mark, *[""] * 29])
        for at, mark in enumerate(("82,5", "82.5", "8,2,5"), start=1)
    ]
    path = file_of(tmp_path / "notes.csv", [head.replace(",", ";").encode(), *map(str.encode, rows)])
    found = run(
        call, tmp_path, "--input", path, "--input", f"gpm_t_eco={samples / 'gpm_t_eco.csv'}",
        "--input", f"gpm_t_mat={samples / 'gpm_t_mat.csv'}", mapping="gpi/course_result@1",
    )  # fmt: skip

    assert ["82.5", "82.5"] == [item["mark"]["number"] for item in found.documents]
    assert [(4, "res_etape_01")] == [item[:2] for item in found.placed]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_line_of_200_megabytes_is_one_reject_in_bounded_memory(tmp_path: Path, kind: str) -> None:
    import orjson  # noqa: PLC0415 - of one case

    first, last = (as_csv(pupils(2))[1:]) if kind == "csv" else [orjson.dumps(row) for row in pupils(2)]
    path = tmp_path / f"eleves.{kind}"
    with path.open("wb") as file:
        file.write((as_csv(pupils(1))[0] + b"\n" if kind == "csv" else b"") + first + b"\n")
        for _ in range(200):
            file.write(b"x" * MEGABYTE)
        file.write(b"\n" + last + b"\n")
    rejects = tmp_path / "rejects.jsonl"
    process = started(
        ("mapping", "run", "gpi/student@1", "--input", path, "--output", tmp_path / "o.jsonl", "--rejects",
         rejects, *DAY), tmp_path,
    )  # fmt: skip
    _, told = process.communicate(timeout=120)
    row = 3 if kind == "csv" else 2

    assert (1, 2) == (process.returncode, len(lines(tmp_path / "o.jsonl")))
    assert [(row, "line-too-long")] == [(item["source"]["row"], item["rule"]) for item in lines(rejects)]
    assert PEAK > int(told.split("peak")[1])


@pytest.mark.parametrize("kind", ["zip", "xlsx"])
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"eleves.{kind}"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed,
        packed.open("eleves.csv" if kind == "zip" else "xl/worksheets/sheet1.xml", "w") as file,
    ):
        for _ in range(300):
            file.write(b" " * MEGABYTE)
    if kind == "zip":
        path = path.rename(tmp_path / "eleves.csv.zip")
    process = started(
        ("mapping", "run", "gpi/student@1", "--input", path, "--output", tmp_path / "o.jsonl"), tmp_path
    )
    _, told = process.communicate(timeout=60)

    assert 2 == process.returncode
    assert "se décompresse en beaucoup trop" in told
    assert PEAK > int(told.split("peak")[1])
    assert [path.name] == [item.name for item in tmp_path.iterdir()]


@pytest.mark.parametrize(
    "inside",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>|&b;',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>|&a;',
        "|&unknown;",
        "|<broken>",
    ],
)
def test_xml_with_entities_or_cut_off_stops_the_run(call: Call, tmp_path: Path, inside: str) -> None:
    kind, name = inside.split("|")
    path = tmp_path / "eleves.xml"
    path.write_text(
        f"<?xml version='1.0'?>{kind}<InterchangeStudent><Student><StudentUniqueId>{name}</StudentUniqueId>"
        "</Student></InterchangeStudent>"
    )
    found = run(
        call, tmp_path, "--input", f"student={path}",
        "--input", f"student_education_organization_association={path}", mapping="edfi/student@1",
    )  # fmt: skip

    assert 2 == found.answer.code
    assert "eleves.xml" in found.answer.err
    assert "root:" not in found.answer.err
