"""The yardstick's job (`../shared/bench`) in our language: ``python -m gateway.benches.yardstick SOURCES OUT``.

What a run of a mapping always does is done here: every record is validated, rejects and the lineage of every
document are written beside the documents. The code maps of the mapping are made of the job's own seeds.
"""

import csv
import shutil
import sys
import tempfile
from datetime import date
from pathlib import Path

from gateway.mapping_files import StreamFile
from gateway.mapping_runs import Input, Written, mapped_parts
from gateway.output_files import output_files
from mappings.engine import loader

FOLDER = Path(__file__).with_name("mappings")
MAPPING = "yardstick/result"
SEEDS = ("ecoles", "cours", "types", "langues", "sexes")


def run(sources: Path, output: Path) -> int:
    """Map the sources; how many documents were written. A reject is a defect: the input has none."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "mappings"
        shutil.copytree(FOLDER, root)
        _code_maps(sources / "seeds", root / "yardstick" / "codes")
        mapping = loader.load(MAPPING, root)
    files = {stream.name: StreamFile(sources / f"{stream.name}.csv", stream) for stream in mapping.streams}
    read = Input(files, "yardstick@000000", "000000", date(2026, 2, 16))
    wanted = {
        "documents": output,
        "rejects": output.with_suffix(".rejects.jsonl"),
        "lineage": output.with_suffix(".lineage.jsonl"),
    }
    made = 0
    with output_files(wanted, [file.path for file in files.values()]) as held:
        written = Written(mapping, read, *held)
        for part, mapped in mapped_parts(mapping, read):
            written.part(part, mapped, most=0)
            made += mapped.documents.height
        written.end()
    return made


def _code_maps(seeds: Path, folder: Path) -> None:
    folder.mkdir()
    for name in SEEDS:
        with (seeds / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            pairs = [f'  "{row["from"]}": "{row["to"]}"' for row in csv.DictReader(file)]
        text = "\n".join([f"code_map: {name}", "to: text", "codes:", *pairs, ""])
        (folder / f"{name}.yaml").write_text(text, "utf-8")


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
