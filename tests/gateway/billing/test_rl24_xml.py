"""The XML of slips, read back by other means: envelope, boxes, totals, and the mark NON CERTIFIÉ."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from canonical_model.errors import ConfigurationError
from gateway.billing import boxes as boxes_file
from gateway.billing import site_files
from gateway.billing.boxes import Boxes, boxes
from gateway.billing.rl24_xml import Numbered, certified, marked, render, two_lines
from gateway.billing.site_files import Filer
from gateway.billing.summary import Amounts, summarise
from tests.gateway.billing.invented import BOARD, SITE, slip

NAMES = {"t": "http://www.mrq.gouv.qc.ca/T5"}
FIRST = Numbered("240000014", slip("1203.70", "1052.00", days=110))
SECOND = Numbered("240000025", slip("300.00", "293.30", days=41))


@pytest.fixture
def filer() -> Filer:
    return site_files.board_filer(SITE, BOARD)


@pytest.fixture
def table() -> Boxes:
    return boxes(2025)


def read(content: bytes) -> etree._Element:
    return etree.fromstring(content)


def test_the_envelope_is_the_verified_one(table: Boxes, filer: Filer) -> None:
    root = read(render("R", [FIRST], boxes=table, filer=filer))

    assert "{http://www.mrq.gouv.qc.ca/T5}Transmission" == root.tag
    assert "2025.1" == root.get("VersionSchema")
    assert ["P", "Groupe24"] == [etree.QName(child).localname for child in root]
    assert [
        "Annee", "TypeEnvoi", "Preparateur", "NoCertification", "NomLogiciel", "IdPartenaireReleves",
        "IdProduitReleves",
    ] == [etree.QName(child).localname for child in root.find("t:P", NAMES)]  # fmt: skip
    assert ["R", "T"] == [etree.QName(child).localname for child in root.find("t:Groupe24", NAMES)]
    assert "NP762000" == root.findtext("t:P/t:Preparateur/t:No", None, NAMES)


def test_a_slip_reads_back_as_it_was(table: Boxes, filer: Filer) -> None:
    found = read(render("R", [FIRST], boxes=table, filer=filer)).find("t:Groupe24/t:R", NAMES)
    values = {
        etree.QName(item).localname: item.text for item in found.iter() if item.text and item.text.strip()
    }

    assert ("2025", "240000014", "046454286") == (values["Annee"], values["NoReleve"], values["NAS"])
    assert ("110", "1203.70", "1052.00", "151.70") == (
        values["B1_JoursGarde"],
        values["C_FraisGardeTotal"],
        values["D_FraisGardeNonAdmissibles"],
        values["E_FraisGardeAdmissibles"],
    )
    assert ("QC", "G5J1A1", "2018-05-04") == (
        values["Province"],
        values["CodePostal"],
        values["DateNaissance"],
    )


def test_the_file_counts_its_slips_and_agrees_with_the_summary(table: Boxes, filer: Filer) -> None:
    root = read(render("R", [FIRST, SECOND], boxes=table, filer=filer))
    sums = [
        sum(Decimal(item.text) for item in root.iterfind(f".//t:{tag}", NAMES))
        for tag in ("C_FraisGardeTotal", "D_FraisGardeNonAdmissibles", "E_FraisGardeAdmissibles")
    ]
    slips = [Amounts(n.number, "R", None, n.slip.c, n.slip.d, n.slip.e) for n in (FIRST, SECOND)]
    summary = summarise(2025, slips, amended=False)

    assert "2" == root.findtext("t:Groupe24/t:T/t:NbReleves", None, NAMES)
    assert [summary.c, summary.d, summary.e] == sums


def test_an_amended_slip_ends_with_the_number_that_it_replaces(table: Boxes, filer: Filer) -> None:
    item = replace(SECOND, replaces="240000014")
    found = read(render("A", [item], boxes=table, filer=filer)).find("t:Groupe24/t:A", NAMES)

    assert ("NoReleveDerniereTrans", "240000014") == (etree.QName(found[-1]).localname, found[-1].text)
    assert "240000025" == found.findtext("t:NoReleve", None, NAMES)


def test_a_cancelled_slip_carries_no_amount_no_child_and_no_address(table: Boxes, filer: Filer) -> None:
    found = read(render("D", [FIRST], boxes=table, filer=filer)).find("t:Groupe24/t:D", NAMES)

    assert "240000014" == found.findtext("t:NoReleve", None, NAMES)
    assert {"Annee", "NoReleve", "Payeur", "NAS", "No", "NomFamille", "Prenom"} == {
        etree.QName(item).localname for item in found.iterdescendants()
    }


@pytest.mark.parametrize(("code", "package"), [("R", "3"), ("A", "5"), ("D", "7")])
def test_what_is_not_certified_says_so_and_is_a_test_package(
    code: str, package: str, table: Boxes, filer: Filer
) -> None:
    content = render(code, [FIRST], boxes=table, filer=filer)  # type: ignore[arg-type]

    assert not certified(table, filer)
    assert "NON-CERTIFIE_25762000001.xml" == marked("25762000001.xml", table, filer)
    assert "<!-- NON CERTIFIÉ" in content.decode().splitlines()[1]
    assert package == read(content).findtext("t:P/t:TypeEnvoi", None, NAMES)


def test_with_the_official_table_and_a_certification_the_mark_goes(tmp_path: Path, filer: Filer) -> None:
    shipped = (boxes_file.SHIPPED / "rl24.2025.yaml").read_text()
    (tmp_path / "boxes").mkdir()
    own = shipped.replace("status: inferred", "status: confirmed").replace("Payeur/NAS", "Beneficiaire/NAS")
    (tmp_path / "boxes" / "rl24.2025.yaml").write_text(own)
    table = boxes(2025, tmp_path)
    official = replace(filer, certification="RQ-25-24-123")
    content = render("R", [FIRST], boxes=table, filer=official)

    assert not certified(table, filer)
    assert "25762000001.xml" == marked("25762000001.xml", table, official)
    assert b"NON CERTIFI" not in content
    assert "1" == read(content).findtext("t:P/t:TypeEnvoi", None, NAMES)
    assert "046454286" == read(content).findtext("t:Groupe24/t:R/t:Beneficiaire/t:NAS", None, NAMES)


def test_the_same_slips_give_the_same_bytes(table: Boxes, filer: Filer) -> None:
    assert render("R", [FIRST], boxes=table, filer=filer) == render("R", [FIRST], boxes=table, filer=filer)


def test_a_certification_of_another_year_is_refused(table: Boxes, filer: Filer) -> None:
    with pytest.raises(ConfigurationError, match="not of tax year 2025"):
        render("R", [FIRST], boxes=table, filer=replace(filer, certification="RQ-24-99-999"))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("12, rue de l'Exemple", ("12, rue de l'Exemple", None)),
        ("1200, boulevard de la Grande-Invention Ouest", ("1200, boulevard de la", "Grande-Invention Ouest")),
        ("x" * 31, ("x" * 30, "x")),
        ("a " + "b" * 31, ("a " + "b" * 28, "bbb")),
    ],
)
def test_a_long_address_goes_over_two_lines_and_nothing_is_cut_off(
    text: str, lines: tuple[str, str | None]
) -> None:
    assert lines == two_lines(text)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  sin: Payeur/NAS\n", "", "no element for 'sin'"),
        ("  sin: Payeur/NAS", "  sin: Payeur NAS", "`sin` is absent or misshapen"),
        ("  sin: Payeur/NAS", "  sin: Payeur/NAS\n  cin: Payeur/CIN", "unknown key 'cin'"),
        ("year: 2025", "year: 2024", "must repeat the name"),
    ],
)
def test_a_wrong_table_of_boxes_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    shipped = (boxes_file.SHIPPED / "rl24.2025.yaml").read_text()
    (tmp_path / "boxes").mkdir()
    (tmp_path / "boxes" / "rl24.2025.yaml").write_text(shipped.replace(old, new, 1))
    with pytest.raises(ConfigurationError, match=said):
        boxes(2025, tmp_path)
