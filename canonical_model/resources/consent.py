"""Consent: what a family, or the pupil, said about one purpose and one recipient (A-2.1, s. 53.1).

One purpose, one recipient, named sections, a limited time; given under 14 by the holder of parental
authority only, from 14 by the minor or the parent (facts/quebec-education.md §8, C1 to C4).
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from canonical_model.base import Section
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode
from canonical_model.periods import Period
from canonical_model.subjects import Resource


class Consent(Resource):
    """`number`: the portal's own number. `answer`: given or refused. `given_by`: who answered.
    `period` is half-open and must end: a consent without end is without effect. `distinct`: asked
    apart from other text and in clear terms; without it the consent counts as absent (C1).
    """

    SECTION: ClassVar[Section] = "consent"
    CODED_ON: ClassVar[str | None] = "given_on"

    resource_type: Annotated[
        Literal["Consent"], Element("Ressource", "Resource", "Name of this kind of record in the model.")
    ] = "Consent"
    number: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Z-]{1,30}$"),
        Element("Numéro du consentement", "Consent number", "The portal's own number."),
    ]
    recipient: Annotated[
        OrganizationCode,
        Element("Destinataire", "Recipient", "Six-digit code of the one organization that may receive."),
    ]
    purpose: Annotated[
        Coding,
        InSystem("release_purpose"),
        Element("Finalité", "Purpose", "The one purpose it is given for."),
    ]
    sections: Annotated[
        tuple[Section, ...],
        Field(min_length=1),
        Element("Sections visées", "Sections", "The sections of the dossier it speaks of."),
    ]
    answer: Annotated[Coding, InSystem("consent_answer"), Element("Réponse", "Answer", "Given or refused.")]
    given_by: Annotated[
        Coding,
        InSystem("consent_giver"),
        Element("Donné par", "Given by", "The pupil, or the holder of parental authority."),
    ]
    given_on: Annotated[date, Element("Donné le", "Given on", "Day of the answer.")]
    period: Annotated[
        Period, Element("Durée", "Period", "Half-open; it must end: a consent without end is without effect.")
    ]
    distinct: Annotated[
        bool,
        Element(
            "Demandé distinctement",
            "Asked distinctly",
            "Apart from other text and in clear terms; otherwise it counts as absent.",
        ),
    ]
