"""What mappings/sram writes is what the connector's contract lets out: same columns, widths and types."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from canonical_model import strict_yaml
from connectors.kit.files.outgoing import Outgoing
from connectors.kit.formats import Layout, write
from connectors.kit.installation import Installation
from connectors.kit.protocol import Delivery
from connectors.systems.sram.target import CONTRACT, SramTarget
from mappings.engine import loader

KINDS = ("applicant", "school_result", "ministry_result")
MAPPINGS = Path(loader.__file__).parents[1] / "sram"


def form(kind: str) -> dict[str, Any]:
    """A form of mappings/sram, as texts."""
    found: dict[str, Any] = strict_yaml.load_file(MAPPINGS / "forms" / f"{kind}.v1.yaml")
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_contract_and_form_have_the_same_columns_and_widths(kind: str) -> None:
    told: Any = strict_yaml.load_file(CONTRACT)
    columns = told["streams"][kind]["columns"].values()

    fields = form(kind)["fields"]
    assert [(name, field["width"]) for name, field in fields.items()] == [
        (column["named"], column["width"]) for column in columns
    ]
    assert [told["streams"][kind]["type"]] == fields["TYPE"]["values"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_golden_results_of_the_mapping_are_let_out(kind: str, tmp_path: Path) -> None:
    lines = (MAPPINGS / "samples" / f"{kind}.v1.jsonl").read_text("utf-8").splitlines()
    written = io.BytesIO()
    told = form(kind)
    rows = write(
        (json.dumps(json.loads(line)["document"]) for line in lines),
        Layout.from_text(told["layout"], told["fields"], place=kind),
        written,
    )
    target = SramTarget(Installation("sram", "000002", str(tmp_path), {}, {}))

    receipt = target.deliver(Delivery("K1", (object(),), (Outgoing(kind, written.getvalue(), rows),)))  # type: ignore[arg-type]

    assert rows == receipt.accepted > 0
