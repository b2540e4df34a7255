"""Makes the folder of a new connector, which holds every check at once. Never writes over anything.

`plan` says what will be made, `files` gives path and content, `write` makes them. `--from` an example gives the
columns; its rows are not read. Refuses a name that is no folder of Python, with a better one.
"""

from collections.abc import Mapping
from pathlib import Path

from canonical_model.errors import ConfigurationError
from connectors.kit.scaffold import openapi, pieces, soap_pieces
from connectors.kit.scaffold.columns import Columns, of_file, of_pointers, plain, usual
from connectors.kit.scaffold.pieces import Plan, Protocol
from connectors.kit.scaffold.resources import RESOURCES

__all__ = [
    "RESOURCES",
    "Columns",
    "Plan",
    "Protocol",
    "files",
    "mapping_files",
    "of_file",
    "plain",
    "plan",
    "write",
]


def plan(
    name: str,
    protocol: Protocol,
    example: Path | None = None,
    *,
    resource: str = "Student",
    ours: bool = True,
) -> Plan:
    """What a new connector will be. Raises ConfigurationError for a name or an example that will not do.

    `resource`: one of `RESOURCES` has its mapping made when the columns tell it; any other begins without a mapping.
    `ours`: the folder will stand in connectors/systems.
    """
    proposal = plain(name)
    if name != proposal or not name:
        raise ConfigurationError(
            f"{name!r}: a connector's name is lower case, with _ . Write {proposal or 'bibliomondo'}.",
            f"« {name} » : un nom de connecteur est en minuscules, avec _ . Écrivez {proposal or 'bibliomondo'}.",
        )
    api = None
    if example and example.suffix.lower() in (".yaml", ".yml", ".json"):
        described = openapi.of_file(example)
        columns, api = of_pointers(example, described.pointers, resource), described.api
    else:
        columns = of_file(example, resource) if example else usual(resource)
    mapping = f"{name}/{plain(resource)}@1" if columns.fields and not columns.missing else None
    return Plan(name, protocol, _stream(example, api), columns, mapping, api, ours)


def files(made: Plan) -> Mapping[str, bytes]:
    """Every file of the connector's folder, by its path in it."""
    name, sample = pieces.sample(made)
    texts = {
        "__init__.py": f'"""The connector {made.name}."""\n',
        "manifest.yaml": pieces.manifest(made),
        **_contract(made),
        "sandbox.py": pieces.sandbox(made),
        "test_connector.py": pieces.test(made),
        "README.md": pieces.readme(made),
    }
    return {path: text.encode() for path, text in texts.items()} | {f"samples/{name}": sample}


def _contract(made: Plan) -> Mapping[str, str]:
    """The files of contract/; with SOAP, which no manifest can describe, the source that speaks it too."""
    if made.protocol != "soap":
        return {"contract/streams.yaml": pieces.contract(made)}
    return {
        "contract/service.wsdl": soap_pieces.wsdl(made.name),
        "contract/service.xsd": soap_pieces.xsd(made.name, made.stream, made.columns),
        "source.py": soap_pieces.source(made.name, made.stream, made.columns),
    }


def mapping_files(made: Plan) -> Mapping[str, bytes]:
    """Every file of its folder of mappings; none when the columns do not tell the resource."""
    if made.mapping is None:
        return {}
    texts = {
        f"{made.mapping.partition('/')[2].replace('@', '.v')}.yaml": pieces.mapping(made),
        **pieces.code_maps(made),
        "README.md": pieces.mapping_readme(made),
    }
    return {path: text.encode() for path, text in texts.items()}


def write(folder: Path, held: Mapping[str, bytes]) -> None:
    """Make the folder and its files. Raises ConfigurationError when something stands there."""
    if folder.exists():
        raise ConfigurationError(
            f"{folder}: it is there already; nothing was written. Choose another name, or move it away.",
            f"{folder} : il existe déjà; rien n'a été écrit. Choisissez un autre nom, ou déplacez-le.",
        )
    for path, content in held.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def _stream(example: Path | None, api: openapi.Api | None) -> str:
    """The end of a service's path, or the example's name without its digits: ``FRAIS_2026-02-16.csv`` → ``frais``."""
    if api is not None and (last := plain(api.path.rstrip("/").rpartition("/")[2])):
        return last
    stem = plain("".join(sign for sign in example.stem if not sign.isdigit())) if example else ""
    return stem or "eleves"
