"""The kept corpus: what was once written is readable for ever, and comes back as it left.

canonical_model/corpus/<Resource>/<day>.json holds a few documents of that day's model. A file is never
edited: a change of the model that cannot read it is a new version of the resource, not another file.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from canonical_model import resources

FOLDER = Path(resources.__file__).parents[1] / "corpus"
FILES = sorted(FOLDER.glob("*/*"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_kept_document_is_readable_and_comes_back_as_it_left(path: Path) -> None:
    kind = resources.resource(path.parent.name)
    for document in kept(path):
        held = kind.model_validate_json(json.dumps(document))
        written = held.model_dump_json(exclude_none=True)

        assert held == kind.model_validate_json(written)
        assert written == kind.model_validate_json(written).model_dump_json(exclude_none=True)
        hash(held)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_corpus_file_is_named_by_resource_and_day_and_holds_documents(path: Path) -> None:
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}\.json", path.name)
    assert path.parent.name in resources.NAMES
    assert kept(path)


@pytest.mark.parametrize("name", resources.NAMES)
def test_every_resource_has_kept_documents(name: str) -> None:
    assert list((FOLDER / name).glob("*.json")), (
        f"{name} has no kept document. Once its fields are settled, write the first ones:\n"
        f"  passerelle model sample {name} --count 3 --seed 1 --json "
        f"> canonical_model/corpus/{name}/$(date +%F).json"
    )


def kept(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return found
