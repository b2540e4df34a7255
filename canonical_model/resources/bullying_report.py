"""BullyingReport: a report of bullying or violence and its follow-up, about one pupil. Restricted.

Never by a general agreement (design.md, *Sections*). The other persons are not named here: each has a report of
the same number. LIP, s. 75.1 asks for confidentiality (facts/quebec-education.md §8, C20).
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from canonical_model.base import Model, Narrative, Section
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode
from canonical_model.subjects import Resource


class ReportFollowUp(Model):
    """One thing done after the report."""

    day: Annotated[date, Element("Jour", "Day")]
    action: Annotated[Narrative, Element("Suite donnée", "Action", "As written; opaque.")]


class BullyingReport(Resource):
    """Whether parents may be told, and whether the pupil had to agree, is for a person: both are recorded."""

    SECTION: ClassVar[Section] = "bullying"
    CODED_ON: ClassVar[str | None] = "reported_on"

    resource_type: Annotated[
        Literal["BullyingReport"],
        Element("Ressource", "Resource", "Name of this kind of record in the model."),
    ] = "BullyingReport"
    school: Annotated[OrganizationCode, Element("École", "School", "Official six-digit code.")]
    number: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Za-z-]{1,30}$"),
        Element("Numéro", "Number", "The school's number of the report."),
    ]
    reported_on: Annotated[date, Element("Signalé le", "Reported on")]
    kind: Annotated[
        Coding,
        InSystem("bullying_report_kind"),
        Element("Nature", "Kind", "Bullying, violence or sexual violence."),
    ]
    role: Annotated[
        Coding, InSystem("bullying_role"), Element("Rôle", "Role", "Of the subject in what is reported.")
    ]
    description: Annotated[Narrative, Element("Description", "Description", "As written; opaque.")]
    follow_up: Annotated[tuple[ReportFollowUp, ...], Field(max_length=50), Element("Suivi", "Follow-up")] = ()
    parents_informed_on: Annotated[date | None, Element("Parents informés le", "Parents informed on")] = None
    pupil_agrees: Annotated[
        bool | None,
        Element("Accord de l'élève", "Pupil agrees", "To informing the parents; none: not asked."),
    ] = None
    closed_on: Annotated[date | None, Element("Fermé le", "Closed on")] = None
