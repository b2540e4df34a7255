"""Agreement: who may send what to whom, for which purpose, on which legal basis, from when to when.

Whether it may serve on a day (assessment, 30 days after the CAI's receipt) is decided by
gateway.consent, not here. Refuses an agreement that nobody sends or receives under, and one that carries
a restricted section. Source: facts/quebec-education.md §8, C9 to C13.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import SENSITIVITY, Model, Record, Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode
from canonical_model.periods import Period


class AgreementParty(Model):
    """One body that joined. It may send and receive: then it is named twice."""

    organization: Annotated[OrganizationCode, Element("Organisme", "Organization", "Six-digit code.")]
    role: Annotated[Coding, InSystem("agreement_role"), Element("Rôle", "Role", "Sends or receives.")]


class AgreementSection(Model):
    """One section of the dossier and what the agreement says of it."""

    section: Annotated[Section, Element("Section du dossier", "Section of the dossier")]
    section_class: Annotated[
        Coding,
        InSystem("section_class"),
        Element("Classe", "Class", "Mandatory, refusable by the person, or forbidden."),
    ]


class Agreement(Record):
    """One version of an agreement; the next one is another document. What it does not name is forbidden."""

    SECTION: ClassVar[Section] = "consent"

    resource_type: Annotated[
        Literal["Agreement"], Element("Type de ressource", "Resource type", "Always ``Agreement``.")
    ] = "Agreement"
    number: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,60}@[0-9]{1,4}$"),
        Element("Numéro de l'entente", "Agreement number", "Name and version: ``admission-sram@1``."),
    ]
    parties: Annotated[
        tuple[AgreementParty, ...],
        Field(min_length=2, max_length=500),
        Element("Parties", "Parties", "At least one sends and one receives."),
    ]
    purpose: Annotated[
        Coding,
        InSystem("release_purpose"),
        Element("Finalité", "Purpose", "One; another is another agreement."),
    ]
    legal_basis: Annotated[
        Coding, InSystem("legal_basis"), Element("Fondement juridique", "Legal basis", "Loi A-2.1.")
    ]
    law: Annotated[
        Text | None,
        Element("Loi et article", "Act and section", "When the basis is the application of an Act."),
    ] = None
    sections: Annotated[
        tuple[AgreementSection, ...],
        Field(min_length=1, max_length=20),
        Element("Sections", "Sections", "Each once."),
    ]
    period: Annotated[Period, Element("Période", "Period", "Half-open.")]
    privacy_assessment: Annotated[
        Text | None,
        Element("Évaluation (EFVP)", "Privacy impact assessment", "Its reference: A-2.1, s. 63.5 and 68."),
    ] = None
    received_by_cai_on: Annotated[
        date | None,
        Element("Reçue par la CAI le", "Received by the CAI on", "In force 30 days later: A-2.1, s. 68."),
    ] = None
    outside_quebec: Annotated[
        bool,
        Element("Hors Québec", "Outside Québec", "Whether data leave Québec, hosting included: s. 70.1."),
    ]
    outside_quebec_assessment: Annotated[
        Text | None,
        Element("Évaluation hors Québec", "Assessment outside Québec", "Its own reference: s. 70.1."),
    ] = None

    @model_validator(mode="after")
    def _says_who_and_what(self) -> "Agreement":
        if {party.role.code for party in self.parties} != {"sender", "recipient"}:
            raise PydanticCustomError("agreement-parties", "nobody sends, or nobody receives")
        if len({item.section for item in self.sections}) < len(self.sections):
            raise PydanticCustomError("section-twice", "a section is named twice")
        for item in self.sections:
            if SENSITIVITY[item.section] == "restricted" and item.section_class.code != "forbidden":
                raise PydanticCustomError("section-restricted", "no agreement may carry a restricted section")
        return self
