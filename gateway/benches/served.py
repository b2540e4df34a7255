"""The system that `passerelle bench connectors` pulls from: ``python -m gateway.benches.served WIRE ROWS FOLDER``.

A simulated system of connectors/systems, as `passerelle sandbox up` serves it, with more records than the province
would give. It writes its entry of systems.yaml into FOLDER once it answers, and ends with its standard input.
"""

import json
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from connectors.kit import sandbox
from connectors.kit.province.generate import generate
from connectors.kit.sandbox_system import SandboxSystem
from gateway.settings import Settings
from gateway.store import server

BOARD = "762000"
ENTRY = "entry.json"
_DAY = date(2026, 2, 16)
_SEED = 7
_FIRST_FICHE = 2_000_000  # above the province's own


def rest(rows: int, folder: Path) -> SandboxSystem:
    """The simulated SPI with exactly that many plans: the province's own, again and again under other numbers."""
    kind: Any = sandbox.kind("spi")
    province = generate(_SEED, students=2_000, boards=1, day=_DAY)
    plans = kind(BOARD, province, folder).contents()["plans"]
    turns = -(-rows // len(plans))
    many = [{**plan, "id": plan["id"] + 10_000_000 * turn} for turn in range(turns) for plan in plans][:rows]
    held = {"plans": many}
    scaled = type("Sandbox", (kind,), {"connector": "spi", "contents": lambda _: held})
    made: SandboxSystem = scaled(BOARD, province, folder)
    return made


def soap(rows: int, folder: Path) -> SandboxSystem:
    """The simulated Avant-garde with at least that many days: the province's children, again under other numbers."""
    province = generate(_SEED, students=2_000, boards=1, day=_DAY)
    (board,) = province.boards
    children = [pupil for pupil in board.pupils if pupil.care is not None]
    days = sum(len(pupil.care.days) for pupil in children if pupil.care is not None)
    many = [
        replace(child, fiche=_FIRST_FICHE + len(children) * turn + rank)
        for turn in range(-(-rows // days))
        for rank, child in enumerate(children)
    ]
    scaled = replace(province, boards=(replace(board, pupils=tuple(many)),))
    return sandbox.kind("avant_garde")(BOARD, scaled, folder)


def sql(folder: Path) -> SandboxSystem:
    """The simulated GPI of a small province; `many_marks` adds what is asked for."""
    return sandbox.kind("gpi")(BOARD, generate(_SEED, students=500, boards=1, day=_DAY), folder)


def many_marks(url: str, rows: int) -> None:
    """Repeat the course files of the province under other numbers until there are exactly that many."""
    with psycopg.connect(url) as connection:
        names = [
            name
            for (name,) in connection.execute(
                "select column_name from information_schema.columns where table_name = 'gpm_e_mat_ele'"
                " and column_name <> 'id_mat_ele' order by ordinal_position"
            )
        ]
        connection.execute("delete from dbo.gpm_e_mat_ele m using dbo.gpm_t_eco e"
                           " where e.id_eco = m.id_eco and e.annee <> 2025")  # fmt: skip
        connection.execute(
            f"insert into dbo.gpm_e_mat_ele (id_mat_ele, {', '.join(names)})"  # noqa: S608 - the table's own columns
            f" select 100000000 + row_number() over (), {', '.join(names)} from dbo.gpm_e_mat_ele,"
            " generate_series(1, greatest(0, %(rows)s / (select count(*) from dbo.gpm_e_mat_ele)))"
            " limit greatest(0, %(rows)s - (select count(*) from dbo.gpm_e_mat_ele))",
            {"rows": rows},
        )
        connection.execute("analyze dbo.gpm_e_mat_ele")


def serve(wire: str, rows: int, folder: Path) -> None:
    """Serve until standard input ends."""
    with ExitStack() as stack:
        postgres = ""
        if wire == "sql":
            held = server.ensure(Settings(home=folder / "home"), databases=())
            stack.callback(held.release)
            postgres = held.url("postgres")
        made = {"rest": rest, "soap": soap}[wire](rows, folder) if wire != "sql" else sql(folder)
        running = stack.enter_context(sandbox.serving([made], postgres=postgres))
        if wire == "sql":
            many_marks(held.url(f"sandbox_gpi_{BOARD}"), rows)
        part = folder / f"{ENTRY}.part"
        part.write_text(json.dumps(running.entries[0]), "utf-8")
        part.replace(folder / ENTRY)
        sys.stdin.read()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
