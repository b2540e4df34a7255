"""Servers on loopback that answer what a test tells them, installed systems, and declared sources to ask them."""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from connectors.kit import manifest as manifests
from connectors.kit.installation import Installation
from connectors.kit.protocol import Window
from connectors.kit.rest.declared import RestSource

WINDOW = Window(2025, date(2026, 2, 16))
Respond = Callable[[BaseHTTPRequestHandler, str], None]
"""Answers one request by its handler; the second argument is its body."""
Serve = Callable[..., str]

MANIFEST = """
name: spi
direction: inbound
protocol: rest
owner: somebody@example.org
schedule: "0 5 * * *"
identity: refers
secrets: [{secrets}]
authentication: {authentication}
limits: {limits}
contract: {{kind: reference, file: contract/streams.yaml}}
streams:
  plans:
    key: [id]
    cursor: modified_at
    request: {request}
mappings: [spi/support_plan@1]
quality: {{samples-are-invented: done}}
"""
CONTRACT = """
streams:
  plans:
    named: plans
    columns:
      id: Number of the plan
      mark: {named: /result/mark, means: Mark}
      label: {named: libelle, means: Label}
      modified_at: Moment of the last change
"""


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers; the answer of each is a function of the test."""
    with ExitStack() as stack:

        def begin(respond: Respond, tls: ssl.SSLContext | None = None) -> str:
            class Handler(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    length = int(self.headers.get("Content-Length", 0))
                    try:
                        respond(self, self.rfile.read(length).decode())
                    except OSError:
                        self.close_connection = True  # the client gave up first

                do_POST = do_GET  # noqa: N815 - the name that http.server calls

                def log_message(self, *_: object) -> None:
                    """Nothing is printed."""

            class Server(ThreadingHTTPServer):
                def handle_error(self, *_: object) -> None:
                    """A handshake that the client refuses is what some tests want."""

            server = Server(("127.0.0.1", 0), Handler)
            if tls is not None:
                server.socket = tls.wrap_socket(
                    server.socket, server_side=True, do_handshake_on_connect=False
                )
            thread = threading.Thread(
                target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
            )
            thread.start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            return f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"

        yield begin


def reply(
    handler: BaseHTTPRequestHandler,
    body: bytes | str = b"",
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    kind: str = "application/json",
) -> None:
    """One whole answer."""
    written = body.encode() if isinstance(body, str) else body
    told = {"Content-Type": kind, "Content-Length": str(len(written)), **(headers or {})}
    handler.send_response_only(status)
    for name, value in told.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(written)


def system(
    address: str, secrets: Mapping[str, str] | None = None, options: Mapping[str, str] | None = None
) -> Installation:
    """The installed system that the tests ask."""
    return Installation("spi", "762000", address, dict(secrets or {}), dict(options or {}))


@pytest.fixture
def declare(tmp_path: Path) -> Iterator[Callable[..., RestSource]]:
    """Makes declared sources from a manifest of YAML, as a connector without Python has one."""
    made: list[RestSource] = []

    def source(
        installation: Installation,
        request: str,
        *,
        authentication: str = "{kind: none}",
        limits: str = '{tries: "1", page_rows: "2"}',
        secrets: str = "",
        **more: object,
    ) -> RestSource:
        folder = tmp_path / "spi"
        (folder / "contract").mkdir(parents=True, exist_ok=True)
        (folder / "contract" / "streams.yaml").write_text(CONTRACT, "utf-8")
        told = MANIFEST.format(request=request, authentication=authentication, limits=limits, secrets=secrets)
        (folder / "manifest.yaml").write_text(told, "utf-8")
        made.append(RestSource(installation, manifests.read(folder), **more))  # type: ignore[arg-type]
        return made[-1]

    yield source
    for item in made:
        item.close()
