"""Where a canonical value comes from: system, stream, record, mapping. Holds places, never values."""

from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from canonical_model.base import Model, Section, Sensitivity
from canonical_model.elements import Element

System = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*@[0-9]{6}$")]


class Place(Model):
    """The record that a resource was made of."""

    system: Annotated[str, Element("Système", "System", "The installation, as ``gpi@762000``.")]
    stream: Annotated[str, Element("Flux", "Stream", "Table, call or file.")]
    row: Annotated[int, Element("Ligne", "Row", "One-based, in the landed batch.")]
    key: Annotated[
        str,
        StringConstraints(max_length=200),
        Element("Clé", "Key", "The source's own key of the row, as text."),
    ]
    slot: Annotated[
        str | None,
        Element(
            "Position",
            "Slot",
            "Which of the wide columns, when one row gives several resources: ``02`` of ``res_etape_02``.",
        ),
    ] = None
    mapping: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z0-9_/]+@\d+$"),
        Element("Correspondance", "Mapping", "The mapping and its version, as ``gpi/student@1``."),
    ]
    batch: Annotated[str, Element("Lot", "Batch", "The landed batch that holds the row.")]


class Meta(Model):
    """What is said of a resource as a whole, when it travels in a bundle or an answer."""

    model_version: Annotated[
        int,
        Field(ge=1, le=99),
        Element("Version du modèle", "Model version", "Of the shape it is written in."),
    ]
    source: Annotated[
        System, Element("Système d'origine", "Source system", "The installation, as ``gpi@762000``.")
    ]
    recorded_at: Annotated[
        AwareDatetime, Element("Enregistré le", "Recorded at", "When the hub came to know it.")
    ]
    section: Annotated[Section, Element("Section du dossier", "Section", "Where it lives in the dossier.")]
    sensitivity: Annotated[
        Sensitivity, Element("Sensibilité", "Sensitivity", "Ordinary, sensitive or restricted.")
    ]
