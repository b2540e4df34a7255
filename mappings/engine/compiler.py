"""Runs a mapping over a batch: checks, compiles, maps in slices, validates, accounts. Refuses a faulty mapping.

The plan is one and the same for every slice of the main stream; slices keep the memory of a run flat.
"""

from collections.abc import Mapping as Frames
from datetime import date

import polars as pl

from canonical_model.base import Resource
from canonical_model.resources import resource
from mappings.engine import checker, lineage, plan
from mappings.engine.expressions import SLOT
from mappings.engine.language import Mapping
from mappings.engine.plan import COLUMN, DOCUMENT, KEY, OUT, RULE, Plan
from mappings.engine.result import DOCUMENTS, RECORD, REJECTS, Mapped
from mappings.engine.streams import ROW, admitted
from mappings.engine.validation import validated

SLICE = 20_000  # rows of the main stream: a wide row of GPI gives up to thirty records


def run(
    mapping: Mapping, streams: Frames[str, pl.DataFrame], *, system: str, organization: str, day: date
) -> Mapped:
    """Map one batch. `streams`: every declared stream, all columns text or null, `_row` and `_fault` if any.

    `system` is the installation (``gpi@762000``), for messages; `organization` its six digits; `day` the
    business day, by which code maps and code lists are dated. Raises ConfigurationError for a mapping with
    findings and for frames that break the contract; a bad record is a reject, never an exception.
    """
    checker.require(mapping)
    frames = admitted(mapping, streams, system=system)
    main = plan.with_keys(mapping, frames[mapping.stream])
    sides = {join.stream: plan.side(join, frames[join.stream]) for join in mapping.joins}
    compiled = plan.compiled(mapping, organization=organization, day=day)
    parts = [
        _Part(compiled, resource(mapping.resource), main[start : start + SLICE], sides)
        for start in range(0, main.height, SLICE)
    ]
    documents = pl.concat([pl.DataFrame(schema=DOCUMENTS), *(part.documents for part in parts)])
    rejects = pl.concat([pl.DataFrame(schema=REJECTS), *(part.rejects for part in parts)])
    return Mapped(
        mapping=mapping.id,
        documents=documents,
        rejects=rejects.sort(ROW_ORDER, maintain_order=True, nulls_last=False),
        rows=main.height,
        filtered=sum(part.filtered for part in parts),
        empty=sum(part.empty for part in parts),
        candidates=sum(part.candidates for part in parts),
        rejected=rejects.select("row", "slot").n_unique() if rejects.height else 0,
    )
