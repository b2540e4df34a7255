"""ChildcareContract: who pays for a child's daycare, and which part. Holds the payer's SIN: finance section.

Separated parents are two contracts of one child, each with its share; the receivable and the tax
slip are the payer's (facts/billing-rl24.md §2, §14).
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from canonical_model.base import Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.decimals import DecimalText
from canonical_model.elements import Element
from canonical_model.identifiers import PostalCode, SocialInsuranceNumber
from canonical_model.subjects import Resource


class ChildcareContract(Resource):
    """`payer`: the daycare's number of the payer. `share`: percent of every charge, the shares of a
    child add to 100. `social_insurance_number` may be absent: then no slip, and the report says so.
    """

    SECTION: ClassVar[Section] = "finance"

    resource_type: Annotated[
        Literal["ChildcareContract"],
        Element("Ressource", "Resource", "Name of this kind of record in the model."),
    ] = "ChildcareContract"
    daycare: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Z]{1,10}$"),
        Element("Service de garde", "School daycare", "The daycare's number within the board."),
    ]
    school_year: Annotated[
        int,
        Field(ge=1990, le=2100),
        Element("Année du contrat", "Contract year", "As the daycare's system numbers its contracts."),
    ]
    payer: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Z]{1,20}$"),
        Element("Numéro du payeur", "Payer number", "The daycare's own number of who pays."),
    ]
    relation: Annotated[
        Coding,
        InSystem("guardian_relation"),
        Element("Lien avec l'enfant", "Relation to the child", "Of the payer: father, mother or tutor."),
    ]
    family_name: Annotated[
        Text, Element("Nom de famille du payeur", "Payer's family name", "As it must stand on the tax slip.")
    ]
    given_name: Annotated[
        Text, Element("Prénom du payeur", "Payer's given name", "As it must stand on the tax slip.")
    ]
    street: Annotated[Text, Element("Rue", "Street", "Number, street and unit of the payer.")]
    city: Annotated[Text, Element("Municipalité", "City", "Of the payer.")]
    postal_code: Annotated[
        PostalCode, Element("Code postal", "Postal code", "Capitals, without a space: H2X1Y4.")
    ]
    share: Annotated[
        DecimalText,
        Field(gt=0, le=100, decimal_places=2),
        Element(
            "Part",
            "Share",
            "Percent of every charge that this payer bears; the shares of a child add to 100.",
        ),
    ]
    social_insurance_number: Annotated[
        SocialInsuranceNumber | None,
        Element(
            "Numéro d'assurance sociale",
            "Social insurance number",
            "Of the payer; absent: no slip, and the report says so.",
            sensitivity="restricted",
        ),
    ] = None
