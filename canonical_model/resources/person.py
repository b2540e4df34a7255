"""Person: the civil identity of one human being, apart from any board. Source: facts/quebec-education.md §1.5, §1.6.

Refuses no official name or two of them, one number written twice, and one value given both as code permanent
and as RAMQ number. A pupil as one board says it is a Student.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import Record, Section
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import agreement, code_permanent, same_value_under_two_types
from canonical_model.names import HumanName, code_permanent_letters
from canonical_model.subjects import Identifier

OFFICIAL = "official"


class Person(Record):
    """Who someone is, by every number and name that is known of them.

    Not a `Resource`: no single board says it and it is matched to nobody, it is what the others match.
    """

    SECTION: ClassVar[Section] = "identity"

    resource_type: Annotated[
        Literal["Person"], Element("Type de ressource", "Resource type", "Always ``Person``.")
    ] = "Person"
    identifiers: Annotated[
        tuple[Identifier, ...],
        Field(min_length=1, max_length=100),
        Element(
            "Numéros", "Identifiers", "All of them, the replaced ones too; at least the hub's or a file's."
        ),
    ]
    names: Annotated[
        tuple[HumanName, ...],
        Field(min_length=1, max_length=20),
        Element("Noms", "Names", "Exactly one official; usual and former ones beside it."),
    ]
    birth_date: Annotated[date, Element("Date de naissance", "Birth date", "As on the act of birth.")]
    sex: Annotated[
        Annotated[Coding, InSystem("sex")] | None,
        Element("Sexe", "Sex", "F, M or X, as on the act of birth; absent: not stated."),
    ] = None
    birth_country: Annotated[
        Annotated[Coding, InSystem("country")] | None,
        Element("Pays de naissance", "Country of birth", "Absent: not stated."),
    ] = None
    mother_tongue: Annotated[
        Annotated[Coding, InSystem("language")] | None,
        Element("Langue maternelle", "Mother tongue", "First language learned and still understood."),
    ] = None
    home_language: Annotated[
        Annotated[Coding, InSystem("language")] | None,
        Element("Langue parlée à la maison", "Home language", "The one spoken most often at home."),
    ] = None
    deceased_on: Annotated[
        date | None, Element("Date de décès", "Date of death", "Absent: living, or not known.")
    ] = None

    @field_validator("identifiers")
    @classmethod
    def _each_number_once_and_of_one_type(cls, held: tuple[Identifier, ...]) -> tuple[Identifier, ...]:
        pairs = [(item.system, item.value) for item in held]
        if len(set(pairs)) != len(pairs):
            raise PydanticCustomError("duplicate-item", "a number is there twice")
        if same_value_under_two_types(pairs):
            raise PydanticCustomError("same-value-two-types", "one value as code permanent and RAMQ number")
        return held

    @field_validator("names")
    @classmethod
    def _one_official_name(cls, names: tuple[HumanName, ...]) -> tuple[HumanName, ...]:
        if sum(name.use.code == OFFICIAL for name in names) != 1:
            raise PydanticCustomError("no-official-name", "exactly one name is the official one")
        return names

    def doubts(self) -> tuple[tuple[str, str], ...]:
        """Where a code permanent that still stands disagrees with birth date, sex or official name; as Student's."""
        official = next(name for name in self.names if name.use.code == OFFICIAL)
        return tuple(
            (f"identifiers.{place}.value", rule)
            for place, item in enumerate(self.identifiers)
            if item.system == "code-permanent" and item.replaced_by is None
            for rule in (
                *code_permanent(item.value).warnings,
                *agreement(
                    item.value,
                    birth_date=self.birth_date,
                    sex=self.sex.code if self.sex else None,
                    letters=code_permanent_letters(official.family, official.given),
                ),
            )
        )
