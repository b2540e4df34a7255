"""A simulated cégep that receives dossiers: a real server that forgets nothing it signed for.

Written from contract/openapi.yaml. It verifies each signature itself, with the hub's public key
(`hub.pem` in its folder), and without that key it takes nothing.
"""

import asyncio
import base64
import hashlib
import json
import sqlite3
from contextlib import closing
from typing import Any, ClassVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.kit.rest_server import WIRE_FAULTS, RestSandbox

_TABLES = """
    create table if not exists livraison (
        cle text primary key, empreinte text not null, recu text not null unique, reponse text not null
    );
    create table if not exists dossier (
        marqueur text primary key, livraison text not null references livraison, document text not null
    );
"""


_MOST = 500  # maxItems of the contract


class Sandbox(RestSandbox):
    """The cégep de Maisonneuve."""

    per_board = False
    organizations = ("916000",)
    SCOPE = "livraisons"
    TABLES = _TABLES
    known_faults: ClassVar[dict[str, str]] = {
        **WIRE_FAULTS,
        "lost-receipt": "takes the first delivery, then fails before answering",
        "miscount": "a receipt that does not account for every document",
        "refuse-first": "refuses the first document of each delivery",
    }

    def app(self) -> ASGIApp:
        """The three paths of the contract."""
        return Starlette(
            routes=[
                Route("/oauth/token", self.token, methods=["POST"]),
                Route("/api/v1/livraisons", self._receive, methods=["POST"]),
                Route("/api/v1/livraisons/{livraison}", self._show),
            ]
        )

    def received(self) -> tuple[dict[str, Any], ...]:
        """The payloads of every dossier it accepted, in no person's order: by marker."""
        with closing(self.database()) as database:
            rows = database.execute("select document from dossier order by marqueur").fetchall()
        return tuple(json.loads(_decode(row[0].split(".")[1])) for row in rows)

    def deliveries(self) -> tuple[str, ...]:
        """The keys of every delivery it took, oldest first."""
        with closing(self.database()) as database:
            return tuple(row[0] for row in database.execute("select cle from livraison order by recu"))

    async def _receive(self, request: Request) -> Response:
        if (refusal := self.refused(request)) is not None:
            return refusal
        if (misbehaviour := await self.misbehaviour()) is not None:
            return misbehaviour
        body = await request.body()
        key = request.headers.get("idempotency-key", "")
        answer = await asyncio.to_thread(self._take, key, body)
        if answer.status_code == 201 and "lost-receipt" in self.faults and self.once("lost-receipt"):
            return self.problem(500, "panne", "Panne après réception")
        return self.cut(answer)

    def _take(self, key: str, body: bytes) -> Response:
        try:
            lot = json.loads(body)
            documents = [str(item) for item in lot["documents"]]
            number, named = lot["nombre"], lot["livraison"]
        except (ValueError, KeyError, TypeError):
            return self.problem(400, "json-invalide", "La livraison n'est pas celle du contrat")
        if not key or named != key:
            return self.problem(400, "cle-manquante", "Idempotency-Key doit égaler `livraison`")
        if not documents or number != len(documents):
            return self.problem(422, "nombre-different", "`nombre` n'est pas celui des documents")
        if len(documents) > _MOST:
            return self.problem(422, "trop-de-documents", f"Au plus {_MOST} documents par livraison")
        return self._account(key, hashlib.sha256(body).hexdigest(), documents)

    def _account(self, key: str, print_: str, documents: list[str]) -> Response:
        """The receipt of a well-formed delivery: a new one, the one already given, or a refusal."""
        public = self._hub_key()
        if public is None:
            return self.problem(
                422, "cle-du-hub-absente", "La clé publique de la passerelle n'est pas déposée"
            )
        with closing(self.database()) as database, database:
            database.execute("begin immediate")
            held = database.execute(
                "select empreinte, reponse from livraison where cle = ?", (key,)
            ).fetchone()
            if held is not None:
                if held[0] != print_:
                    return self.problem(409, "cle-reutilisee", "Cette clé a servi pour un autre contenu")
                return JSONResponse(json.loads(held[1]), 200)
            return JSONResponse(self._store(database, key, print_, documents, public), 201)

    def _store(
        self,
        database: sqlite3.Connection,
        key: str,
        print_: str,
        documents: list[str],
        public: Ed25519PublicKey,
    ) -> dict[str, Any]:
        (count,) = database.execute("select count(*) from livraison").fetchone()
        number = f"MAI-{count + 1:06d}"
        refused: list[dict[str, Any]] = []
        taken: dict[str, str] = {}
        for rank, document in enumerate(documents, start=1):
            marker, fault = self._verified(document, public)
            if fault is None and marker in taken:
                fault = "document-double"
            if fault is None and rank == 1 and "refuse-first" in self.faults:
                fault = "format-inconnu"
            if fault is None:
                taken[marker] = document
            else:
                refused.append({"rang": rank, "code": fault})
        accepted = len(taken) - ("miscount" in self.faults)
        answer = {"recu": number, "livraison": key, "acceptes": accepted, "refuses": refused}
        database.execute(
            "insert into livraison values (?, ?, ?, ?)", (key, print_, number, json.dumps(answer))
        )
        database.executemany(
            "insert or replace into dossier values (?, ?, ?)",
            [(marker, key, document) for marker, document in taken.items()],
        )
        return answer

    def _verified(self, document: str, public: Ed25519PublicKey) -> tuple[str, str | None]:
        """(marker, code of the fault or None) of one compact JWS, verified by hand (RFC 7515 §5.2)."""
        try:
            head, payload, signature = document.split(".")
            header = json.loads(_decode(head))
            if header.get("alg") != "Ed25519" or header.get("typ") != "passerelle-dossier+jws":
                return "", "signature-invalide"
            public.verify(_decode(signature), f"{head}.{payload}".encode("ascii"))
            content = json.loads(_decode(payload))
        except (ValueError, InvalidSignature, AttributeError):
            return "", "signature-invalide"
        if content.get("format") != "passerelle-dossier/1" or not content.get("decision"):
            return "", "format-inconnu"
        if content.get("recipient") != self.organization:
            return "", "destinataire-different"
        return str(content["decision"]), None

    def _hub_key(self) -> Ed25519PublicKey | None:
        path = self.folder / "hub.pem"
        if not path.is_file():
            return None
        key = load_pem_public_key(path.read_bytes())
        return key if isinstance(key, Ed25519PublicKey) else None

    def _show(self, request: Request) -> Response:
        if (refusal := self.refused(request)) is not None:
            return refusal
        with closing(self.database()) as database:
            held = database.execute(
                "select reponse from livraison where cle = ?", (request.path_params["livraison"],)
            ).fetchone()
        if held is None:
            return self.problem(404, "livraison-inconnue", "Aucune livraison sous cette clé")
        return JSONResponse(json.loads(held[0]))


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
