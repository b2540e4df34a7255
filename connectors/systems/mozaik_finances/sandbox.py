"""A simulated ERP of one board: a real server that checks each journal itself and never forgets a receipt.

Written from contract/openapi.yaml and contract/journal.yaml: it takes journals over REST and from its folder
``depot``, into the same books. It adds up every journal again, by account, by fund and in all; what does not
balance is refused and leaves no trace.
"""

import asyncio
import csv
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.kit.rest_server import WIRE_FAULTS, RestSandbox
from connectors.kit.sandbox_depot import Depot

_AMOUNT = re.compile(r"\d{1,11}\.\d{2}")
_ACCOUNT = re.compile(r"\d{3}-(\d)-\d{5}-[0-9A-Z]+")
_NUMBER = re.compile(r"[A-Z0-9-]{1,60}")
_FIELDS = {
    "numero", "organisme", "exercice", "date_ecriture", "devise", "total_debit", "total_credit", "lignes",
}  # fmt: skip
_HEAD = ("numero", "organisme", "exercice", "date_ecriture", "devise", "total_debit", "total_credit")
_TABLES = """
    create table if not exists journal (
        numero text primary key, empreinte text not null, recu text not null unique, reponse text not null
    );
    create table if not exists ligne (
        journal text not null references journal, rang integer not null, compte text not null,
        debit integer not null, credit integer not null, primary key (journal, rang)
    );
"""


class _RefusedError(Exception):
    """The journal is wrong; `code` says how."""

    def __init__(self, code: str, title: str, status: int = 422) -> None:
        super().__init__(code)
        self.code, self.title, self.status = code, title, status


class Sandbox(RestSandbox):
    """One ERP for each board. Its folder ``depot`` is the address of the file way."""

    SCOPE = "journaux"
    TABLES = _TABLES
    known_faults: ClassVar[dict[str, str]] = {
        **WIRE_FAULTS,
        "lost-receipt": "posts the first journal, then fails before answering, as often as it is tried",
        "unknown-account": "does not know the first account of the first journal it is sent",
        "miscount": "a receipt that names one line too few",
    }

    def app(self) -> ASGIApp:
        """The three paths of the contract."""
        return Starlette(
            routes=[
                Route("/oauth/token", self.token, methods=["POST"]),
                Route("/api/v1/journaux", self._receive, methods=["POST"]),
                Route("/api/v1/journaux/{numero}", self._show),
            ]
        )

    def prepare(self, postgres: str) -> None:
        """The books, and the folder."""
        super().prepare(postgres)
        (self.folder / "depot").mkdir(exist_ok=True)

    @contextmanager
    def serve(self) -> Iterator[None]:
        """The import job that takes what was dropped; its receipts are numbered apart."""
        encoding = "utf-16" if "encoding" in self.faults else "utf-8"
        name = f"MF-{self.organization}-D"
        with Depot(self.folder / "depot", name, self._judge, encoding=encoding).taking():
            yield

    def journals(self) -> tuple[str, ...]:
        """The numbers of every journal it posted, oldest first."""
        with closing(self.database()) as database:
            return tuple(row[0] for row in database.execute("select numero from journal order by recu"))

    def balances(self) -> dict[str, int]:
        """Account → debits less credits of every journal, in cents."""
        with closing(self.database()) as database:
            return dict(
                database.execute("select compte, sum(debit - credit) from ligne group by compte").fetchall()
            )

    async def _receive(self, request: Request) -> Response:
        if (refusal := self.refused(request)) is not None:
            return refusal
        if (misbehaviour := await self.misbehaviour()) is not None:
            return misbehaviour
        key = request.headers.get("idempotency-key", "")
        try:
            answer = await asyncio.to_thread(self._take, key, await request.body())
        except _RefusedError as error:
            return self.problem(error.status, error.code, error.title)
        if "lost-receipt" in self.faults:
            return self.problem(500, "panne", "Panne après inscription")
        return self.cut(answer)

    def _take(self, key: str, body: bytes) -> Response:
        try:
            journal = _checked_form(json.loads(body))
        except ValueError:
            raise _RefusedError("json-invalide", "Le journal n'est pas celui du contrat", 400) from None
        if not key or journal["numero"] != key:
            raise _RefusedError("cle-manquante", "Idempotency-Key doit égaler `numero`", 400)
        answer, fresh = self._post(key, journal)
        return JSONResponse(answer, 201 if fresh else 200)

    def _judge(self, name: str, content: bytes) -> list[str | None]:
        """The import job's answer for each line of a file: one for all, as a journal is one."""
        rows = list(csv.DictReader(content.decode("utf-8", "replace").splitlines(), delimiter=";"))
        try:
            journal = _of_rows(name, rows)
            self._post(journal["numero"], journal)
        except _RefusedError as error:
            return [error.code] * len(rows)
        return [None] * len(rows)

    def _post(self, key: str, journal: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """The receipt of a journal, and whether it was posted just now."""
        print_ = hashlib.sha256(json.dumps(journal, sort_keys=True).encode()).hexdigest()
        with closing(self.database()) as database, database:
            database.execute("begin immediate")
            held = database.execute(
                "select empreinte, reponse from journal where numero = ?", (key,)
            ).fetchone()
            if held is not None:
                if held[0] != print_:
                    raise _RefusedError("cle-reutilisee", "Ce numéro a servi pour un autre journal", 409)
                return json.loads(held[1]), False
            lines = self._checked(journal)
            (count,) = database.execute("select count(*) from journal").fetchone()
            answer = {
                "recu": f"MF-{self.organization}-{count + 1:06d}",
                "journal": key,
                "lignes": len(lines) - ("miscount" in self.faults),
                "total": journal["total_debit"],
            }
            database.execute(
                "insert into journal values (?, ?, ?, ?)", (key, print_, answer["recu"], json.dumps(answer))
            )
            database.executemany(
                "insert into ligne values (?, ?, ?, ?, ?)",
                [(key, rank, *line) for rank, line in enumerate(lines, start=1)],
            )
            return answer, True

    def _checked(self, journal: dict[str, Any]) -> list[tuple[str, int, int]]:
        """(account, debit, credit) of each line, in cents, once the whole journal is right."""
        if journal["organisme"] != self.organization:
            raise _RefusedError("organisme-different", "Ce journal est d'un autre organisme")
        if journal["exercice"] != _fiscal_year(journal["date_ecriture"]):
            raise _RefusedError("exercice-different", "La date n'est pas dans l'exercice")
        lines = [_line(line) for line in journal["lignes"]]
        if "unknown-account" in self.faults and self.once("unknown-account"):
            raise _RefusedError("compte-inconnu", "Un compte n'est pas au plan comptable")
        by_fund: Counter[str] = Counter()
        for account, debit, credit in lines:
            found = _ACCOUNT.fullmatch(account)
            if found is None:
                raise _RefusedError(
                    "compte-mal-forme", "Un compte n'a pas la forme unité-fonds-activité-nature"
                )
            by_fund[found[1]] += debit - credit
        totals = (sum(debit for _, debit, _ in lines), sum(credit for *_, credit in lines))
        if (
            totals != (_cents(journal["total_debit"]), _cents(journal["total_credit"]))
            or totals[0] != totals[1]
        ):
            raise _RefusedError("journal-desequilibre", "Débits et crédits diffèrent")
        if any(by_fund.values()):
            raise _RefusedError("fonds-desequilibre", "Un fonds n'est pas équilibré")
        return lines

    def _show(self, request: Request) -> Response:
        if (refusal := self.refused(request)) is not None:
            return refusal
        with closing(self.database()) as database:
            held = database.execute(
                "select reponse from journal where numero = ?", (request.path_params["numero"],)
            ).fetchone()
        if held is None:
            return self.problem(404, "journal-inconnu", "Aucun journal sous ce numéro")
        return JSONResponse(json.loads(held[0]))


def _checked_form(journal: Any) -> dict[str, Any]:
    right = (
        isinstance(journal, dict)
        and journal.keys() == _FIELDS
        and isinstance(journal["lignes"], list)
        and len(journal["lignes"]) > 1
        and all(isinstance(journal[name], str) for name in _FIELDS - {"lignes"})
        and journal["devise"] == "CAD"
        and _NUMBER.fullmatch(journal["numero"])
    )
    if not right:
        raise _RefusedError("json-invalide", "Le journal n'est pas celui du contrat", 400)
    return dict(journal)


def _of_rows(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The journal of a file, once its name and every line say the same of it and none is missing."""
    heads = {tuple(row.get(name) for name in (*_HEAD, "lignes")) for row in rows}
    ranks = [row.get("rang") for row in rows]
    if len(heads) != 1 or ranks != [str(rank) for rank in range(1, len(rows) + 1)]:
        raise _RefusedError("fichier-invalide", "Le fichier n'est pas celui du contrat")
    *head, count = heads.pop()
    if not name.startswith(f"{head[0]}."):
        raise _RefusedError("cle-manquante", "Le nom du fichier commence par le numéro")
    if count != str(len(rows)):
        raise _RefusedError("fichier-invalide", "Des lignes manquent")
    lines = [{name: row.get(name) for name in ("compte", "debit", "credit")} for row in rows]
    return _checked_form({**dict(zip(_HEAD, head, strict=True)), "lignes": lines})


def _line(line: Any) -> tuple[str, int, int]:
    if not isinstance(line, dict) or line.keys() != {"compte", "debit", "credit"}:
        raise _RefusedError("json-invalide", "Une ligne n'est pas celle du contrat", 400)
    debit, credit = _cents(line["debit"]), _cents(line["credit"])
    if (debit > 0) == (credit > 0):
        raise _RefusedError("ligne-double-sens", "Une ligne a un débit ou un crédit, jamais les deux")
    return str(line["compte"]), debit, credit


def _cents(amount: Any) -> int:
    if not isinstance(amount, str) or not _AMOUNT.fullmatch(amount):
        raise _RefusedError("montant-mal-forme", "Un montant s'écrit 12.34")
    return int(amount.replace(".", ""))


def _fiscal_year(day: str) -> str:
    try:
        found = date.fromisoformat(day)
    except ValueError:
        raise _RefusedError("json-invalide", "La date n'est pas celle du contrat", 400) from None
    start = found.year - (found.month < 7)
    return f"{start}{start + 1}"
