"""Address and Telecom: where and how a person is reached. Refuses a province outside Canada.

An address is dated and says what it serves for: one may be declared to the ministry and another used by
the school bus (facts/quebec-education.md §9.2). The parents' two addresses are two, never merged.
"""

from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import Model, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import PostalCode, telephone
from canonical_model.periods import Period

CANADA = "CA"


class Address(Model):
    """One address. Province and postal code are those of Canada; elsewhere they stand in the lines."""

    type: Annotated[
        Annotated[Coding, InSystem("address_type")] | None,
        Element(
            "Type d'adresse",
            "Address type",
            "Whose it is, on a pupil's file: father and mother, one of them, guardian, pupil; absent: not stated.",
        ),
    ] = None
    lines: Annotated[
        tuple[Text, ...],
        Field(min_length=1, max_length=4),
        Element("Lignes d'adresse", "Address lines", "Number, street, unit; as the source writes them."),
    ]
    city: Annotated[Text, Element("Municipalité", "City", "The name, not the municipality code.")]
    province: Annotated[
        Annotated[Coding, InSystem("province")] | None,
        Element("Province ou territoire", "Province or territory", "In Canada only."),
    ] = None
    country: Annotated[Coding, InSystem("country"), Element("Pays", "Country", "ISO 3166-1, two letters.")]
    postal_code: Annotated[
        PostalCode | None,
        Element("Code postal", "Postal code", "Canadian, capitals, without a space: H2X1Y4."),
    ] = None
    period: Annotated[Period | None, Element("Période", "Period", "When it holds; absent: unknown.")] = None
    purposes: Annotated[
        tuple[Annotated[Coding, InSystem("address_purpose")], ...],
        Field(min_length=1, max_length=10),
        Element("Fins de l'adresse", "Purposes", "What it serves for: mail, ministry, transport."),
    ]

    @model_validator(mode="after")
    def _canadian_parts_in_canada(self) -> "Address":
        if self.country.code != CANADA and (self.province or self.postal_code):
            raise PydanticCustomError(
                "canadian-part-abroad", "a province or a Canadian postal code outside Canada"
            )
        return self


class Telecom(Model):
    """A telephone number or an e-mail address. An e-mail is kept as written: only sending proves it."""

    system: Annotated[Coding, InSystem("telecom_system"), Element("Moyen", "System", "Telephone or e-mail.")]
    value: Annotated[
        Text,
        Element(
            "Numéro ou adresse",
            "Value",
            "Telephone: 10 to 15 digits, ``+`` before, ``x`` and extension after.",
        ),
    ]
    use: Annotated[
        Annotated[Coding, InSystem("telecom_use")] | None,
        Element("Usage", "Use", "Home, work, mobile, emergency; absent: unknown."),
    ] = None

    @model_validator(mode="after")
    def _a_phone_can_be_called(self) -> "Telecom":
        """Its shape is identifiers' to say. No area code only warns there; here no other field could hold it."""
        if self.system.code == "phone":
            found = telephone(self.value)
            if found.faults:
                raise PydanticCustomError("telephone-wrong-shape", "the telephone number is not well formed")
            if "no-area-code" in found.warnings:
                raise PydanticCustomError("telephone-no-area-code", "the telephone number has no area code")
        return self
