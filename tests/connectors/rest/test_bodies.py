"""Answers that must not be believed: without end, swollen, cut, dripping, elsewhere; memory stays flat."""

import gzip
import time
import tracemalloc
import zlib
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from canonical_model.errors import ConfigurationError, RetryableError
from connectors.kit.manifest import Limits
from connectors.kit.rest import Anonymous, PartnerRefusedError, RestClient
from tests.connectors.rest.conftest import Respond, Serve, reply, system

MEGABYTE = 1024 * 1024
LARGEST = 4 * MEGABYTE


def ask(address: str, **limits: object) -> object:
    bounds = Limits(**{"tries": 1, "largest_answer": LARGEST, **limits})  # type: ignore[arg-type]
    client = RestClient(system(address), way_in=Anonymous(), limits=bounds)
    try:
        return client.fetch("/v1").value
    finally:
        client.close()


def endless(size: int, sent: list[int], *, status: int = 200) -> Respond:
    """An answer of `size` bytes that does not say so."""

    def respond(handler: BaseHTTPRequestHandler, _: str) -> None:
        handler.send_response_only(status)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        handler.close_connection = True
        piece = b"[" * 65536
        for _ in range(size // len(piece)):
            handler.wfile.write(piece)
            sent[0] += len(piece)

    return respond


def test_two_gigabytes_without_length_are_refused_at_the_limit_in_flat_memory(serve: Serve) -> None:
    sent = [0]
    address = serve(endless(2 * 1024 * MEGABYTE, sent))
    tracemalloc.start()
    with pytest.raises(ConfigurationError, match=f"larger than {LARGEST} bytes"):
        ask(address)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 3 * LARGEST
    assert sent[0] < 64 * MEGABYTE  # the partner was left, not heard out


def test_of_a_refusal_without_end_only_the_beginning_is_read(serve: Serve) -> None:
    sent = [0]
    with pytest.raises(PartnerRefusedError, match="400, http-400"):
        ask(serve(endless(2 * 1024 * MEGABYTE, sent, status=400)))

    assert sent[0] < 64 * MEGABYTE


def test_a_length_above_the_limit_is_refused_before_it_is_read(serve: Serve) -> None:
    def respond(handler: BaseHTTPRequestHandler, _: str) -> None:
        reply(handler, b"{", headers={"Content-Length": str(LARGEST + 1)})

    with pytest.raises(ConfigurationError, match="larger than"):
        ask(serve(respond))


def test_a_gzip_bomb_is_counted_as_it_is_undone(serve: Serve) -> None:
    bomb = gzip.compress(b" " * (200 * MEGABYTE))
    address = serve(lambda handler, _: reply(handler, bomb, headers={"Content-Encoding": "gzip"}))
    assert len(bomb) < MEGABYTE / 2
    tracemalloc.start()
    with pytest.raises(ConfigurationError, match="larger than"):
        ask(address)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 4 * LARGEST


@pytest.mark.parametrize(("name", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_compressed_answer_is_read_and_a_cut_one_is_for_a_later_try(
    serve: Serve, name: str, pack: object
) -> None:
    whole = pack(b'{"a": 1.50}' + b" " * 300_000)  # type: ignore[operator]
    told = {"Content-Encoding": name}

    found = ask(serve(lambda handler, _: reply(handler, whole, headers=told)))
    assert b"1.50" == bytes(found["a"])  # type: ignore[index]
    with pytest.raises(RetryableError, match="cut"):
        ask(serve(lambda handler, _: reply(handler, whole[:-9], headers=told)))
    with pytest.raises(RetryableError, match="damaged"):
        ask(serve(lambda handler, _: reply(handler, b"{}", headers=told)))


def test_an_encoding_that_was_not_asked_for_is_refused(serve: Serve) -> None:
    with pytest.raises(ConfigurationError, match="an encoding that was not asked for"):
        ask(serve(lambda handler, _: reply(handler, b"{}", headers={"Content-Encoding": "br"})))


def test_an_answer_shorter_than_its_length_is_for_a_later_try(serve: Serve) -> None:
    def respond(handler: BaseHTTPRequestHandler, _: str) -> None:
        reply(handler, b'{"a": 1}', headers={"Content-Length": "9"})
        handler.close_connection = True

    with pytest.raises(RetryableError, match="connection failed"):
        ask(serve(respond))


def test_a_partner_that_drips_is_left_after_the_age_of_the_call(serve: Serve) -> None:
    def respond(handler: BaseHTTPRequestHandler, _: str) -> None:
        handler.send_response_only(200)
        handler.end_headers()
        for _ in range(200):
            handler.wfile.write(b" ")
            time.sleep(0.02)

    began = time.monotonic()
    with pytest.raises(RetryableError, match="did not end in time"):
        ask(serve(respond), give_up_after=timedelta(seconds=0.2))

    assert time.monotonic() - began < 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed_wherever_it_leads(serve: Serve, status: int) -> None:
    elsewhere: list[str] = []
    other = serve(lambda handler, _: elsewhere.append(handler.path))
    address = serve(lambda handler, _: reply(handler, b"", status, {"Location": f"{other}/v1"}))

    with pytest.raises(ConfigurationError, match="redirects elsewhere") as caught:
        ask(address)

    assert [] == elsewhere
    assert other not in caught.value.english + caught.value.french


def test_a_304_that_nobody_asked_for_is_a_refusal(serve: Serve) -> None:
    with pytest.raises((PartnerRefusedError, ConfigurationError)):
        ask(serve(lambda handler, _: reply(handler, b"", 304)))
