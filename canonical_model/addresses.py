"""Address and Telecom: where and how a person is reached. Refuses a province outside Canada.

An address is dated and says what it serves for: one may be declared to the ministry and another used by
the school bus (facts/quebec-education.md §9.2). The parents' two addresses are two, never merged.
"""

import re
from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import Model, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import PostalCode
from canonical_model.periods import Period

CANADA = "CA"
_PHONE = re.compile(r"\+?[0-9]{10,15}(x[0-9]{1,6})?")


class Address(Model):
    """One address. Province and postal code are those of Canada; elsewhere they stand in the lines."""

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
    def _phone_is_digits(self) -> "Telecom":
        if self.system.code == "phone" and not _PHONE.fullmatch(self.value):
            raise PydanticCustomError("phone-wrong-shape", "the telephone number is not well formed")
        return self
