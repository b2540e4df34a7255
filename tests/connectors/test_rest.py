"""The kit's REST client against a real server on loopback: tokens, tries, refusals, silence on persons."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit.installation import Installation
from connectors.kit.manifest import Limits
from connectors.kit.rest import PartnerRefusedError, RestClient

SECRET = "s3cr:t/é"
DEFAULTS = Limits()


@dataclass
class Partner:
    """A server that answers what it is told to and remembers what it was asked."""

    answers: list[tuple[int, str, bytes]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    token: tuple[int, bytes] = (200, b'{"access_token": "t1", "token_type": "Bearer", "expires_in": 300}')
    kind: str = "application/json"  # of the token
    tokens: int = 0
    address: str = ""
    delay: float = 0.0


@pytest.fixture
def partner() -> Iterator[Partner]:
    state = Partner()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path == "/base/oauth/token":
                state.tokens += 1
                state.asked.append(("TOKEN", self.path, dict(self.headers), body))
                self.reply(state.token[0], state.kind, state.token[1])
                return
            state.asked.append((self.command, self.path, dict(self.headers), body))
            time.sleep(state.delay)
            answer = state.answers.pop(0) if len(state.answers) > 1 else state.answers[0]
            self.reply(*answer)

        do_GET = do_POST  # noqa: N815 - the name that http.server calls

        def reply(self, status: int, kind: str, body: bytes) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                for name, value in state.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True  # the client gave up first

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    state.address = f"http://127.0.0.1:{server.server_address[1]}/base"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


Make = Callable[..., RestClient]


@pytest.fixture
def make(partner: Partner) -> Iterator[Make]:
    """Makes clients of the partner that do not really wait between tries."""
    made = []

    def client(pauses: list[float] | None = None, limits: Limits = DEFAULTS, **options: str) -> RestClient:
        installation = Installation(
            "college", "916000", partner.address, {"client_secret": SECRET}, {"client_id": "hub", **options}
        )
        made.append(
            RestClient(
                installation,
                limits=limits,
                pause=(pauses if pauses is not None else []).append,
                draw=lambda: 1.0,
            )
        )
        return made[-1]

    yield client
    for item in made:
        item.close()


JSON = "application/json"
OK = (200, JSON, b'{"number": "1"}')


def test_a_call_carries_a_token_its_key_and_the_same_bytes_each_time(partner: Partner, make: Make) -> None:
    partner.answers = [OK]
    client = make()

    client.post_json("/lots", {"b": "é", "a": 1}, key="k1")
    client.post_json("/lots", {"a": 1, "b": "é"}, key="k1")

    first, second = [call for call in partner.asked if call[0] == "POST"]
    assert 1 == partner.tokens
    assert ("Bearer t1", "k1") == (first[2]["Authorization"], first[2]["Idempotency-Key"])
    assert '{"a":1,"b":"é"}'.encode() == first[3] == second[3]


def test_client_id_and_secret_are_encoded_as_the_standard_says(partner: Partner, make: Make) -> None:
    """RFC 6749 §2.3.1: both are form-encoded before they are joined."""
    partner.answers = [OK]

    make().get_json("/lots/1")

    assert "Basic aHViOnMzY3IlM0F0JTJGJUMzJUE5" == partner.asked[0][2]["Authorization"]
    assert b"grant_type=client_credentials" == partner.asked[0][3]


def test_a_token_that_the_partner_ended_is_renewed_once(partner: Partner, make: Make) -> None:
    partner.answers = [(401, JSON, b"{}"), OK]

    assert {"number": "1"} == make().get_json("/lots/1")
    assert 2 == partner.tokens


def test_a_short_token_is_not_kept_past_its_end(partner: Partner, make: Make) -> None:
    partner.token = (200, b'{"access_token": "t", "expires_in": 1}')
    partner.answers = [OK]
    client = make()

    client.get_json("/lots/1")
    client.get_json("/lots/1")

    assert 2 == partner.tokens


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_sign_in_names_the_secret_to_correct_and_never_shows_it(
    partner: Partner, make: Make, status: int
) -> None:
    partner.token = (status, b'{"error": "invalid_client"}')

    with pytest.raises(ConfigurationError, match="client_secret") as caught:
        make().get_json("/lots/1")

    assert "invalid_client" in caught.value.french
    assert SECRET not in caught.value.english + caught.value.french
    assert ["TOKEN"] == [call[0] for call in partner.asked]


def test_a_call_that_stays_forbidden_is_a_sign_in_to_correct(partner: Partner, make: Make) -> None:
    partner.answers = [(403, JSON, b'{"code": "portee-insuffisante"}')]

    with pytest.raises(ConfigurationError, match="portee-insuffisante"):
        make().get_json("/lots/1")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_passes_is_tried_three_times_with_growing_waits(
    partner: Partner, make: Make, status: int
) -> None:
    partner.answers = [(status, JSON, b"{}")]
    pauses: list[float] = []

    with pytest.raises(RetryableError, match=f"HTTP {status}, 3 times"):
        make(pauses).post_json("/lots", {}, key="k")

    assert 3 == len([call for call in partner.asked if call[0] == "POST"])
    assert [0.25, 0.5] == pauses


def test_the_partner_says_how_long_to_wait_and_a_wait_past_the_age_is_left_to_the_next_run(
    partner: Partner, make: Make
) -> None:
    partner.answers = [(429, JSON, b"{}")]
    pauses: list[float] = []
    partner.headers = {"Retry-After": "2"}
    with pytest.raises(RetryableError, match="3 times"):
        make(pauses).get_json("/lots/1")
    partner.headers = {"Retry-After": "3600"}
    with pytest.raises(RetryableError, match=r"longer than limits\.give_up_after"):
        make(pauses).get_json("/lots/1")

    assert [2.0, 2.0] == pauses
    assert 4 == len([call for call in partner.asked if call[0] == "GET"])


def test_calls_keep_to_the_declared_rate(partner: Partner, make: Make) -> None:
    partner.answers = [OK]
    pauses: list[float] = []
    client = make(pauses, Limits(requests_per_second=0.01))

    client.get_json("/lots/1")

    (wait,) = pauses  # the token was the first call
    assert 95 < wait <= 100


def test_one_bad_moment_is_forgiven(partner: Partner, make: Make) -> None:
    partner.answers = [(503, JSON, b"{}"), OK]

    assert {"number": "1"} == make().post_json("/lots", {}, key="k")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, "text/html; charset=utf-8", b"<h1>Entretien</h1>"), "a web page instead of JSON"),
        ((200, JSON, b'{"number": "1'), "cut or is not JSON"),
    ],
)
def test_a_page_or_a_cut_answer_is_for_a_later_try(
    partner: Partner, make: Make, answer: tuple[int, str, bytes], words: str
) -> None:
    partner.answers = [answer]

    with pytest.raises(RetryableError, match=words):
        make().get_json("/lots/1")


def test_a_time_out_and_a_refused_connection_are_for_a_later_try(partner: Partner, make: Make) -> None:
    partner.answers, partner.delay = [OK], 0.5
    with pytest.raises(RetryableError, match="no answer in time"):
        make(timeout_seconds="0.1").get_json("/lots/1")

    partner.address = "http://127.0.0.1:1"
    with pytest.raises(RetryableError, match="the connection failed"):
        make().get_json("/lots/1")


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (422, b'{"code": "nombre-different", "detail": "Tremblay"}', "nombre-different"),
        (404, b'{"type": "https://example.org/problems/unknown-lot"}', "unknown-lot"),
        (400, b'{"error": "a sentence with Tremblay"}', "http-400"),
        (409, b"<p>Tremblay</p>", "http-409"),
    ],
)
def test_another_refusal_gives_the_partner_s_stable_code_and_nothing_it_wrote(
    partner: Partner, make: Make, status: int, body: bytes, problem: str
) -> None:
    partner.answers = [(status, JSON, body)]

    with pytest.raises(PartnerRefusedError) as caught:
        make().post_json("/lots", {"name": "Tremblay"}, key="k")

    assert (status, problem) == (caught.value.status, caught.value.problem)
    assert "Tremblay" not in caught.value.english + caught.value.french
    assert 1 == len([call for call in partner.asked if call[0] == "POST"])


def test_a_redirect_is_not_followed_so_nothing_goes_elsewhere(partner: Partner, make: Make) -> None:
    partner.answers = [(307, JSON, b"{}"), OK]
    partner.headers = {"Location": f"{partner.address}/elsewhere"}

    with pytest.raises(ConfigurationError, match="redirects elsewhere"):
        make().post_json("/lots", {}, key="k")

    assert "/base/elsewhere" not in [call[1] for call in partner.asked]


def test_an_answer_above_the_limit_is_refused(partner: Partner, make: Make) -> None:
    partner.answers = [(200, JSON, b'{"a": "' + b"x" * 2000 + b'"}')]

    with pytest.raises(ConfigurationError, match="larger than 1000 bytes"):
        make(limits=Limits(largest_answer=1000)).get_json("/lots/1")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"7"])
def test_json_that_is_no_object_is_another_contract(partner: Partner, make: Make, body: bytes) -> None:
    partner.answers = [(200, JSON, body)]

    with pytest.raises(ConfigurationError, match="not what the contract says"):
        make().get_json("/lots/1")


def test_without_client_id_or_secret_nothing_is_asked(partner: Partner, make: Make) -> None:
    with pytest.raises(ConfigurationError, match="client_id"):
        make(client_id="").get_json("/lots/1")

    assert [] == partner.asked


def test_no_address_is_logged(partner: Partner, make: Make, caplog: pytest.LogCaptureFixture) -> None:
    partner.answers = [OK]

    with caplog.at_level(logging.INFO):
        make().get_json("/lots/ABCD12345678")

    assert "ABCD12345678" not in caplog.text


def test_a_token_that_is_refused_again_is_a_sign_in_to_correct(partner: Partner, make: Make) -> None:
    """Renewed once and not for ever."""
    partner.answers = [(401, JSON, b"{}")]

    with pytest.raises(ConfigurationError, match="sign-in was refused"):
        make().get_json("/lots/1")

    assert (2, 2) == (partner.tokens, len([call for call in partner.asked if call[0] == "GET"]))


@pytest.mark.parametrize(
    "answer", [b'{"error": "none"}', b'{"access_token": 7}', b'{"access_token": "a\\nb"}', b"[]"]
)
def test_a_token_endpoint_of_another_contract_is_named(partner: Partner, make: Make, answer: bytes) -> None:
    partner.token = (200, answer)

    with pytest.raises(ConfigurationError, match="/oauth/token: the answer is not what the contract says"):
        make().get_json("/lots/1")

    assert 1 == partner.tokens


def test_a_token_endpoint_that_answers_a_page_is_named(partner: Partner, make: Make) -> None:
    partner.token, partner.kind = (200, b"<html>Tremblay</html>"), "text/html"

    with pytest.raises(RetryableError, match="the sign-in at /oauth/token: a web page") as caught:
        make().get_json("/lots/1")

    assert 3 == partner.tokens
    assert "Tremblay" not in caught.value.english + caught.value.french


def test_a_token_s_age_may_be_written_as_text(partner: Partner, make: Make) -> None:
    partner.token = (200, b'{"access_token": "t", "expires_in": "3600"}')
    partner.answers = [OK]
    client = make()

    client.get_json("/lots/1")
    client.get_json("/lots/1")

    assert 1 == partner.tokens
