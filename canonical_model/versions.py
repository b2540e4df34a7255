"""One document in the words of another version of the model. Pure; reads and writes plain JSON objects.

A document does not name its version: its fields say it. The classes of `resources/` read every version, so
that an old document is read for ever, and refuse one that mixes two. `Element(since=…, until=…)` says which
version has which field; the steps below say how to go from one to the next, and back.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from canonical_model import resources
from canonical_model.elements import VERSIONS, element_of
from canonical_model.errors import ConfigurationError

Document = Mapping[str, Any]
Step = Callable[[Document], dict[str, Any]]

# The list as it was when version 2 was written; a code list is never edited.
_EMAIL = MappingProxyType({"system": "telecom_system", "version": "2024-07-01", "code": "email"})


def stands_in(name: str, document: Document, version: int) -> bool:
    """Whether every field that the document uses exists in that version of the model."""
    kind = resources.resource(name)
    _known(version)
    used = [field for field in kind.model_fields if document.get(field) is not None]
    return all(element_of(kind, field).stands_in(version) for field in used)


def upgrade(name: str, document: Document, version: int) -> dict[str, Any]:
    """The document as `version` writes it, from any older one. Nothing is lost.

    A document that is not valid stays not valid: the model refuses it afterwards. Raises
    ConfigurationError for a version that the model does not have.
    """
    return _walked(document, [_UP.get((name, older)) for older in range(VERSIONS[0], _known(version))])


def downgrade(name: str, document: Document, version: int) -> dict[str, Any]:
    """The document as `version` writes it, from any newer one, for who still reads that one.

    What `version` has no place for is left out; `lost` names it. Raises ConfigurationError as `upgrade`.
    """
    return _walked(document, [_DOWN.get((name, newer)) for newer in range(VERSIONS[-1], _known(version), -1)])


def lost(name: str, document: Document, version: int) -> tuple[str, ...]:
    """The paths that `downgrade` leaves out, as ``telecoms.1``."""
    resources.resource(name)
    if name != "Guardian" or _known(version) >= 2:  # version 2 is the one change so far
        return ()
    ways = list(document.get("telecoms") or ())
    kept = _first_email(ways)
    gone = [f"telecoms.{at}" for at, _ in enumerate(ways) if at != kept]
    return (*gone, *([f"telecoms.{kept}.use"] if kept is not None and ways[kept].get("use") else []))


def _known(version: int) -> int:
    if version not in VERSIONS:
        known = ", ".join(str(item) for item in VERSIONS)
        raise ConfigurationError(
            f"model version {version}: the model has {known}. Choose one.",
            f"version {version} du modèle : le modèle a {known}. Choisissez-en une.",
        )
    return version


def _walked(document: Document, steps: list[Step | None]) -> dict[str, Any]:
    found = dict(document)
    for step in steps:
        found = step(found) if step else found
    return found


def _guardian_2(document: Document) -> dict[str, Any]:
    """`email` becomes the first of `telecoms`."""
    found = {key: value for key, value in document.items() if key != "email"}
    if document.get("email") is None:
        return found
    if document.get("telecoms") is not None:
        return dict(document)  # mixed: the model's to refuse
    return found | {"telecoms": [{"system": dict(_EMAIL), "value": document["email"]}]}


def _guardian_1(document: Document) -> dict[str, Any]:
    """The first e-mail of `telecoms` becomes `email`; version 1 had no telephone."""
    found = {key: value for key, value in document.items() if key != "telecoms"}
    ways = list(document.get("telecoms") or ())
    kept = _first_email(ways)
    return found if kept is None else found | {"email": ways[kept]["value"]}


def _first_email(ways: list[Any]) -> int | None:
    return next((at for at, way in enumerate(ways) if way["system"]["code"] == _EMAIL["code"]), None)


# (resource, version left) → the step that leaves it
_UP: Mapping[tuple[str, int], Step] = MappingProxyType({("Guardian", 1): _guardian_2})
_DOWN: Mapping[tuple[str, int], Step] = MappingProxyType({("Guardian", 2): _guardian_1})
