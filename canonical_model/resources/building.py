"""Building: a place where schools are; one may house several, and one school may have many (facts §2.2).

Refuses the same school twice. A building's code tells neither its board nor its schools: 69 links of the
open list join a building numbered under another board (facts/quebec-education.md §2.2).
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, field_validator
from pydantic_core import PydanticCustomError

from canonical_model.addresses import Address
from canonical_model.base import Record, Section, Text
from canonical_model.decimals import DecimalText
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode
from canonical_model.periods import Period


class Building(Record):
    """One building. About no person: section ``enrolment``, for the reason that Organization gives."""

    SECTION: ClassVar[Section] = "enrolment"

    resource_type: Annotated[
        Literal["Building"], Element("Type de ressource", "Resource type", "Always ``Building``.")
    ] = "Building"
    code: Annotated[
        str,
        StringConstraints(pattern=r"^\S{1,40}$"),
        Element(
            "Code d'immeuble",
            "Building code",
            "Opaque: as the source writes it. No public rule says its length or signs; never cut, never padded.",
        ),
    ]
    name: Annotated[Text | None, Element("Nom", "Name", "As the board writes it.")] = None
    board: Annotated[
        OrganizationCode | None, Element("Organisme responsable", "Board", "Who answers for the building.")
    ] = None
    schools: Annotated[
        tuple[OrganizationCode, ...],
        Field(max_length=200),
        Element("Établissements", "Schools", "Every school or centre housed there, of any board."),
    ] = ()
    address: Annotated[Address | None, Element("Adresse", "Address", "Where it stands.")] = None
    latitude: Annotated[
        Annotated[DecimalText, Field(ge=-90, le=90, decimal_places=8)] | None,
        Element("Latitude", "Latitude", "Decimal degrees, NAD83 or WGS84."),
    ] = None
    longitude: Annotated[
        Annotated[DecimalText, Field(ge=-180, le=180, decimal_places=8)] | None,
        Element("Longitude", "Longitude", "Decimal degrees; negative in Québec."),
    ] = None
    period: Annotated[Period | None, Element("Période", "Period", "When it serves; absent: unknown.")] = None

    @field_validator("schools")
    @classmethod
    def _each_once(cls, schools: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(schools)) != len(schools):
            raise PydanticCustomError("duplicate-item", "a school is named twice")
        return schools
