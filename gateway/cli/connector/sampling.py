"""`connector sample`: what a connector's samples give through its mappings, compared with what stands in mappings/.

Writes only with `--write`, and only the results of that connector's own mappings. Exit 1 when they differ.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import orjson
import typer

from canonical_model.errors import ConfigurationError
from connectors.kit.check import samples
from connectors.kit.manifest import Manifest
from gateway.cli import context, demo_site
from gateway.cli.connector.found import Root, place
from gateway.cli.connector.mapped import ORGANIZATION, frames
from mappings.engine import compiler, loader


def sample(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NOM")],
    *,
    write: Annotated[bool, typer.Option("--write", help="Refaire les fichiers qui diffèrent.")] = False,
    folder: Root = None,
) -> int:
    """Ce que donnent les échantillons d'un connecteur : comparé à mappings/NOM/samples, ou refait."""
    out = context.output(ctx)
    there = place(folder, context.settings(ctx).site_folder)
    told = there.known.manifest(name)
    root = there.mappings_of(told.folder)
    held = dict(results(told, root, context.settings(ctx).day or demo_site.DAY))
    differ = [path for path, content in held.items() if not path.is_file() or path.read_bytes() != content]
    if write:
        for path in differ:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(held[path])
    out.document(
        {"connector": name, "files": list(map(str, held)), "differ": list(map(str, differ)), "written": write}
    )
    for path in differ:
        done = out.words("refait; relisez-le", "made anew; read it once by eye") if write else out.words(
            "n'est pas ce que donnent les échantillons; --write le refait",
            "is not what the samples give; --write makes it anew",
        )  # fmt: skip
        out.say(f"{path} : {done}.", f"{path}: {done}.")
    if not differ:
        out.say(
            f"{name} : {len(held)} fichiers, rien à refaire.", f"{name}: {len(held)} files, nothing to do."
        )
    return 1 if differ and not write else 0


def results(told: Manifest, root: Path, day: date) -> Iterator[tuple[Path, bytes]]:
    """Path and content of each sample of its mappings: the streams under the hub's names, documents, rejects.

    Raises ConfigurationError when a mapping names a stream of which there is no sample.
    """
    if not told.mappings:
        raise ConfigurationError(
            f"{told.name}: no mapping is named. Write one, and name it in the manifest.",
            f"{told.name} : aucune correspondance nommée. Écrivez-en une, et nommez-la au manifeste.",
        )
    for identifier in told.mappings:
        mapping = loader.load(identifier, root)
        folder = root / mapping.system / "samples"
        held = frames(told, mapping)
        for name in held:
            path = samples.found(told, name)
            if path is not None:
                yield folder / f"{name}.csv", samples.frame(told, name, path).write_csv().encode()
        mapped = compiler.run(
            mapping, held, system=f"{told.name}@{ORGANIZATION}", organization=ORGANIZATION, day=day
        )
        stem = mapping.id.split("/")[1].replace("@", ".v")
        rows = [
            {**row, "document": orjson.loads(row["document"])}
            for row in mapped.documents.iter_rows(named=True)
        ]
        yield folder / f"{stem}.jsonl", _lines(rows)
        yield folder / f"{stem}.rejects.jsonl", _lines(mapped.rejects.to_dicts())


def _lines(rows: Sequence[Mapping[str, object]]) -> bytes:
    return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
