"""A declared REST source against real servers: four paginations, digits as written, positions, loops, ETags."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import pytest

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit.errors import PartnerRefusedError, PositionLostError
from connectors.kit.rest.declared import RestSource
from tests.connectors.rest.conftest import WINDOW, Serve, reply, system

Declare = Callable[..., RestSource]

COMMON = "path: /v1/plans, query: {since: '{since}', limit: '{page_rows}'}, records: /items"
NUMBERED = f"{{{COMMON}, paging: {{kind: page, parameter: page}}}}"
OFFSET = f"{{{COMMON}, total: /total, paging: {{kind: offset, parameter: start}}}}"
CURSOR = f"{{{COMMON}, paging: {{kind: cursor, next: /next, parameter: cursor}}}}"
LINK = f"{{{COMMON}, total: {{header: X-Total-Count}}, paging: {{kind: link}}}}"
WHOLE = f"{{{COMMON}, paging: {{kind: none}}}}"
PERSON = "TREL12345678"


def plan(number: int) -> dict[str, object]:
    return {"id": f"p{number}", "modified_at": f"2026-02-{number + 1:02d}T10:00:00Z", "nom": PERSON}


class Partner:
    """Gives `rows` plans in pages of two, in every way at once, and remembers the queries."""

    def __init__(self, rows: int = 5) -> None:
        self.plans = [plan(number) for number in range(rows)]
        self.asked: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []

    def __call__(self, handler: BaseHTTPRequestHandler, _: str) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(handler.path).query).items()}
        self.asked.append(query)
        self.headers.append(dict(handler.headers))
        rows = int(query.get("limit", len(self.plans)))
        start = (
            (int(query.get("page", 1)) - 1) * rows + int(query.get("start", 0)) + int(query.get("cursor", 0))
        )
        body: dict[str, object] = {"items": self.plans[start : start + rows], "total": len(self.plans)}
        headers = {"X-Total-Count": str(len(self.plans)), "ETag": '"e1"'}
        if start + rows < len(self.plans):
            body["next"] = start + rows
            headers["Link"] = f'</v1/plans?limit={rows}&cursor={start + rows}>; rel="next"'
        if handler.headers.get("If-None-Match") == '"e1"':
            reply(handler, status=304, headers={"ETag": '"e1"'})
        else:
            reply(handler, json.dumps(body), headers=headers)


def ids(source: RestSource, **asked: str) -> list[str]:
    return [row for page in source.pages("plans", WINDOW, **asked) for row in page.frame["id"]]


@pytest.mark.parametrize(
    ("request_", "calls"),
    [(NUMBERED, 4), (OFFSET, 3), (CURSOR, 3), (LINK, 3)],
    ids=["page", "offset", "cursor", "link"],
)
def test_each_pagination_gives_every_record_once_in_order(
    serve: Serve, declare: Declare, request_: str, calls: int
) -> None:
    partner = Partner()

    assert ["p0", "p1", "p2", "p3", "p4"] == ids(declare(system(serve(partner)), request_))
    assert calls == len(partner.asked)


@pytest.mark.parametrize(
    "request_", [NUMBERED, OFFSET, CURSOR, LINK], ids=["page", "offset", "cursor", "link"]
)
def test_after_any_page_the_rest_can_be_asked_for_from_its_position(
    serve: Serve, declare: Declare, request_: str
) -> None:
    address = serve(Partner())
    taken: list[str] = []
    for page in declare(system(address), request_).pages("plans", WINDOW):
        taken += page.frame["id"].to_list()

        rest = list(declare(system(address), request_).pages("plans", WINDOW, position=page.position))

        after = [row for later in rest for row in later.frame["id"]]
        assert ["p0", "p1", "p2", "p3", "p4"] == taken + after
        assert rest == [] or rest[-1].cursor == "2026-02-05T10:00:00Z"


@pytest.mark.parametrize("request_", [NUMBERED, OFFSET, CURSOR, LINK, WHOLE])
def test_a_stream_without_records_is_one_empty_frame_with_its_columns(
    serve: Serve, declare: Declare, request_: str
) -> None:
    (frame,) = declare(system(serve(Partner(0))), request_).read("plans", WINDOW)

    assert (["id", "mark", "label", "modified_at"], 0) == (frame.columns, frame.height)


def test_the_cursor_is_the_greatest_so_far_and_since_is_sent_only_when_there_is_one(
    serve: Serve, declare: Declare
) -> None:
    partner = Partner()
    source = declare(system(serve(partner)), CURSOR)

    cursors = [page.cursor for page in source.pages("plans", WINDOW)]
    ids(source, since="2026-02-05T10:00:00Z")

    assert ["2026-02-02T10:00:00Z", "2026-02-04T10:00:00Z", "2026-02-05T10:00:00Z"] == cursors
    assert "since" not in partner.asked[0]
    assert "2026-02-05T10:00:00Z" == partner.asked[3]["since"]


def test_a_number_keeps_its_digits_and_nothing_but_the_contract_is_kept(
    serve: Serve, declare: Declare
) -> None:
    body = (
        '{"items": [{"id": 12345678901234567890123, "result": {"mark": 82.50}, "libelle": true, "nom": "x"},'
        ' {"id": 1, "result": {"mark": -0}, "libelle": {"a": [1.10, "é"]}}, {"id": "b", "libelle": null}]}'
    )
    source = declare(system(serve(lambda handler, _: reply(handler, body))), WHOLE)

    (frame,) = source.read("plans", WINDOW)

    assert ["id", "mark", "label", "modified_at"] == frame.columns
    assert [
        ("12345678901234567890123", "82.50", "true", None),
        ("1", "-0", '{"a":[1.10,"é"]}', None),
        ("b", None, None, None),
    ] == frame.rows()


@pytest.mark.parametrize(("request_", "expected"), [(OFFSET, 5), (LINK, 5), (CURSOR, None)])
def test_the_partner_s_own_count_is_asked_for_where_the_manifest_says(
    serve: Serve, declare: Declare, request_: str, expected: int | None
) -> None:
    source = declare(system(serve(Partner())), request_)

    assert expected == source.count("plans", WINDOW)
    assert expected == source.count_since("plans", WINDOW, "2026-01-01T00:00:00Z")


def test_a_count_may_be_another_call(serve: Serve, declare: Declare) -> None:
    def respond(handler: BaseHTTPRequestHandler, _: str) -> None:
        reply(handler, '{"n": 7}' if handler.path == "/v1/count/762000" else '{"items": []}')

    request = f"{{{COMMON}, total: {{path: '/v1/count/{{organization}}', at: /n}}}}"

    assert 7 == declare(system(serve(respond)), request).count("plans", WINDOW)


def test_a_token_that_repeats_is_an_error_that_does_not_show_it(serve: Serve, declare: Declare) -> None:
    asked: list[str] = []

    def respond(handler: BaseHTTPRequestHandler, _: str) -> None:
        asked.append(handler.path)
        reply(handler, json.dumps({"items": [plan(len(asked))], "next": PERSON}))

    with pytest.raises(ConfigurationError, match="token repeats") as caught:
        ids(declare(system(serve(respond)), CURSOR))

    assert 2 == len(asked)
    assert PERSON not in caught.value.english + caught.value.french


@pytest.mark.parametrize("request_", [NUMBERED, CURSOR])
def test_a_page_that_repeats_for_ever_is_refused_and_given_once(
    serve: Serve, declare: Declare, request_: str
) -> None:
    asked: list[str] = []

    def respond(handler: BaseHTTPRequestHandler, _: str) -> None:
        asked.append(handler.path)
        reply(handler, json.dumps({"items": [plan(0), plan(1)], "next": f"t{len(asked)}"}))

    pages = declare(system(serve(respond)), request_).pages("plans", WINDOW)
    given = next(pages).frame["id"].to_list()
    with pytest.raises(ConfigurationError, match="again and again"):
        next(pages)

    assert (["p0", "p1"], 3) == (given, len(asked))


def test_pages_without_end_stop_at_the_budget_of_calls(serve: Serve, declare: Declare) -> None:
    asked: list[str] = []

    def respond(handler: BaseHTTPRequestHandler, _: str) -> None:
        asked.append(handler.path)
        reply(handler, json.dumps({"items": [plan(len(asked))], "next": f"t{len(asked)}"}))

    with pytest.raises(ConfigurationError, match="made its 4 calls"):
        ids(declare(system(serve(respond)), CURSOR, calls=4))

    assert 4 == len(asked)


@pytest.mark.parametrize(
    "link",
    [
        "https://elsewhere.example/v1/plans?page=2",
        "//elsewhere.example/v1/plans",
        "http://127.0.0.1:1/v1/plans",
        "{base}@elsewhere.example/v1/plans",
        "{base}.elsewhere.example/v1/plans",
        "file:///etc/passwd",
        "/",
    ],
)
def test_a_link_to_another_address_is_refused_and_nothing_is_asked_there(
    serve: Serve, declare: Declare, link: str
) -> None:
    asked: list[str] = []

    def respond(handler: BaseHTTPRequestHandler, _: str) -> None:
        asked.append(handler.path)
        there = link.format(base=f"http://{handler.headers['Host']}")
        reply(handler, json.dumps({"items": [plan(0)]}), headers={"Link": f'<{there}>; rel="next"'})

    with pytest.raises(ConfigurationError, match="another address") as caught:
        ids(declare(system(serve(respond) + "/base"), LINK))

    assert 1 == len(asked)
    assert "elsewhere" not in caught.value.english + caught.value.french


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"other": []}', "no list of records"),
        ('{"items": {"a": 1}}', "no list of records"),
        ('{"items": ["TREL12345678"]}', "a record is no object"),
        ('{"items": [{"nom": "TREL12345678"}]}', "plans/id is in no record"),
        ("[" * 5000 + "]" * 5000, "nested too deeply"),
    ],
)
def test_another_shape_is_refused_without_showing_it(
    serve: Serve, declare: Declare, body: str, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        ids(declare(system(serve(lambda handler, _: reply(handler, body))), WHOLE))

    assert PERSON not in caught.value.english + caught.value.french


@pytest.mark.parametrize("said", ['"many"', "-1", "null", "1.5"])
def test_a_total_that_is_no_number_is_another_contract(serve: Serve, declare: Declare, said: str) -> None:
    source = declare(
        system(serve(lambda handler, _: reply(handler, f'{{"items": [], "total": {said}}}'))), OFFSET
    )

    with pytest.raises(ConfigurationError, match="`total` is no number"):
        source.count("plans", WINDOW)


def test_a_position_of_another_source_is_refused(serve: Serve, declare: Declare) -> None:
    for position in ("", "7", '["a"]', '[1,"x",null]', "{}"):
        with pytest.raises(PositionLostError):
            ids(declare(system(serve(Partner())), CURSOR), position=position)


def test_a_page_that_did_not_change_since_is_not_sent_again(serve: Serve, declare: Declare) -> None:
    partner = Partner(2)
    address = serve(partner)
    since = "2026-02-01T10:00:00Z"
    memories: list[dict[str, str]] = [{}]
    pages = []
    for _ in range(3):
        source = declare(system(address), CURSOR)
        source.recall(memories[-1])
        pages.append(list(source.pages("plans", WINDOW, since=since)))
        memories.append(source.memory())

    assert [[2], [0], [0]] == [[page.frame.height for page in pulled] for pulled in pages]
    assert (since, None) == (pages[1][0].cursor, pages[1][0].position)
    assert [None, '"e1"', '"e1"'] == [headers.get("If-None-Match") for headers in partner.headers]
    assert memories[1] == memories[2] == memories[3]
    assert source.count_since("plans", WINDOW, since) is None


def test_a_whole_pull_and_a_list_of_several_pages_are_never_asked_for_conditionally(
    serve: Serve, declare: Declare
) -> None:
    """A first page that did not change says nothing of the second; a whole pull needs its rows."""
    partner = Partner(3)
    source = declare(system(serve(partner)), CURSOR)

    for since in (None, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"):
        source.recall(source.memory())
        assert 3 == sum(page.frame.height for page in source.pages("plans", WINDOW, since=since))

    assert not any("If-None-Match" in headers for headers in partner.headers)
    assert {} == source.memory()


def test_a_page_that_was_not_taken_is_not_held_for_known(serve: Serve, declare: Declare) -> None:
    source = declare(system(serve(Partner(2))), CURSOR)

    next(source.pages("plans", WINDOW, since="2026-01-01T00:00:00Z"))

    assert {} == source.memory()


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_page_token_that_the_partner_forgot_is_a_lost_position_and_only_when_taken_up(
    serve: Serve, declare: Declare, status: int
) -> None:
    source = declare(system(serve(lambda handler, _: reply(handler, "{}", status))), CURSOR)

    with pytest.raises(PositionLostError):
        ids(source, position='["c2",2,null]')
    with pytest.raises(PartnerRefusedError):
        ids(source)


def test_a_partner_that_goes_away_between_two_pages_is_for_a_later_try(
    serve: Serve, declare: Declare
) -> None:
    partner, calls = Partner(), [0]

    def respond(handler: BaseHTTPRequestHandler, body: str) -> None:
        calls[0] += 1
        partner(handler, body) if calls[0] < 2 else handler.connection.close()

    pages = declare(system(serve(respond)), CURSOR).pages("plans", WINDOW)
    assert 2 == next(pages).frame.height
    with pytest.raises(RetryableError, match="spi@762000/v1/plans"):
        next(pages)
