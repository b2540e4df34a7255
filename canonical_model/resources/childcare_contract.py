"""ChildcareContract: who pays for a child's daycare, and which part. Holds the payer's SIN: finance section.

Separated parents are two contracts of one child, each with its share; the receivable and the tax
slip are the payer's (facts/billing-rl24.md §2, §14).
"""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from canonical_model.base import Section, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.identifiers import PostalCode, SocialInsuranceNumber
from canonical_model.subjects import Resource


class ChildcareContract(Resource):
    """`payer`: the daycare's number of the payer. `share`: percent of every charge, the shares of a
    child add to 100. `social_insurance_number` may be absent: then no slip, and the report says so.
    """

    SECTION: ClassVar[Section] = "finance"

    resource_type: Literal["ChildcareContract"] = "ChildcareContract"
    daycare: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,10}$")]
    school_year: Annotated[int, Field(ge=1990, le=2100)]
    payer: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,20}$")]
    relation: Annotated[Coding, InSystem("guardian_relation")]
    family_name: Text
    given_name: Text
    street: Text
    city: Text
    postal_code: PostalCode
    share: Annotated[Decimal, Field(gt=0, le=100, decimal_places=2)]
    social_insurance_number: SocialInsuranceNumber | None = None
