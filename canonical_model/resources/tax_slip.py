"""TaxSlip: one RL-24 slip of one payer, one line a child. Source: facts/billing-rl24.md §1, §2, §6, §8.

Code R, A or D; E = C − D, never typed; days or weeks, never both; a slip number is eight digits and
their remainder by 7; a cancelled slip carries no amounts. Box letters follow the public form; the
tags of the ministry's file are not public and are not here.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import Model, Record, Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.identifiers import OrganizationCode, PostalCode, SlipNumber, SocialInsuranceNumber
from canonical_model.money import Due, Money

BOX_MAXIMUM = Decimal("9999999.99")


def _fits_the_box(money: Money) -> Money:
    if money.amount > BOX_MAXIMUM:
        raise PydanticCustomError("box-maximum", "a box holds at most 9 999 999.99")
    return money


_Box = Annotated[Due, AfterValidator(_fits_the_box)]
_Name = Annotated[str, StringConstraints(min_length=1, max_length=30)]


class TaxSlipPayer(Model):
    """Who paid, as the slip names them: an individual. Without a SIN there is no slip."""

    social_insurance_number: Annotated[
        SocialInsuranceNumber,
        Element("Numéro d'assurance sociale", "Social insurance number", sensitivity="restricted"),
    ]
    family_name: Annotated[_Name, Element("Nom de famille", "Family name", "At most 30 characters.")]
    given_name: Annotated[_Name, Element("Prénom", "Given name", "At most 30 characters.")]
    number: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,20}$")] | None,
        Element("Numéro du payeur", "Payer number", "The daycare's number of the payer."),
    ] = None
    street: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=60)],
        Element("Rue", "Street", "Two lines of 30 on the form; longer is refused, never cut."),
    ]
    city: Annotated[_Name, Element("Ville", "City", "At most 30 characters.")]
    province: Annotated[Coding, InSystem("province"), Element("Province", "Province")]
    postal_code: Annotated[PostalCode, Element("Code postal", "Postal code", "Without the space.")]


class TaxSlipChild(Model):
    """One child's line: boxes A to E."""

    family_name: Annotated[_Name, Element("Case A : nom de famille", "Box A: family name")]
    given_name: Annotated[_Name, Element("Case A : prénom", "Box A: given name")]
    birth_date: Annotated[date, Element("Case A : date de naissance", "Box A: date of birth")]
    days: Annotated[
        Annotated[int, Field(ge=0, le=366)] | None,
        Element("Case B1 : jours de garde", "Box B1: days of care", "Days or weeks, never both."),
    ] = None
    weeks: Annotated[
        Annotated[int, Field(ge=0, le=53)] | None,
        Element("Case B2 : semaines", "Box B2: weeks", "Boarding school or camp; days or weeks, never both."),
    ] = None
    total: Annotated[_Box, Element("Case C : total payé", "Box C: total paid", "Feeds the federal claim.")]
    non_eligible: Annotated[
        _Box, Element("Case D : part non admissible", "Box D: non-eligible part", "No right to the credit.")
    ]
    eligible: Annotated[
        _Box, Element("Case E : part admissible", "Box E: eligible part", "C − D, computed and never typed.")
    ]

    @model_validator(mode="after")
    def _boxes_agree(self) -> "TaxSlipChild":
        if (self.days is None) == (self.weeks is None):
            raise PydanticCustomError("days-or-weeks", "a line has days or weeks")
        if self.eligible.amount != self.total.amount - self.non_eligible.amount:
            raise PydanticCustomError("box-e", "box E is not C less D")
        return self


class TaxSlip(Record):
    """One slip as it was issued; a change is another slip, A or D, and both stay."""

    SECTION: ClassVar[Section] = "finance"

    resource_type: Annotated[
        Literal["TaxSlip"], Element("Type de ressource", "Resource type", "Always ``TaxSlip``.")
    ] = "TaxSlip"
    organization: Annotated[
        OrganizationCode, Element("Organisme", "Organization", "Six-digit code of the board that issues it.")
    ]
    slip_type: Annotated[Literal["RL-24"], Element("Relevé", "Slip type", "RL-24: child-care expenses.")] = (
        "RL-24"
    )
    tax_year: Annotated[
        int,
        Field(ge=2000, le=2100),
        Element("Année d'imposition", "Tax year", "Calendar year of the services paid."),
    ]
    code: Annotated[
        Coding,
        InSystem("slip_code"),
        Element("Code du relevé", "Slip code", "R original, A amended, D cancelled; never O."),
    ]
    number: Annotated[
        SlipNumber,
        Element("Numéro du relevé", "Slip number", "Nine digits; D has the number that it cancels."),
    ]
    previous_number: Annotated[
        SlipNumber | None,
        Element(
            "Numéro du dernier relevé transmis",
            "Previous slip number",
            "On A only: the latest slip replaced.",
        ),
    ] = None
    issued_on: Annotated[date, Element("Date de production", "Issued on")]
    provider_name: Annotated[Text, Element("Nom du prestataire", "Provider's name", "The board.")]
    payer: Annotated[TaxSlipPayer, Element("Payeur", "Payer")]
    children: Annotated[
        tuple[TaxSlipChild, ...],
        Field(max_length=20),
        Element("Enfants", "Children", "One line a child; none on D, which carries no amounts."),
    ] = ()

    @model_validator(mode="after")
    def _agrees_with_its_code(self) -> "TaxSlip":
        code = self.code.code
        if (code == "A") != (self.previous_number is not None):
            raise PydanticCustomError("previous-slip", "an amended slip, and no other, names the one before")
        if self.previous_number == self.number:
            raise PydanticCustomError("slip-number-reused", "an amended slip has a number of its own")
        if code == "D" and self.children:
            raise PydanticCustomError("cancelled-slip-amounts", "a cancelled slip carries no amounts")
        if code != "D" and not any(line.eligible.amount for line in self.children):
            raise PydanticCustomError("slip-not-due", "no amount gives right to the credit: no slip is due")
        return self
