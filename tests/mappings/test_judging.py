"""The columnar judge says what pydantic says of whole documents: same documents, same faults, always."""

import json
import re
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canonical_model import generated
from canonical_model.base import Record
from canonical_model.resources import resource
from mappings.engine import loader
from mappings.engine.expressions import document, leaf_column, tree
from mappings.engine.judging import Judge
from mappings.engine.language import Field, Mapping
from mappings.engine.validation import Fault, validated

MAPPINGS = loader.load_all()
ROWS = 120  # more than the judge takes one by one
WRONG = (
    "1", "-1", "31", "2025", "82.5", "true", '""', '"x"', '"  "', '"é"', '"762000"', '"ABCD01510199"',
    '"2025-02-30"', '"2025-09-30"', '"1989-01-01"', '"82.50"', '"-3"', "[]", "{}", '["a","a"]', '"a\\nb"',
    '{"system":"sex","version":"2024-07-01","code":"M"}', '{"system":"sex","version":"1999-01-01","code":"M"}',
    '{"system":"result_code","version":"2024-07-01","code":"ABS"}',
)  # fmt: skip


def at(held: Any, parts: tuple[str, ...]) -> Any:
    """What a document holds at a path; None when it holds nothing there."""
    for part in parts:
        if isinstance(held, list):
            held = held[int(part)] if int(part) < len(held) else None
        else:
            held = None if held is None else held.get(part)
    return held


def records(mapping: Mapping, draw: Random) -> pl.DataFrame:
    """Leaf columns of many records. A cell is mostly what a sound document holds at the path; else nothing,
    or something of another kind; a constant is sound, as the checker has seen to.
    """
    good = tuple(generated.documents(mapping.resource, 40, draw.randrange(2**32)))
    wrong_share = draw.choice((0.0, 0.02, 0.3))
    columns = {}
    for number, field in enumerate(mapping.fields):
        sound = [json.dumps(value, ensure_ascii=False) for d in good if (value := at(d, field.parts)) is not None]
        sound = sound or [None]
        columns[leaf_column(number)] = [
            draw.choice((*WRONG, None, None))
            if field.constant is None and draw.random() < wrong_share
            else draw.choice(sound)
            for _ in range(ROWS)
        ]
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def placed(path: str) -> str:
    """The path without positions: the judge counts those of the mapping, pydantic those that are filled."""
    return re.sub(r"\.[0-9]+(?=\.|$)", ".#", path)


def as_whole_documents(mapping: Mapping, held: pl.DataFrame) -> tuple[list[str | None], list[Fault]]:
    """The oracle: pydantic, one document at a time."""
    model: type[Record] = resource(mapping.resource)
    return validated(model, held.select(document(tree(mapping.fields)).alias("?"))["?"])


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda mapping: mapping.id)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_what_the_judge_says_is_what_pydantic_says(mapping: Mapping, seed: int) -> None:
    held = records(mapping, Random(seed))
    expected, refused = as_whole_documents(mapping, held)

    written, faults = Judge(resource(mapping.resource), mapping.fields).judged(held)

    assert list(written) == expected
    assert {(f.index, placed(f.path), f.rule) for f in faults} == {
        (f.index, placed(f.path), f.rule) for f in refused
    }
