"""A partner that says Retry-After is left alone for that long, by every delivery and every worker."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gateway.outbox import WaitingError
from tests.gateway.outbox.conftest import Desk

ASKED = 1800


class Busy(ThreadingHTTPServer):
    """Answers everything with 429 and a Retry-After of half an hour; counts the calls."""

    calls = 0


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Busy)
        self.server.calls += 1
        self.send_response(429)
        self.send_header("Retry-After", str(ASKED))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the library's word
        """Say nothing."""


@pytest.fixture
def busy() -> Iterator[Busy]:
    with Busy(("127.0.0.1", 0), _Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_after_a_retry_after_nobody_calls_before_its_end(desk: Desk, busy: Busy) -> None:
    desk.install(address=f"http://127.0.0.1:{busy.server_address[1]}")
    desk.put("J-1", "J-2")
    desk.work()
    calls = busy.calls
    desk.install()

    for _ in range(2):
        desk.clock += timedelta(seconds=ASKED // 2 - 1)
        assert () == desk.work()
        with pytest.raises(WaitingError):
            desk.bring("J-1")
    assert (calls, ()) == (busy.calls, desk.erp.journals())

    desk.clock += timedelta(seconds=2)
    desk.work()
    assert ("J-1", "J-2") == desk.erp.journals()
