"""SupportMeasure: help that a pupil receives for a difficulty, francisation among it (GPI `gpm_e_mesures`).

The codes are each board's (`type_mesure`; francisation 11, 22, 23, 32, 33, 34): kept as text, and coded only
where a list says what they mean (facts/legacy-systems.md §3). What follows behaviour is a Measure.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from canonical_model.base import Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode
from canonical_model.periods import Period
from canonical_model.subjects import Resource


class SupportMeasure(Resource):
    """Neither a designation nor a plan: a pupil may have one without the others."""

    SECTION: ClassVar[Section] = "difficulty"
    CODED_ON: ClassVar[str | None] = "period.start"

    resource_type: Annotated[
        Literal["SupportMeasure"],
        Element("Ressource", "Resource", "Name of this kind of record in the model."),
    ] = "SupportMeasure"
    school: Annotated[OrganizationCode, Element("École", "School", "Official six-digit code.")]
    code: Annotated[
        str,
        StringConstraints(pattern=r"^\S{1,20}$"),
        Element("Code de mesure", "Code", "The board's own; opaque."),
    ]
    kind: Annotated[
        Annotated[Coding, InSystem("measure_kind")] | None,
        Element("Type de mesure", "Kind", "When a list gives the board's code a meaning."),
    ] = None
    label: Annotated[Text | None, Element("Libellé", "Label", "The board's own words for the code.")] = None
    period: Annotated[Period, Element("Période", "Period")]
