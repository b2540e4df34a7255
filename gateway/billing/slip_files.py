"""Writes issued slips as XML, and the summary, for the owner's eyes only. A file is whole or not there."""

import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from gateway.billing import slip_store
from gateway.billing.boxes import Boxes
from gateway.billing.rl24_xml import MARK, certified, render
from gateway.billing.site_files import Filer
from gateway.billing.summary import summarise
from gateway.evidence.chain import Entry, append
from gateway.store import exchanges
from gateway.store.hub import Hub


def write_pending(
    hub: Hub, *, organization: str, year: int, table: Boxes, filer: Filer, moment: datetime
) -> None:
    """Write every file whose slips are stored and not yet on disk; its exchange then names it."""
    with hub.transaction() as connection:
        waiting = slip_store.unwritten(connection, hub.keys, organization=organization, year=year)
    place = folder(hub.settings.root)
    for exchange in sorted({file.exchange for file in waiting}):
        files = [file for file in waiting if file.exchange == exchange]
        written = [
            _written(place, file.name, render(file.code, file.slips, boxes=table, filer=filer))
            | {"kind": file.code, "slips": len(file.slips)}
            for file in files
        ]
        with hub.transaction() as connection:
            for batch in sorted({file.batch for file in files}):
                name = f"sommaire24_{year}_{organization}_{batch:02d}.json"
                document = _summary(connection, organization, year, batch, filer)
                mark = "" if certified(table, filer) else MARK
                written.append(_written(place, mark + name, document) | {"kind": "summary"})
            if slip_store.note_written(connection, files, year=year, moment=moment) == 0:
                continue  # another process wrote the same bytes and noted them first
            exchanges.record(connection, exchange, state="done", receipt={"files": written}, moment=moment)
            facts = {"exchange": exchange, "files": written}
            append(connection, moment, Entry("billing.slip-files-written", None, facts))


def folder(home: Path) -> Path:
    """Where the files of slips lie."""
    return home / "out" / "rl24"


def _summary(connection: sa.Connection, organization: str, year: int, batch: int, filer: Filer) -> bytes:
    held = slip_store.amounts(connection, organization=organization, year=year, batch=batch)
    found = summarise(year, (slip for slips in held.values() for slip in slips), amended=batch > 1)
    document = {
        **found.document(),
        "filer": filer.name,
        "identification": f"{filer.identification}RS{filer.file}",
        "address": [filer.street, filer.city, filer.province, filer.postal_code],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _written(place: Path, name: str, content: bytes) -> dict[str, Any]:
    """Write one file by an atomic rename; what is read under its name is always whole."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = place / f".{name}.part"
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(place / name)
    return {"name": name, "sha256": hashlib.sha256(content).hexdigest()}
