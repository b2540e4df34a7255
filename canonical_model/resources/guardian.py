"""Guardian: an adult answering for a pupil, as the board's file names them. Not who pays: see ChildcareContract."""

from typing import Annotated, ClassVar, Literal

from canonical_model.base import Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.subjects import Resource


class Guardian(Resource):
    """`relation` is father, mother or tutor. Separated parents are two rows and are never merged."""

    SECTION: ClassVar[Section] = "contacts"

    resource_type: Literal["Guardian"] = "Guardian"
    relation: Annotated[Coding, InSystem("guardian_relation")]
    family_name: Text
    given_name: Text
    email: Text | None = None
