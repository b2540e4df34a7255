"""Guardian: an adult answering for a pupil, as the board's file names them. Not who pays: see ChildcareContract."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from canonical_model.addresses import Address, Telecom
from canonical_model.base import Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.subjects import Resource


class Guardian(Resource):
    """Separated parents are two records and are never merged. Version 1 of the model had one `email`;
    version 2 has `telecoms`. A document uses one of them.
    """

    SECTION: ClassVar[Section] = "contacts"

    resource_type: Annotated[
        Literal["Guardian"], Element("Ressource", "Resource", "Name of this kind of record in the model.")
    ] = "Guardian"
    relation: Annotated[
        Coding,
        InSystem("guardian_relation"),
        Element("Lien avec l'élève", "Relation to the pupil", "Father, mother or tutor."),
    ]
    family_name: Annotated[
        Text, Element("Nom de famille", "Family name", "As the source writes it, accents kept.")
    ]
    given_name: Annotated[Text, Element("Prénom", "Given name", "As the source writes it, accents kept.")]
    email: Annotated[
        Text | None,
        Element("Courriel", "E-mail", "Version 1 of the model; since version 2, one of `telecoms`.", until=1),
    ] = None
    telecoms: Annotated[
        Annotated[tuple[Telecom, ...], Field(min_length=1, max_length=10)] | None,
        Element(
            "Téléphones et courriels",
            "Telephones and e-mails",
            "How this person is reached; absent: unknown.",
            since=2,
        ),
    ] = None
    addresses: Annotated[
        Annotated[tuple[Address, ...], Field(min_length=1, max_length=10)] | None,
        Element(
            "Adresses",
            "Addresses",
            "Where this person lives or gets mail, each with its dates and whose it is on the pupil's file.",
        ),
    ] = None

    @model_validator(mode="after")
    def _of_one_version(self) -> "Guardian":
        if self.email is not None and self.telecoms is not None:
            raise PydanticCustomError("mixed-model-versions", "fields of two versions of the model")
        return self
