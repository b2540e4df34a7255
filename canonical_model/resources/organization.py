"""Organization: a board, school, centre, college, university, ministry or vendor (facts/quebec-education.md §2).

Refuses a body that is part of itself. Its code is text and says nothing by its parts: the parent is a field.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import Record, Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode
from canonical_model.periods import Period


class Organization(Record):
    """One body, whoever speaks of it. The public ones are in canonical_model.registry.

    It is about no person; it stands in the section ``enrolment`` because enrolments name it and nobody who
    may read an enrolment needs a second right to read the school's name.
    """

    SECTION: ClassVar[Section] = "enrolment"

    resource_type: Annotated[
        Literal["Organization"], Element("Type de ressource", "Resource type", "Always ``Organization``.")
    ] = "Organization"
    code: Annotated[
        OrganizationCode,
        Element("Code d'organisme", "Organization code", "Official code; leading zeros count."),
    ]
    name: Annotated[Text, Element("Nom", "Name", "In French, as the body or the ministry writes it.")]
    english_name: Annotated[
        Text | None, Element("Nom anglais", "English name", "Only where the body has one.")
    ] = None
    type: Annotated[Coding, InSystem("organization_type"), Element("Type d'organisme", "Organization type")]
    parent: Annotated[
        OrganizationCode | None,
        Element("Organisme parent", "Parent", "The body it is part of; never cut from the code."),
    ] = None
    local_code: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,10}$")] | None,
        Element("Code local", "Local code", "The board's own code of the school: GPI's ``eco``."),
    ] = None
    period: Annotated[
        Period | None, Element("Période", "Period", "When the body exists; absent: unknown.")
    ] = None
    counted: Annotated[
        bool,
        Element(
            "Compté",
            "Counted",
            "False: a school that exists on screens only, or a grouping of bodies counted already.",
        ),
    ] = True

    @model_validator(mode="after")
    def _not_its_own_parent(self) -> "Organization":
        if self.parent == self.code:
            raise PydanticCustomError("own-parent", "the body is part of itself")
        return self
