"""Student: who a pupil is, as one board says it. A third sex marker exists (GPI holds ``X``)."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from canonical_model.base import Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import CodePermanent, agreement, code_permanent
from canonical_model.names import code_permanent_letters
from canonical_model.subjects import Resource


class Student(Resource):
    """Names keep their accents, hyphens and apostrophes. `code_permanent` may be absent for weeks."""

    SECTION: ClassVar[Section] = "identity"

    resource_type: Annotated[
        Literal["Student"], Element("Ressource", "Resource", "Name of this kind of record in the model.")
    ] = "Student"
    family_name: Annotated[
        Text, Element("Nom de famille", "Family name", "As the source writes it, accents kept.")
    ]
    given_name: Annotated[Text, Element("Prénom", "Given name", "As the source writes it, accents kept.")]
    birth_date: Annotated[date, Element("Date de naissance", "Birth date", "As the board holds it.")]
    sex: Annotated[
        Coding, InSystem("sex"), Element("Sexe", "Sex", "As the board's file says it; a third marker exists.")
    ]
    code_permanent: Annotated[
        CodePermanent | None,
        Element(
            "Code permanent",
            "Code permanent",
            "Of the ministry; absent for weeks for a new pupil. Its last two digits are opaque.",
        ),
    ] = None

    def doubts(self) -> tuple[tuple[str, str], ...]:
        """Where the code permanent disagrees with birth date, sex or names (facts/quebec-education.md §1.4)."""
        if self.code_permanent is None:
            return ()
        found = agreement(
            self.code_permanent,
            birth_date=self.birth_date,
            sex=self.sex.code,
            letters=code_permanent_letters(self.family_name, self.given_name),
        )
        return tuple(
            ("code_permanent", rule) for rule in (*code_permanent(self.code_permanent).warnings, *found)
        )
