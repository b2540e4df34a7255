"""Student: who a pupil is, as one board says it. A third sex marker exists (GPI holds ``X``)."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from canonical_model.base import Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.identifiers import CodePermanent
from canonical_model.subjects import Resource


class Student(Resource):
    """Names keep their accents, hyphens and apostrophes. `code_permanent` may be absent for weeks."""

    SECTION: ClassVar[Section] = "identity"

    resource_type: Literal["Student"] = "Student"
    family_name: Text
    given_name: Text
    birth_date: date
    sex: Annotated[Coding, InSystem("sex")]
    code_permanent: CodePermanent | None = None
