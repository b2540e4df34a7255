"""CredentialProgram: a programme of study and the credential it leads to. Source: facts/quebec-education.md §6.4, §7.

A person's credential is a Credential; this is what it was for. Says nothing of who may be admitted.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from canonical_model.base import Record, Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.decimals import DecimalText
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode, ProgramCode
from canonical_model.periods import Period


class CredentialProgram(Record):
    """One programme. About no person: section ``enrolment``, for the reason that Organization gives."""

    SECTION: ClassVar[Section] = "enrolment"

    resource_type: Annotated[
        Literal["CredentialProgram"],
        Element("Type de ressource", "Resource type", "Always ``CredentialProgram``."),
    ] = "CredentialProgram"
    code: Annotated[
        ProgramCode, Element("Code de programme", "Programme code", "Text: ``200.B0`` at college, ``5319``.")
    ]
    title: Annotated[Text, Element("Titre", "Title", "In French, as the source writes it.")]
    english_title: Annotated[Text | None, Element("Titre anglais", "English title")] = None
    sector: Annotated[
        Coding,
        InSystem("enrolment_type"),
        Element("Secteur", "Sector", "Youth, adult, vocational or college."),
    ]
    credential: Annotated[
        Coding,
        InSystem("credential_type"),
        Element("Diplôme visé", "Credential", "What a person receives at the end."),
    ]
    organization: Annotated[
        OrganizationCode | None,
        Element("Organisme", "Organization", "Whose own programme it is; absent: of the ministry."),
    ] = None
    units: Annotated[
        Annotated[DecimalText, Field(ge=0, le=200, decimal_places=2)] | None,
        Element("Unités", "Units", "Asked for the credential; absent: not stated."),
    ] = None
    hours: Annotated[
        Annotated[int, Field(ge=0, le=10000)] | None,
        Element("Heures", "Hours", "Length of the programme; absent: not stated."),
    ] = None
    period: Annotated[Period | None, Element("Période", "Period", "When it is offered; absent: unknown.")] = (
        None
    )
