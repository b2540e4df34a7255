"""What each outbound connector is given in the inherited suite: made of its own samples, sent under any key."""

import json
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from connectors.kit import load
from connectors.kit.files.outgoing import Outgoing
from connectors.kit.protocol import Delivery
from connectors.kit.province.model import Province

SYSTEMS = load.SYSTEMS


def clara(_: Province, key: str) -> Delivery:
    """The signed documents of the sample; only the door out makes a Released, the target reads two names of it."""
    sample = json.loads((SYSTEMS / "clara" / "samples" / "livraison.json").read_text("utf-8"))
    released: list[Any] = [
        SimpleNamespace(document=text.encode(), decision=SimpleNamespace(marker=f"marker-{number}"))
        for number, text in enumerate(sample["documents"], start=1)
    ]
    return Delivery(key, released, None)


def mozaik_finances(_: Province, key: str) -> Delivery:
    """The sample's journal under the words of the hub; its number is the key, as the gateway makes it."""
    del key
    wire = json.loads((SYSTEMS / "mozaik_finances" / "samples" / "journal.json").read_text("utf-8"))
    lines = [
        {"account": line["compte"], "debit": line["debit"], "credit": line["credit"]}
        for line in wire["lignes"]
    ]
    content = {
        "number": wire["numero"], "organization": wire["organisme"], "fiscal_year": wire["exercice"],
        "day": wire["date_ecriture"], "currency": wire["devise"], "total_debit": wire["total_debit"],
        "total_credit": wire["total_credit"], "lines": lines,
    }  # fmt: skip
    return Delivery(wire["numero"], (), content)


def charlemagne(province: Province, key: str) -> Delivery:
    """Ten pupils of the first board, declared."""
    board = province.boards[0]
    odd = {item.fiche for item in province.defects}
    pupils = [item for item in board.pupils if item.code_permanent and item.fiche not in odd][:10]
    levels = {"PRESCHOOL": "PRE", "PRIMARY": "PRI", "SECONDARY": "SEC"}
    transactions = []
    for number, pupil in enumerate(pupils, start=1):
        level = pupil.level.rstrip("0123456789")
        fields = {
            "NO_TRANS": f"{number:06d}", "ORGNS": board.code, "CD_PERM": pupil.code_permanent,
            "NOM": pupil.family_name, "PRNOM": pupil.given_name, "DT_NAISS": pupil.birth_date.isoformat(),
            "SEXE": pupil.sex, "ECOLE": pupil.school.official,
            "NIVEAU": levels[level] + pupil.level[len(level) :], "DT_DEB": pupil.enrolled_on.isoformat(),
        }  # fmt: skip
        transactions.append({"kind": "T10", "fields": fields})
    content = {
        "school_year": province.school_year, "organization": board.code, "code_lists": "2025-07-01",
        "transactions": transactions,
    }  # fmt: skip
    return Delivery(key, (), content)


def ariane(province: Province, key: str) -> Delivery:
    """Two pupils whose code is asked for."""
    board = province.boards[0]
    pupils = [item for item in board.pupils if item.code_permanent][:2]
    requests = [
        {
            "number": f"D{number}", "proof": "ACTE_NAISSANCE",
            "identity": {
                "family_name": pupil.family_name, "given_name": pupil.given_name,
                "birth_date": pupil.birth_date.isoformat(), "sex": pupil.sex,
            },
        }
        for number, pupil in enumerate(pupils, start=1)
    ]  # fmt: skip
    people: Any = (object(),) * len(requests)  # only gateway.consent makes true ones; the target counts them
    return Delivery(key, people, {"organization": board.code, "kind": "ATTRIBUTION", "requests": requests})


def sram(province: Province, key: str) -> Delivery:
    """One applicant and one mark, at the contract's places; the key of a lot is its day and its board."""
    del key
    code = next(item.code_permanent for item in province.boards[0].pupils if item.code_permanent)
    applicant = f"107620007620102025{code}{'':9}{'Côté':<40}{'Zoé':<40}20090305F\r\n".encode("windows-1252")
    mark = f"207620007620102025{code}{'132506':<10}{'51':<10}01{'82.5':>6}{'':6}N\r\n".encode("windows-1252")
    people: Any = (object(),)
    files = (Outgoing("applicant", applicant, 1), Outgoing("school_result", mark, 1))
    return Delivery("2026-02-16.762000", people, files)


def revenu_quebec(_: Province, key: str) -> Delivery:
    """The sample's transmission of two slips, under its own number."""
    del key
    content = (SYSTEMS / "revenu_quebec" / "samples" / "releves.xml").read_bytes()
    return Delivery("25762000001", (), (Outgoing("releves", content, 2),))


def microsoft_sds(_: Province, key: str) -> Delivery:
    """A set of one file, the sample's organisations."""
    del key
    content = (SYSTEMS / "microsoft_sds" / "samples" / "orgs.csv").read_bytes()
    people: Any = (object(),)
    return Delivery("2026-02-16.762000", people, (Outgoing("orgs", content, content.count(b"\r\n") - 1),))


MAKERS: Mapping[str, Callable[[Province, str], Delivery]] = {
    "ariane": ariane, "charlemagne": charlemagne, "clara": clara, "microsoft_sds": microsoft_sds,
    "mozaik_finances": mozaik_finances, "revenu_quebec": revenu_quebec, "sram": sram,
}  # fmt: skip
