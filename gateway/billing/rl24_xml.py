"""One XML file of RL-24 slips of one kind. Says NON CERTIFIÉ unless table and certification are official.

The envelope is verified public knowledge (facts/billing-rl24.md §9.2); the boxes come from a table
(gateway.billing.boxes). The same slips give the same bytes. A file that is not certified carries a
test package type too, so that sending it by mistake files nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import cast

from lxml import etree

from canonical_model.errors import ConfigurationError
from gateway.billing.boxes import Boxes
from gateway.billing.site_files import Filer
from gateway.billing.slips import ChildLine, Code, Slip

MARK = "NON-CERTIFIE_"  # file names stay ASCII
LINE_LENGTH = 30
_PACKAGE: Mapping[Code, tuple[str, str]] = MappingProxyType(
    {"R": ("1", "3"), "A": ("4", "5"), "D": ("6", "7")}
)
_SOFTWARE = "Passerelle"
_COMMENT = (
    " NON CERTIFIÉ : les noms de balises du relevé 24 sont déduits, non officiels."
    " Ne pas transmettre à Revenu Québec. "
)
# Letters that begin the postal codes of one province only; X is shared by two territories.
_PROVINCES: Mapping[str, str] = MappingProxyType(
    {
        "A": "NL", "B": "NS", "C": "PE", "E": "NB", "G": "QC", "H": "QC", "J": "QC", "K": "ON", "L": "ON",
        "M": "ON", "N": "ON", "P": "ON", "R": "MB", "S": "SK", "T": "AB", "V": "BC", "Y": "YT",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Numbered:
    """A slip with its number; `replaces` on an A."""

    number: str
    slip: Slip
    replaces: str | None = None


def certified(boxes: Boxes, filer: Filer) -> bool:
    """Whether the site has the official table and a certification number of that tax year."""
    return boxes.confirmed and filer.certification != f"RQ-{boxes.year % 100:02d}-99-999"


def marked(name: str, boxes: Boxes, filer: Filer) -> str:
    """The file's name, with the mark that forbids sending it unless it is certified."""
    return name if certified(boxes, filer) else MARK + name


def render(code: Code, slips: Sequence[Numbered], *, boxes: Boxes, filer: Filer) -> bytes:
    """The file; all slips are of one kind and year. Refuses a certification of another year."""
    if filer.certification[3:5] != f"{boxes.year % 100:02d}":
        raise ConfigurationError(
            f"childcare.yaml: the certification is not of tax year {boxes.year}. Write this year's number.",
            f"childcare.yaml : la certification n'est pas celle de {boxes.year}. Inscrivez le bon numéro.",
        )
    namespaces = cast("Mapping[str, str]", {None: boxes.namespace})  # lxml-stubs forget the default one
    version = {"VersionSchema": boxes.schema_version}
    root = etree.Element(_name(boxes, "Transmission"), version, namespaces)
    official = certified(boxes, filer)
    if not official:
        root.addprevious(etree.Comment(_COMMENT))
    _fill(root, boxes, _preparer(code, boxes, filer, official=official))
    group = etree.SubElement(root, _name(boxes, boxes.group))
    for item in slips:
        _slip(etree.SubElement(group, _name(boxes, code)), code, item, boxes)
    total = etree.SubElement(group, _name(boxes, "T"))
    values = _total(boxes, filer, len(slips))
    _fill(total, boxes, [(path, values.get(name)) for name, path in boxes.total.items()])
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True, pretty_print=True)


def two_lines(text: str) -> tuple[str, str | None]:
    """A name or street over two lines of 30, between words where that fits; nothing is cut off."""
    if len(text) <= LINE_LENGTH:
        return text, None
    space = text.rfind(" ", 0, LINE_LENGTH + 1)
    if space < 1 or len(text) - space - 1 > LINE_LENGTH:
        return text[:LINE_LENGTH], text[LINE_LENGTH:]
    return text[:space], text[space + 1 :]


def _preparer(code: Code, boxes: Boxes, filer: Filer, *, official: bool) -> list[tuple[str, str | None]]:
    name_1, name_2 = two_lines(filer.name)
    line_1, line_2 = two_lines(filer.street)
    return [
        ("P/Annee", str(boxes.year)),
        ("P/TypeEnvoi", _PACKAGE[code][0 if official else 1]),
        ("P/Preparateur/No", filer.transmitter),
        ("P/Preparateur/Type", "1"),
        ("P/Preparateur/Nom1", name_1),
        ("P/Preparateur/Nom2", name_2),
        ("P/Preparateur/Adresse/Ligne1", line_1),
        ("P/Preparateur/Adresse/Ligne2", line_2),
        ("P/Preparateur/Adresse/Ville", filer.city),
        ("P/Preparateur/Adresse/Province", filer.province),
        ("P/Preparateur/Adresse/CodePostal", filer.postal_code),
        ("P/NoCertification", filer.certification),
        ("P/NomLogiciel", _SOFTWARE),
        ("P/IdPartenaireReleves", filer.partner),
        ("P/IdProduitReleves", filer.product),
    ]


def _slip(element: etree._Element, code: Code, item: Numbered, boxes: Boxes) -> None:
    """A cancelled slip carries number and person only; an amended one the number that it replaces, last."""
    identity = item.slip.identity
    values: dict[str, str | None] = {
        "year": str(item.slip.year),
        "number": item.number,
        "sin": identity.social_insurance_number,
        "payer_number": item.slip.payer_number,
        "family_name": identity.family_name,
        "given_name": identity.given_name,
    }
    if code != "D":
        line_1, line_2 = two_lines(identity.street)
        values |= {
            "address_1": line_1,
            "address_2": line_2,
            "city": identity.city,
            "province": _PROVINCES.get(identity.postal_code[0]),
            "postal_code": identity.postal_code,
            "previous_number": item.replaces,
        }
    for name, path in boxes.slip.items():
        if name != "children":
            _fill(element, boxes, [(path, values.get(name))])
        elif code != "D":
            for line in item.slip.children:
                child = _new(element, boxes, path)
                written = _child(line)
                _fill(child, boxes, [(place, written[key]) for key, place in boxes.child.items()])


def _child(line: ChildLine) -> dict[str, str | None]:
    return {
        "family_name": line.child.family_name,
        "given_name": line.child.given_name,
        "birth_date": line.child.birth_date.isoformat(),
        "days": str(line.days) if line.days else None,
        "c": _money(line.c),
        "d": _money(line.d),
        "e": _money(line.e),
    }


def _total(boxes: Boxes, filer: Filer, count: int) -> dict[str, str | None]:
    name_1, name_2 = two_lines(filer.name)
    line_1, line_2 = two_lines(filer.street)
    return {
        "year": str(boxes.year),
        "count": str(count),
        "identification": filer.identification,
        "file_type": "RS",
        "file": filer.file,
        "neq": filer.neq,
        "name_1": name_1,
        "name_2": name_2,
        "address_1": line_1,
        "address_2": line_2,
        "city": filer.city,
        "province": filer.province,
        "postal_code": filer.postal_code,
    }


def _money(amount: Decimal) -> str | None:
    """Two decimals and a point; a zero amount is left out."""
    return f"{amount:.2f}" if amount else None


def _fill(parent: etree._Element, boxes: Boxes, values: Sequence[tuple[str, str | None]]) -> None:
    """Write each value at its path, making elements as needed; an absent value makes none."""
    for path, value in values:
        if value is not None:
            _new(parent, boxes, path).text = value


def _new(parent: etree._Element, boxes: Boxes, path: str) -> etree._Element:
    """A new last element at `path`; the elements above it are shared with the value before."""
    *above, last = path.split("/")
    for step in above:
        held = parent.find(_name(boxes, step))
        parent = held if held is not None else etree.SubElement(parent, _name(boxes, step))
    return etree.SubElement(parent, _name(boxes, last))


def _name(boxes: Boxes, local: str) -> str:
    return f"{{{boxes.namespace}}}{local}"
