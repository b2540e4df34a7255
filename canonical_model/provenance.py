"""Where a canonical value comes from: system, stream, record, mapping. Holds places, never values."""

from typing import Annotated

from pydantic import StringConstraints

from canonical_model.base import Model


class Place(Model):
    """The record that a resource was made of.

    `system`: installation, as ``gpi@762000``. `stream`: table, call or file. `row`: one-based, in
    the landed batch. `key`: the source's own key of the row, as text. `slot`: which of the wide
    columns, when one row gives several resources (``02`` of ``res_etape_02``).
    """

    system: str
    stream: str
    row: int
    key: Annotated[str, StringConstraints(max_length=200)]
    slot: str | None = None
    mapping: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_/]+@\d+$")]
    batch: str
