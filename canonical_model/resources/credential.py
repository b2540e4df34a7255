"""Credential: a diploma, certificate or attestation that an authority granted. The hub never grants one.

Secondary: facts/quebec-education.md §6.4, facts/legacy-systems.md §5 (`e_ri_mentions`). The shapes of AEP
and of college attestations are not public: programme and regime are opaque.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from canonical_model.base import Section, StartingYear, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode
from canonical_model.subjects import Resource


class Credential(Resource):
    """`granted` false: examined by the authority and not granted; such a row is kept."""

    SECTION: ClassVar[Section] = "results_ministry"
    CODED_ON: ClassVar[str | None] = "obtained_on"

    resource_type: Annotated[
        Literal["Credential"], Element("Ressource", "Resource", "Name of this kind of record in the model.")
    ] = "Credential"
    kind: Annotated[
        Coding, InSystem("credential_type"), Element("Sanction", "Kind", "DES, DEP, ASP, AEP, CFMS, DEC …")
    ]
    granted: Annotated[
        bool, Element("Accordé", "Granted", "The authority's own flag (O in Jade); never deduced.")
    ]
    school: Annotated[
        OrganizationCode | None, Element("Établissement", "School or college", "Official six-digit code.")
    ] = None
    school_year: Annotated[
        StartingYear | None,
        Element(
            "Année scolaire",
            "School year",
            "Obtained September to December: that year; January to August: the year before.",
        ),
    ] = None
    programme: Annotated[
        Text | None, Element("Programme", "Programme", "Ministry code of the programme; opaque.")
    ] = None
    regime: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,4}$")] | None,
        Element("Régime de sanction", "Certification regime"),
    ] = None
    obtained_on: Annotated[date | None, Element("Date d'obtention", "Obtained on")] = None
    issued_on: Annotated[date | None, Element("Date d'exécution de la sanction", "Certification run on")] = (
        None
    )
