"""What REST sandboxes share, asked by the declared source: paginations, guards, and each fault with its answer."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit import manifest as manifests
from connectors.kit import sandbox
from connectors.kit.faults import FAULTS, known
from connectors.kit.installation import Installation
from connectors.kit.province.generate import generate
from connectors.kit.province.model import Province
from connectors.kit.pull import pull
from connectors.kit.pull.landing import Landing
from connectors.kit.rest.declared import RestSource
from connectors.kit.rest_server import PAGING_FAULTS, WIRE_FAULTS, Paging, RestSandbox
from tests.connectors.rest.conftest import WINDOW

ROWS = [
    {"id": f"p{n:02d}", "libelle": "é", "modified_at": f"2026-02-{n + 1:02d}T10:00:00Z"} for n in range(11)
]
KINDS = {
    "none": "{kind: none}",
    "page": "{kind: page, parameter: page}",
    "offset": "{kind: offset, parameter: page}",
    "cursor": "{kind: cursor, next: /next, parameter: page}",
    "link": "{kind: link}",
}


class Spi(RestSandbox):
    """Eleven plans at one path for each pagination."""

    SCOPE = "plans"
    known_faults = {**WIRE_FAULTS, **PAGING_FAULTS}  # noqa: RUF012 - as the base declares it

    @property
    def connector(self) -> str:
        return "spi"

    def app(self) -> ASGIApp:
        def route(kind: Any) -> Route:
            async def answer(request: Request) -> Response:
                refusal = self.refused(request) or await self.misbehaviour()
                return refusal or self.paged(request, ROWS, Paging(kind))

            return Route(f"/{kind}", answer)

        return Starlette(
            routes=[Route("/oauth/token", self.token, methods=["POST"]), *(route(kind) for kind in KINDS)]
        )


class Keyed(Spi):
    KEY_HEADER = "X-Api-Key"
    most_per_second = 3


@pytest.fixture(scope="module")
def province() -> Province:
    return generate(1, students=20, boards=1, day=date(2026, 2, 16))


Start = Callable[..., Installation]


@pytest.fixture
def start(province: Province, tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def begin(*faults: str, kind: type[Spi] = Spi) -> Installation:
            folder = tmp_path / "-".join(("partner", *faults))
            folder.mkdir()
            made = kind("762000", province, folder, frozenset(faults))
            return stack.enter_context(sandbox.serving([made])).installation("spi@762000")

        yield begin


@pytest.fixture
def pulled(declare: Callable[..., RestSource], tmp_path: Path) -> Callable[..., list[str]]:
    """Pulls the plans into a landing; a pull of the same name goes on where it stopped."""

    def run(installation: Installation, kind: str, name: str = "landing", tries: int = 1) -> list[str]:
        request = (
            f"{{path: /{kind}, query: {{limit: '{{page_rows}}'}}, records: /items, total: /total,"
            f" paging: {KINDS[kind]}}}"
        )
        key = "api_key" in installation.secrets
        source = declare(
            installation,
            request,
            authentication="{kind: api-key, header: X-Api-Key}" if key else "{kind: oauth2, scope: plans}",
            limits=f'{{tries: "{tries}", page_rows: "4", timeout: 1s}}',
            secrets="api_key" if key else "client_secret",
        )
        landing = Landing(tmp_path / name)
        found = pull(source, manifests.read(tmp_path / "spi"), "plans", WINDOW, landing=landing)
        return [row for frame in found.frames() for row in frame["id"]]

    return run


Pulled = Callable[..., list[str]]
EVERYTHING = [row["id"] for row in ROWS]


@pytest.mark.parametrize("kind", KINDS)
def test_every_pagination_is_pulled_whole(start: Start, pulled: Pulled, kind: str) -> None:
    assert EVERYTHING == pulled(start(), kind)


def test_the_holder_of_a_key_is_served_and_nobody_else(start: Start, pulled: Pulled) -> None:
    installation = start(kind=Keyed)

    assert EVERYTHING == pulled(installation, "none")
    with pytest.raises(ConfigurationError, match="api_key"):
        pulled(replace(installation, secrets={"api_key": "invented"}), "none", "other")


def test_a_partner_asked_too_fast_says_when_to_come_back(start: Start, pulled: Pulled) -> None:
    assert EVERYTHING == pulled(start(kind=Keyed), "cursor", tries=3)


@pytest.mark.parametrize("fault", ["busy", "429", "expired-token"])
@pytest.mark.parametrize("kind", ["cursor", "page"])
def test_what_passes_is_survived_in_one_pull(start: Start, pulled: Pulled, fault: str, kind: str) -> None:
    assert EVERYTHING == pulled(start(fault), kind, tries=3)


@pytest.mark.parametrize("kind", ["page", "offset", "cursor", "link"])
def test_a_page_that_is_given_twice_doubles_nothing_and_hides_nothing(
    start: Start, pulled: Pulled, kind: str
) -> None:
    assert EVERYTHING == pulled(start("duplicate"), kind)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("cursor", "token repeats"),
        ("link", "token repeats"),
        ("page", "again and again"),
        ("offset", "again and"),
    ],
)
def test_pages_that_lead_round_are_refused(start: Start, pulled: Pulled, kind: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        pulled(start("repeat-token"), kind)


@pytest.mark.parametrize("kind", ["none", "offset", "cursor", "link"])
def test_rows_that_change_during_the_pull_make_it_begin_again(
    start: Start, pulled: Pulled, kind: str
) -> None:
    installation = start("mutate")

    with pytest.raises(RetryableError, match="10 rows were read and the system counts 11"):
        pulled(installation, kind)

    assert EVERYTHING == pulled(installation, kind)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("cut", "cut or is not JSON"),
        ("html200", "a web page instead of JSON"),
        ("fault", "HTTP 500"),
        ("down", "HTTP 503"),
        ("slow", "no answer in time"),
    ],
)
def test_what_may_pass_is_for_a_later_try(start: Start, pulled: Pulled, fault: str, words: str) -> None:
    with pytest.raises(RetryableError, match=words):
        pulled(start(fault), "cursor")


def test_another_encoding_is_refused_rather_than_guessed(start: Start, pulled: Pulled) -> None:
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        pulled(start("encoding"), "cursor")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=x", "limit=99999999999", "page=invented", "page=MC4uMDAw"]
)
def test_a_page_that_is_wrongly_asked_for_is_refused(start: Start, query: str) -> None:
    installation = start(kind=Keyed)
    headers = {"X-Api-Key": installation.secrets["api_key"]}

    answer = httpx.get(f"{installation.address}/cursor?{query}", headers=headers)

    assert (400, "page-mal-demandee") == (answer.status_code, answer.json()["code"])


def test_a_page_that_is_known_is_not_sent_again(start: Start) -> None:
    installation = start(kind=Keyed)
    headers = {"X-Api-Key": installation.secrets["api_key"]}
    first = httpx.get(f"{installation.address}/page", headers=headers)

    second = httpx.get(
        f"{installation.address}/page", headers={**headers, "If-None-Match": first.headers["ETag"]}
    )

    assert (304, b"") == (second.status_code, second.content)


def test_every_fault_has_its_words_in_both_languages() -> None:
    assert all(words.english and words.french for words in FAULTS.values())
    assert {"slow": FAULTS["slow"].english} == known("slow")
    assert set(FAULTS) == {*WIRE_FAULTS, *PAGING_FAULTS}
    with pytest.raises(KeyError):
        known("sleepy")
