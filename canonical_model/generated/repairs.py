"""How a drawn document is made to meet the rules between its fields, where drawing again would not do.

One function a class, by its name; a class without one is left as it was drawn.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from types import MappingProxyType
from typing import Any

from canonical_model.generated import values
from canonical_model.identifiers import releve_24_check_digit
from canonical_model.money import rounded
from canonical_model.names import code_permanent_letters

Document = dict[str, Any]


def repaired(name: str, document: Document, random: Random) -> Document:
    """The document with the rules of class `name` met."""
    if name in _REPAIRS:
        _REPAIRS[name](document, random)
    return document


def _ordered(period: Document) -> None:
    if period.get("end") is not None:
        period["start"], period["end"] = sorted((period["start"], period["end"]))


def _period(document: Document, _: Random) -> None:
    _ordered(document)


def _identifier(document: Document, random: Random) -> None:
    document["system"] = random.choice(("fiche:762000", "fiche:711000", "demande-admission"))
    document["value"] = values.digits(random, 9 if document["system"] == "demande-admission" else 7)
    if "replaced_by" in document:
        document["replaced_by"] = values.digits(random, len(document["value"]))


def _extension(document: Document, random: Random) -> None:
    """A registered one, with the kind of value that its entry says."""
    from canonical_model.extensions import registry  # noqa: PLC0415 - read when one is asked for

    known = random.choice(tuple(registry().values()))
    parts = document.get("parts") or [{"name": "a", "value": "b"}]
    document.clear()
    document["url"] = known.url
    if known.kind == "parts":
        document["parts"] = parts
        return
    made = {"text": "Boréal", "number": 7, "yes-no": True, "date": values.day(random).isoformat()}
    document["value"] = made[known.kind]


def _code_permanent(document: Document, family: str, given: str | None, random: Random) -> str:
    """One that agrees with birth date, sex and names; any letters where no public rule says them."""
    born, sex = date.fromisoformat(document["birth_date"]), document.get("sex")
    letters = code_permanent_letters(family, given) or "ZZZZ"
    female = random.random() < 0.5 if sex is None or sex["code"] == "X" else sex["code"] == "F"
    day, month = born.day + 62 * (born.year >= 2000), born.month + 50 * female
    return f"{letters}{day:02}{month:02}{born.year % 100:02}{values.digits(random, 2)}"


def _birth_date(random: Random) -> str:
    return date(random.randint(1995, 2020), random.randint(1, 12), random.randint(1, 28)).isoformat()


def _student(document: Document, random: Random) -> None:
    document["birth_date"] = _birth_date(random)
    if "code_permanent" in document:
        names = document["family_name"], document["given_name"]
        document["code_permanent"] = _code_permanent(document, *names, random)


def _person(document: Document, random: Random) -> None:
    """One official name, and a code permanent that agrees with it."""
    document["birth_date"] = _birth_date(random)
    for place, name in enumerate(document["names"]):
        name["use"]["code"] = random.choice(("usual", "former")) if place else "official"
    official = document["names"][0]
    code = _code_permanent(document, official["family"], official.get("given"), random)
    document["identifiers"].append({"system": "code-permanent", "value": code})


def _audit_event(document: Document, random: Random) -> None:
    if "domain" in document:
        document["kind"] = f"{document['domain']['code']}.{random.choice(('landed', 'refused', 'made'))}"


def _college_result(document: Document, _: Random) -> None:
    if "remark" in document and "remark_in_list" in document:
        document["remark"] = document["remark_in_list"]["code"]


def _telecom(document: Document, random: Random) -> None:
    phone = document["system"]["code"] == "phone"
    document["value"] = f"514555{values.digits(random, 4)}" if phone else "zoe@exemple.invalid"


def _address(document: Document, _: Random) -> None:
    if document["country"]["code"] != "CA":
        document.pop("province", None)
        document.pop("postal_code", None)


def _money(amount: Decimal) -> Document:
    return {"amount": f"{amount:.2f}", "currency": "CAD"}


def _amount(document: Document) -> Decimal:
    return Decimal(document["amount"])


def _charge(document: Document, random: Random) -> None:
    whole = rounded(Decimal(document["quantity"]) * _amount(document["unit_price"]))
    amount = rounded(whole * Decimal(document.get("share", "100")) / 100)
    document["amount"] = _money(amount)
    document["non_eligible"] = _money(rounded(amount * random.randint(0, 4) / 4))


def _invoice(document: Document, random: Random) -> None:
    document["total"] = _money(sum((_amount(line["amount"]) for line in document["lines"]), Decimal(0)))
    document["due_on"] = (date.fromisoformat(document["issued_on"]) + timedelta(days=30)).isoformat()
    document.pop("credited_invoice", None)
    if document["kind"]["code"] == "credit_note":
        document["credited_invoice"] = f"F-{values.digits(random, 6)}"


def _ledger_entry(document: Document, random: Random) -> None:
    side = random.choice(("debit", "credit"))
    document[side] = _money(Decimal(random.randint(1, 99_999)) / 100)
    document.pop("credit" if side == "debit" else "debit", None)


def _ledger_transaction(document: Document, random: Random) -> None:
    """Each entry meets its contrary in the same fund."""
    sides = []
    for entry in document["entries"]:
        side, other = ("debit", "credit") if "debit" in entry else ("credit", "debit")
        contrary = {"account": f"3-1-{values.digits(random, 5)}", "fund": entry["fund"], other: entry[side]}
        sides += [entry, contrary]
    document["entries"] = sides
    year = random.randint(2015, 2030)
    document["fiscal_year"] = f"{year}{year + 1}"


def _tax_slip_child(document: Document, random: Random) -> None:
    document.pop(random.choice(("days", "weeks")), None)
    if ("days" in document) == ("weeks" in document):
        document["days"] = random.randint(1, 200)
        document.pop("weeks", None)
    total, non_eligible = sorted((random.randint(1, 500_000), random.randint(0, 499_999)), reverse=True)
    document["total"], document["non_eligible"] = (
        _money(Decimal(total) / 100),
        _money(Decimal(non_eligible) / 100),
    )
    document["eligible"] = _money(Decimal(total - non_eligible) / 100)


def _tax_slip(document: Document, _: Random) -> None:
    code = document["code"]["code"]
    document.pop("previous_number", None)
    if code == "A":
        series = int(document["number"][:8]) % 99_999_998 + 1
        document["previous_number"] = f"{series:08}{releve_24_check_digit(series)}"
    if code == "D":
        document["children"] = []


def _agreement(document: Document, _: Random) -> None:
    for party, role in zip(document["parties"], ("sender", "recipient"), strict=False):
        party["role"]["code"] = role
    seen = {item["section"]: item for item in document["sections"]}
    document["sections"] = list(seen.values())
    for item in document["sections"]:
        if item["section"] == "bullying":
            item["section_class"]["code"] = "forbidden"


def _school_year(document: Document, random: Random) -> None:
    year = 2024 + random.randint(0, 6)
    document["school_year"], document["census_day"] = year, f"{year}-09-30"
    document["period"] = {"start": f"{year}-07-01", "end": f"{year + 1}-07-01"}


def _bundle_entry(document: Document, random: Random) -> None:
    """Named or whole."""
    if "resource" in document and "reference" in document:
        document.pop(random.choice(("resource", "reference")))
    elif "resource" not in document:
        document.setdefault("reference", {"resource": "Student", "key": values.digits(random, 7)})


_REPAIRS: Mapping[str, Callable[[Document, Random], None]] = MappingProxyType(
    {
        "Address": _address,
        "Agreement": _agreement,
        "AuditEvent": _audit_event,
        "BundleEntry": _bundle_entry,
        "Charge": _charge,
        "CollegeResult": _college_result,
        "Extension": _extension,
        "Identifier": _identifier,
        "Invoice": _invoice,
        "LedgerEntry": _ledger_entry,
        "LedgerTransaction": _ledger_transaction,
        "Period": _period,
        "Person": _person,
        "SchoolYear": _school_year,
        "Student": _student,
        "TaxSlip": _tax_slip,
        "TaxSlipChild": _tax_slip_child,
        "Telecom": _telecom,
    }
)
