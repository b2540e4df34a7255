"""How a pupil travels: the legs of a transport assignment, in the order and direction of the ride.

Geobus stores every leg from home to school. At noon to home and in the afternoon the child travels them in
reverse, and gets off at the home-side point (facts/legacy-systems.md §8, quirk 25).
"""

from dataclasses import dataclass

from canonical_model.resources.transport_assignment import TransportAssignment, TransportPoint

TO_HOME = frozenset({"2", "8"})
"""Codes of `transport_period` in which the child goes home."""


@dataclass(frozen=True, slots=True)
class Ride:
    """One vehicle: where the child gets on, and off. `route` and `circuit` as the plan numbers them."""

    route: str
    circuit: str | None
    boards: TransportPoint
    alights: TransportPoint


def itinerary(assignment: TransportAssignment) -> tuple[Ride, ...]:
    """The rides of one trip, first one first; none when no route is given."""
    if assignment.trip.code in TO_HOME:
        return tuple(
            Ride(leg.route, leg.circuit, boards=leg.school_side, alights=leg.home_side)
            for leg in reversed(assignment.legs)
        )
    return tuple(
        Ride(leg.route, leg.circuit, boards=leg.home_side, alights=leg.school_side) for leg in assignment.legs
    )
