"""EnglishEligibility: the right to be taught in English, as declared or authorised by the Ministry.

Kinds and articles 73, 76, 86.1 of the Charter of the French language: facts/quebec-education.md §9.3.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from canonical_model.base import Section
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.periods import Period
from canonical_model.subjects import Resource


class EnglishEligibility(Resource):
    """One declaration or authorisation. The hub transports it; it decides no eligibility."""

    SECTION: ClassVar[Section] = "english_eligibility"
    CODED_ON: ClassVar[str | None] = "period.start"

    resource_type: Annotated[
        Literal["EnglishEligibility"],
        Element("Ressource", "Resource", "Name of this kind of record in the model."),
    ] = "EnglishEligibility"
    kind: Annotated[
        Coding,
        InSystem("english_eligibility_kind"),
        Element("Nature", "Kind", "Permanent declaration, special authorisation or temporary authorisation."),
    ]
    article: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,2})?$")] | None,
        Element("Article", "Section of the Act", "Of the Charter of the French language: 73, 76, 86.1 …"),
    ] = None
    certificate: Annotated[
        Annotated[str, StringConstraints(pattern=r"^\S{1,40}$")] | None,
        Element("Numéro d'attestation", "Certificate number", "As the Ministry wrote it; opaque."),
    ] = None
    issued_on: Annotated[date | None, Element("Date de délivrance", "Issued on")] = None
    period: Annotated[
        Period, Element("Période", "Period", "When the right holds; a permanent declaration has no end.")
    ]
