"""The program of a learning platform that comes to the hub: signs in, asks section by section, keeps what it gets.

It is a third party: it shares no code with the hub nor with its kit. A refusal is obeyed: what was kept of that pupil
and section is deleted. It stops when the hub does not know it, or says that it asks wrongly.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from urllib.parse import quote

import httpx

TRIES = 4
LONGEST_WAIT_SECONDS = 30.0
RENEW_BEFORE_SECONDS = 20.0  # a token that ends on the way is worth nothing
TABLES = """create table if not exists kept (
  person text not null, section text not null, etag text not null, decision text not null, document text not null,
  primary key (person, section))"""
_REFUSED = "urn:passerelle:problem:refused"


class VisitError(Exception):
    """A visit that stopped. `code`: ``sign-in``, ``wrong-question`` or ``unavailable``; it shows nobody."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(f"{code} ({status})")
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class Hub:
    """Where the hub is, and what it knows this platform by."""

    address: str
    client_id: str
    client_secret: str
    purpose: str


@dataclass(slots=True)
class Visit:
    """What a visit did, in sections: given anew, unchanged since the last one, refused, and thrown away for it."""

    given: int = 0
    unchanged: int = 0
    refused: int = 0
    forgotten: int = 0
    tokens: int = 0

    def counts(self) -> dict[str, int]:
        """By name."""
        return asdict(self)


class Store:
    """What the platform keeps: one row for each pupil and section that it was given."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.execute(TABLES)

    def etag(self, person: str, section: str) -> str:
        """Of the answer that is kept; empty when none is."""
        asked = "select etag from kept where person = ? and section = ?"
        row = self._database.execute(asked, [person, section]).fetchone()
        return str(row[0]) if row else ""

    def keep(self, person: str, section: str, answer: httpx.Response) -> None:
        """Keep an answer in place of the one before."""
        headers = [answer.headers.get(name, "") for name in ("etag", "passerelle-decision")]
        with self._database:
            self._database.execute(
                "insert or replace into kept values (?, ?, ?, ?, ?)", [person, section, *headers, answer.text]
            )

    def forget(self, person: str, section: str) -> int:
        """Delete what is kept; how many rows that was."""
        with self._database:
            gone = self._database.execute(
                "delete from kept where person = ? and section = ?", [person, section]
            )
        return gone.rowcount

    def number(self) -> int:
        """How many sections are kept."""
        return int(self._database.execute("select count(*) from kept").fetchone()[0])


class Reader:
    """One platform before one hub. `faults`: see sandbox.py. `pause` and `clock` are given by tests."""

    def __init__(
        self,
        hub: Hub,
        store: Store,
        client: httpx.Client,
        *,
        faults: frozenset[str] = frozenset(),
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hub, self._store, self._client, self._faults = hub, store, client, faults
        self._pause, self._clock = pause, clock
        self._token, self._until = "", 0.0
        self._visit = Visit()

    def visit(self, people: Iterable[str], sections: Sequence[str]) -> Visit:
        """Ask for these sections of these people. Raises VisitError; what was kept before it stays true."""
        self._visit = Visit()
        for person in people:
            for section in sections:
                self._section(person, section)
        return self._visit

    def _section(self, person: str, section: str) -> None:
        answer = self._asked(person, section)
        if answer.status_code == httpx.codes.OK:
            self._store.keep(person, section, answer)
            self._visit.given += 1
        elif answer.status_code == httpx.codes.NOT_MODIFIED:
            self._visit.unchanged += 1
        elif answer.status_code == httpx.codes.FORBIDDEN and _problem(answer) == _REFUSED:
            self._visit.refused += 1
            self._visit.forgotten += self._store.forget(person, section)
        else:
            raise VisitError("wrong-question", answer.status_code)

    def _asked(self, person: str, section: str) -> httpx.Response:
        """The answer to one question; a token that the hub no longer takes is replaced once."""
        path = f"/v1/dossiers/{quote(person, safe='')}/{section}"
        headers = {
            "If-None-Match": self._store.etag(person, section),
            "Passerelle-Purpose": self._hub.purpose,
        }
        if "no-purpose" in self._faults:
            del headers["Passerelle-Purpose"]
        for _ in range(2):
            sent = {name: value for name, value in headers.items() if value}
            sent["Authorization"] = f"Bearer {self._signed_in()}"
            answer = self._tried("GET", path, headers=sent)
            if answer.status_code != httpx.codes.UNAUTHORIZED or "stale-token" in self._faults:
                break
            self._token = ""
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise VisitError("sign-in", answer.status_code)
        return answer

    def _signed_in(self) -> str:
        fresh = self._clock() < self._until or "stale-token" in self._faults
        if self._token and fresh:
            return self._token
        answer = self._tried(
            "POST",
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(self._hub.client_id, self._hub.client_secret),
        )
        if answer.status_code != httpx.codes.OK:
            raise VisitError("sign-in", answer.status_code)
        told = answer.json()
        self._token = str(told["access_token"])
        self._until = self._clock() + float(told["expires_in"]) - RENEW_BEFORE_SECONDS
        self._visit.tokens += 1
        return self._token

    def _tried(self, method: str, path: str, **more: object) -> httpx.Response:
        """One call; what may pass is tried again, after the wait that the hub asks for."""
        status = 0
        for turn in range(TRIES):
            try:
                answer = self._client.request(method, self._hub.address + path, **more)  # type: ignore[arg-type]
            except httpx.TransportError:
                status, wait = 0, 2.0**turn / 4
            else:
                status = answer.status_code
                if status != httpx.codes.TOO_MANY_REQUESTS and not answer.is_server_error:
                    return answer
                asked = answer.headers.get("retry-after", "")
                wait = float(asked) if asked.isdecimal() else 2.0**turn / 4
            if wait > LONGEST_WAIT_SECONDS:
                break  # the next visit is the better time
            if turn + 1 < TRIES:
                self._pause(wait)
        raise VisitError("unavailable", status)


def _problem(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("type", ""))
    except (ValueError, AttributeError):
        return ""
