"""Bundle: resources of any kind that travel together, named or embedded. Bounded; holds no other bundle.

The kind of an embedded resource is read from its `resource_type`; a kind that the model does not have is
refused by its own rule. Only the kinds that occur are loaded.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AwareDatetime,
    Field,
    PlainValidator,
    SerializeAsAny,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError, to_json

from canonical_model import resources
from canonical_model.base import Model, Record, Section
from canonical_model.elements import Element
from canonical_model.references import Reference

MOST = 1000


def _any_resource(value: Any, info: ValidationInfo) -> Record:
    """The resource that a document says it is. From JSON it is checked as JSON: dates and amounts are text there."""
    if not isinstance(value, (dict, Record)):
        raise PydanticCustomError("model-type", "a resource is an object")
    name = value.get("resource_type") if isinstance(value, dict) else type(value).__name__
    if not isinstance(name, str) or name not in resources.NAMES:
        raise PydanticCustomError("unknown-resource-type", "the model has no such resource")
    if name == "Bundle":
        raise PydanticCustomError("bundle-in-bundle", "a bundle holds no other bundle")
    kind = resources.resource(name)
    if info.mode == "json":
        return kind.model_validate_json(to_json(value, inf_nan_mode="constants"))
    return kind.model_validate(value)


AnyResource = Annotated[
    SerializeAsAny[Record],
    PlainValidator(_any_resource),
    WithJsonSchema(
        {
            "type": "object",
            "description": "Any resource of the model but Bundle, by its resource_type.",
            "properties": {"resource_type": {"type": "string"}},
            "required": ["resource_type"],
        }
    ),
]


class BundleEntry(Model):
    """One resource: named, or whole. Never both, never neither."""

    reference: Annotated[
        Reference | None, Element("Référence", "Reference", "Names a resource that the receiver can find.")
    ] = None
    resource: Annotated[
        AnyResource | None,
        Element(
            "Ressource", "Resource", "The resource itself, of any kind but Bundle.", sensitivity="restricted"
        ),
    ] = None

    @model_validator(mode="after")
    def _named_or_whole(self) -> "BundleEntry":
        if (self.reference is None) == (self.resource is None):
            raise PydanticCustomError("reference-or-resource", "an entry names a resource or holds it")
        return self


class Bundle(Record):
    """A lot of resources. An entry keeps the section of its own kind; all are held as the strictest."""

    SECTION: ClassVar[Section] = "consent"

    resource_type: Annotated[
        Literal["Bundle"], Element("Type de ressource", "Resource type", "Always ``Bundle``.")
    ] = "Bundle"
    number: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Za-z-]{1,64}$"),
        Element("Numéro du lot", "Bundle number", "Unique at its sender."),
    ]
    created_at: Annotated[AwareDatetime, Element("Créé le", "Created at")]
    entries: Annotated[
        tuple[BundleEntry, ...],
        Field(min_length=1, max_length=MOST),
        Element("Entrées", "Entries", "In the sender's order.", sensitivity="restricted"),
    ]
