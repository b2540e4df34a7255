"""Reference: one canonical object named by another, by kind and key. Refuses a kind that the field does not allow.

A reference never carries a copy of what it names, and the model never follows one: the store does.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from canonical_model.base import Model
from canonical_model.elements import Element


class Reference(Model):
    """What is named: a resource by its name in the model, and the key its source or the hub gives it."""

    resource: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Z][A-Za-z]{1,39}$"),
        Element("Ressource", "Resource", "Its name in the model, as ``Organization``."),
    ]
    key: Annotated[
        str,
        StringConstraints(pattern=r"^\S{1,200}$"),
        Element("Clé", "Key", "What tells it from the others of its kind: a code, a number, a hub id."),
    ]


@dataclass(frozen=True, slots=True)
class RefersTo:
    """Metadata of a Reference: the resources it may name. ``Annotated[Reference, RefersTo("Organization")]``."""

    resources: tuple[str, ...]

    def __init__(self, *resources: str) -> None:
        object.__setattr__(self, "resources", resources)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The resources that may be named."""
        return {**handler(schema), "properties": {"resource": {"enum": list(self.resources)}}}

    def _check(self, reference: Reference) -> Reference:
        if reference.resource not in self.resources:
            raise PydanticCustomError("wrong-reference-type", "the reference names another kind of resource")
        return reference
