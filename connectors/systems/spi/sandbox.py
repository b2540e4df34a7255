"""A simulated SPI: a real server that gives one board's invented plans, a page at a time.

Written from contract/openapi.yaml. It sends notes that nobody asked for, as a real one would: a reader must
leave them alone.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.kit.province.defects import carriers
from connectors.kit.province.model import Pupil
from connectors.kit.province.plans import Plan, plan
from connectors.kit.rest_server import PAGING_FAULTS, WIRE_FAULTS, Paging, RestSandbox

_PAGING = Paging(kind="cursor", parameter="cursor")
_NOBODY = 9_999_001  # a file number that no board gave
_Record = dict[str, Any]


class Sandbox(RestSandbox):
    """One SPI for each board. `planted`: the file number that carries each of its defects, by its name."""

    SCOPE = "plans"
    demonstrated = False
    known_faults: ClassVar[dict[str, str]] = {
        **WIRE_FAULTS,
        **PAGING_FAULTS,
        "missing-column": "no plan says which one it is: `id` is called `ident`",
    }

    @cached_property
    def planted(self) -> Mapping[str, int]:
        """Defect to file number: ``no-objective``, ``ends-before-it-starts``, ``unknown-fiche``."""
        having = {pupil.fiche for pupil, _ in self._plans}

        def has_plan(pupil: Pupil) -> bool:
            return pupil.fiche in having

        kinds = ("no-objective", "ends-before-it-starts", "unknown-fiche")
        board = self.province.board(self.organization)
        return carriers(self.province, board, "spi", dict.fromkeys(kinds, has_plan))

    def app(self) -> ASGIApp:
        """The four paths of the contract."""
        return Starlette(
            routes=[
                Route("/oauth/token", self.token, methods=["POST"]),
                Route("/v1/{stream}", self._give),
            ]
        )

    def contents(self) -> dict[str, list[_Record]]:
        """Every record of each list, in the order of `modified_at` then `id`."""
        found: dict[str, list[_Record]] = {"plans": [], "objectives": [], "participants": []}
        for pupil, held in self._plans:
            changed = {"plan_id": pupil.fiche, "modified_at": held.modified_at.isoformat()}
            found["plans"].append(self._plan(pupil, held))
            aims = () if pupil.fiche == self.planted.get("no-objective") else held.objectives
            found["objectives"] += [
                {
                    **changed, "id": pupil.fiche * 10 + rank, "rank": f"{rank:02d}", "objective": aim.text,
                    "means": list(aim.means), "outcome": aim.outcome,
                }
                for rank, aim in enumerate(aims, start=1)
            ]  # fmt: skip
            found["participants"] += [
                {
                    **changed,
                    "id": pupil.fiche * 10 + rank,
                    "rank": f"{rank:02d}",
                    "function": what,
                    "name": who,
                }
                for rank, (what, who) in enumerate(held.participants, start=1)
            ]
        return {name: sorted(records, key=_order) for name, records in found.items()}

    @cached_property
    def _plans(self) -> tuple[tuple[Pupil, Plan], ...]:
        board = self.province.board(self.organization)
        found = ((pupil, plan(self.province, board, pupil)) for pupil in board.pupils)
        return tuple((pupil, held) for pupil, held in found if held is not None)

    def _plan(self, pupil: Pupil, held: Plan) -> _Record:
        end = held.end
        if pupil.fiche == self.planted.get("ends-before-it-starts"):
            end = held.start.replace(day=1, month=8)
        fiche = _NOBODY if pupil.fiche == self.planted.get("unknown-fiche") else pupil.fiche
        return {
            "ident" if "missing-column" in self.faults else "id": pupil.fiche,
            "organization": self.organization,
            "school": pupil.school.official,
            "fiche": f"{fiche:07d}",
            "number": held.number,
            "status": "en vigueur" if held.end is None else "terminé",
            "starts_on": held.start.isoformat(),
            "ends_on": end.isoformat() if end else None,
            "needs": "Forces et besoins, tels qu'écrits.",
            "reviews": [day.isoformat() for day in held.reviews],
            "next_review_on": held.next_review.isoformat() if held.next_review else None,
            "notes": "Notes d'un professionnel : personne ne les lit.",
            "modified_at": held.modified_at.isoformat(),
        }

    async def _give(self, request: Request) -> Response:
        if (refusal := self.refused(request)) is not None:
            return refusal
        if (misbehaviour := await self.misbehaviour()) is not None:
            return misbehaviour
        stream = self.contents().get(request.path_params["stream"])
        if stream is None:
            return self.problem(404, "liste-inconnue", "Cette liste n'existe pas")
        if request.query_params.get("school_year") != str(self.province.school_year):
            stream = []
        if since := request.query_params.get("since"):
            try:
                moment = datetime.fromisoformat(since)
            except ValueError:
                return self.problem(400, "moment-invalide", "`since` n'est pas un moment")
            stream = [record for record in stream if datetime.fromisoformat(record["modified_at"]) >= moment]
        return self.paged(request, stream, _PAGING)


def _order(record: _Record) -> tuple[datetime, int]:
    return datetime.fromisoformat(record["modified_at"]), record.get("id", 0)
