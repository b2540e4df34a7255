"""TransportAssignment: how one pupil travels in one period of the day, leg by leg, as the plan stores it.

Legs are stored from home to school whatever the period (facts/legacy-systems.md §8): canonical_model.itineraries
turns them as the child travels. Only the official plan (`Simul` 0) becomes an assignment.
"""

from datetime import time
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from canonical_model.base import Model, Section, StartingYear, Text
from canonical_model.codings import Coding, InSystem
from canonical_model.elements import Element
from canonical_model.periods import Period
from canonical_model.subjects import Resource


class TransportPoint(Model):
    """Where a vehicle stops on a route."""

    stop: Annotated[
        str, StringConstraints(pattern=r"^\S{1,20}$"), Element("Arrêt", "Stop", "Code of the stop.")
    ]
    name: Annotated[Text | None, Element("Nom de l'arrêt", "Stop name")] = None
    kind: Annotated[
        Coding,
        InSystem("stop_type"),
        Element("Type d'arrêt", "Kind of point", "Stop, school or home."),
    ]
    passes_at: Annotated[
        time | None, Element("Heure de passage", "Passes at", "Local time of the vehicle.")
    ] = None


class TransportLeg(Model):
    """One vehicle of the trip, in the direction home to school."""

    order: Annotated[
        int, Field(ge=1, le=4), Element("Ordre", "Order", "From home: leg 1 always touches home.")
    ]
    route: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9]{5}$"),
        Element("Parcours", "Route", "Five digits, with leading zeros."),
    ]
    circuit: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")] | None,
        Element("Circuit", "Circuit", "Three digits, with leading zeros."),
    ] = None
    home_side: Annotated[TransportPoint, Element("Côté domicile", "Home-side point", "`IdEmb` in Geobus.")]
    school_side: Annotated[TransportPoint, Element("Côté école", "School-side point", "`IdDeb` in Geobus.")]


class TransportAssignment(Resource):
    """No leg: the right is recorded and no route is given. A child in shared custody has two addresses."""

    SECTION: ClassVar[Section] = "transport"
    CODED_ON: ClassVar[str | None] = "period.start"

    resource_type: Annotated[
        Literal["TransportAssignment"],
        Element("Ressource", "Resource", "Name of this kind of record in the model."),
    ] = "TransportAssignment"
    school_year: Annotated[
        StartingYear, Element("Année scolaire", "School year", "Named by its starting year.")
    ]
    trip: Annotated[
        Coding,
        InSystem("transport_period"),
        Element("Période du jour", "Trip", "1 morning, 2 noon to home, 4 noon to school, 8 afternoon."),
    ]
    address_block: Annotated[
        int, Field(ge=1, le=2), Element("Adresse", "Address", "1 first, 2 second (shared custody).")
    ]
    right: Annotated[
        Text | None, Element("Droit au transport", "Right", "Code of the board; its values are not public.")
    ] = None
    period: Annotated[Period | None, Element("Période", "Period", "When it holds; none: the year.")] = None
    legs: Annotated[
        tuple[TransportLeg, ...], Field(max_length=4), Element("Trajets", "Legs", "From home to school.")
    ] = ()

    @model_validator(mode="after")
    def _legs_follow(self) -> "TransportAssignment":
        if tuple(leg.order for leg in self.legs) != tuple(range(1, len(self.legs) + 1)):
            raise PydanticCustomError("legs-out-of-order", "the legs are not numbered 1, 2, 3 … from home")
        return self
