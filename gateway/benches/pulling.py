"""What `passerelle bench connectors` measures of ours: ``python -m gateway.benches.pulling ENTRY OUT STREAM``.

One pull as a run does it: the connector's own manifest, its source, pages landed one by one with checkpoints,
balanced with the system's count. The declared rate is left out: it is the partner's patience, not our speed.
"""

import json
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

from connectors.kit import declared, load
from connectors.kit.installation import Installation
from connectors.kit.protocol import Window
from connectors.kit.pull import Landing, pull

PAGE_ROWS = 1000  # the most that the simulated SPI gives, and what Avant-garde gives
WINDOW = Window(2025, date(2026, 2, 16))


def run(entry: Path, out: Path, stream: str) -> int:
    """Pull the stream into a landing below `out`; how many rows landed."""
    told = json.loads(entry.read_text("utf-8"))
    connector, _, organization = told["system"].partition("@")
    installation = Installation(connector, organization, told["address"], told["secrets"], told["options"])
    manifest = load.manifest(installation.connector)
    if manifest.entry is None:
        limits = replace(manifest.limits, requests_per_second=None, page_rows=PAGE_ROWS)
        manifest = replace(manifest, limits=limits)
        source = declared.source(manifest, installation)
    else:
        source = load.source(installation)
    landing = Landing(out / "landing", digest_key=b"of-a-measure-only")
    try:
        return pull(source, manifest, stream, WINDOW, landing=landing).rows
    finally:
        source.close()


if __name__ == "__main__":
    found = run(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    (Path(sys.argv[2]) / "rows.txt").write_text(str(found))
