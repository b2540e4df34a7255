"""A real pull in a process of its own, killed again and again: what the tests and a person at a bench both run.

    python -m tests.connectors.pull.killed --rows 200000 --kills 3

starts a paging server on loopback, pulls from it, kills the puller with SIGKILL at random moments, runs it
again until it ends, and compares every row with the source's. Exit 0 when they are the same.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import httpx
import orjson
import polars as pl
import psycopg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.kit.installation import Installation
from connectors.kit.manifest.model import SqlQuery
from connectors.kit.protocol import Page, Source, Window
from connectors.kit.pull import Landing, pull
from connectors.kit.sql import SqlSource, postgres
from tests.connectors.pull.declaring import manifest

REPOSITORY = Path(__file__).parents[3]
WINDOW = Window(2025, date(2026, 2, 16))
COLUMNS = ("id", "nom")


def row(number: int) -> dict[str, str]:
    """The source's row of that number."""
    return {"id": f"{number:09d}", "nom": f"Exemple {number * 7919 % 100_003}"}


def application(rows: int) -> Starlette:
    """A service that gives its rows page after page; a page names the last id before it."""

    async def page(request: Request) -> Response:
        after, limit = int(request.query_params["after"]), int(request.query_params["limit"])
        items = [row(number) for number in range(after + 1, min(after + limit, rows) + 1)]
        following = after + limit if after + limit < rows else None
        return Response(orjson.dumps({"items": items, "next": following}), media_type="application/json")

    async def total(_: Request) -> Response:
        return Response(str(rows))

    return Starlette(routes=[Route("/items", page), Route("/count", total)])


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """The address of that application, served on a free port of loopback by a thread."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


class Items(Source):
    """The plainest reader of that service: its position is the number of the last row."""

    def read(self, stream: str, window: Window) -> Iterator[pl.DataFrame]:
        return (page.frame for page in self.pages(stream, window))

    def pages(
        self, stream: str, window: Window, *, since: str | None = None, position: str | None = None
    ) -> Iterator[Page]:
        limit = self.installation.options["limit"]
        with httpx.Client(base_url=self.installation.address, trust_env=False) as client:
            while True:
                answer = client.get("/items", params={"after": position or "0", "limit": limit}).json()
                position = None if answer["next"] is None else str(answer["next"])
                yield Page(pl.DataFrame(answer["items"], schema=dict.fromkeys(COLUMNS, pl.String)), position)
                if position is None:
                    return

    def count(self, stream: str, window: Window) -> int:
        return int(httpx.get(f"{self.installation.address}/count", trust_env=False).text)


def filled(address: str, rows: int) -> None:
    """The same rows as a table of PostgreSQL."""
    with psycopg.connect(address) as connection:
        connection.execute("create schema dbo; create table dbo.items (id text primary key, nom text)")
        with connection.cursor().copy("copy dbo.items from stdin") as copy:
            for number in range(1, rows + 1):
                copy.write_row(tuple(row(number).values()))


def put(folder: Path, address: str, limit: str) -> None:
    """What the killed process does; `limit`: rows of a page over REST, bytes of one over SQL."""
    if address.startswith("http"):
        source: Source = Items(Installation("invented", "762000", address, {}, {"limit": limit}))
        declared = manifest()
    else:
        contract = folder.parent / "streams.yaml"
        contract.write_text("streams: {items: {named: dbo.items, columns: {id: Number, nom: Name}}}")
        declared = manifest(query=SqlQuery("", ("id",)), contract=contract)
        postgres.BATCH_BYTES = int(limit)
        source = SqlSource(Installation("invented", "762000", address, {"password": "x"}, {}), declared)
    pull(source, declared, "items", WINDOW, landing=Landing(folder))


def puller(folder: Path, address: str, limit: str) -> list[str]:
    """The arguments of Python for a process that pulls into that folder."""
    return ["-m", "tests.connectors.pull.killed", "--limit", limit, "--child", str(folder), address]


def landed_pages(folder: Path) -> int:
    """How many pages stand in a landing."""
    return len(list(folder.glob("page-*.arrow")))


def killed_and_run_again(folder: Path, command: list[str], kills: int, pages: int, seed: int = 0) -> int:
    """Run the command, killing it that many times after some pages more have landed; the number of kills done."""
    chance, done = random.Random(seed), 0
    while True:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
        )
        if done < kills:
            left = pages - landed_pages(folder)
            wanted = landed_pages(folder) + chance.randint(1, max(1, left // (kills - done + 1)))
            while process.poll() is None and landed_pages(folder) < wanted:
                time.sleep(0.0005)
            time.sleep(chance.random() * 0.003)  # anywhere within the landing of a page
            process.send_signal(signal.SIGKILL)
        said, _ = process.communicate()
        if process.returncode == -signal.SIGKILL:
            done += 1
        elif process.returncode != 0:
            raise AssertionError(said)
        else:
            return done


def same_rows(folder: Path, rows: int) -> bool:
    """Whether the landing holds exactly the source's rows, in order."""
    landing = Landing(folder)
    number = 0
    with landing.held():
        landing.look()
    for frame in landing.frames():
        expected = pl.DataFrame([row(number + place + 1) for place in range(frame.height)])
        if not expected.equals(frame):
            return False
        number += frame.height
    return number == rows


def main() -> int:
    """The bench by hand."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--limit", default="1000")
    parser.add_argument("--child", nargs=2, metavar=("FOLDER", "ADDRESS"))
    asked = parser.parse_args()
    if asked.child:
        put(Path(asked.child[0]), asked.child[1], asked.limit)
        return 0
    with tempfile.TemporaryDirectory() as place, served(application(asked.rows)) as address:
        folder = Path(place) / "items"
        begun = time.monotonic()
        done = killed_and_run_again(
            folder,
            puller(folder, address, asked.limit),
            asked.kills,
            asked.rows // int(asked.limit),
        )
        same = same_rows(folder, asked.rows)
        spent = time.monotonic() - begun
    print(  # noqa: T201 - a door for people
        f"{asked.rows} rows, {done} kills, {spent:.1f} s: {'the same rows' if same else 'OTHER ROWS'}"
    )
    return 0 if same and done == asked.kills else 1


if __name__ == "__main__":
    sys.exit(main())
