"""`mapping page` and `mapping schema`: what people and their editors read about mappings. Reads no record."""

from pathlib import Path
from typing import Annotated

import typer

from canonical_model.errors import ConfigurationError
from gateway.cli import context
from gateway.cli.mapping import inputs as given
from mappings.engine import editor_schema, loader


def page(
    ctx: typer.Context,
    id: Annotated[str | None, typer.Argument(metavar="[ID]")] = None,  # noqa: A002
    *,
    folder: Annotated[Path, typer.Option("--out", metavar="DOSSIER")],
    mappings: given.Folder = None,
) -> None:
    """Les pages HTML des correspondances, et leur index : colonne, étapes, champ, règle. Sans script."""
    from mappings.engine import page as pages  # noqa: PLC0415 - the page builder is only used here

    out = context.output(ctx)
    root = given.root(mappings)
    every = loader.load_all(root)
    made = pages.site(every, (loader.load(id, root),) if id else every)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        (folder / name).write_text(content, "utf-8")
    out.document({"folder": str(folder), "files": list(made)})
    out.say(
        f"{folder} : {len(made)} pages, dont index.html.",
        f"{folder}: {len(made)} pages, index.html among them.",
    )


def schema(
    ctx: typer.Context,
    *,
    code_map: Annotated[bool, typer.Option("--code-map", help="Celui d'une table de codes.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Refaire les fichiers de mappings/schemas.")] = False,
) -> None:
    """Le schéma JSON 2020-12 d'un fichier de correspondance, pour les éditeurs."""
    out = context.output(ctx)
    if write and code_map:
        raise ConfigurationError(
            "mapping schema: --write makes both files. Leave out --code-map.",
            "mapping schema : --write refait les deux fichiers. Retirez --code-map.",
        )
    if write:
        changed = editor_schema.write()
        out.document({"files": len(editor_schema.FILES), "changed": changed})
        out.say(
            f"{len(editor_schema.FILES)} schémas, {changed} modifiés.",
            f"{len(editor_schema.FILES)} schemas, {changed} changed.",
        )
        return
    print(editor_schema.text("code_map" if code_map else "mapping"), end="", file=out.stream)
