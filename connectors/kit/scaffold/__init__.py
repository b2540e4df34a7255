"""Makes the folder of a new connector, which holds every check at once. Never writes over anything.

`plan` says what will be made, `files` gives path and content, `write` makes them. `--from` an example gives the
columns; its rows are not read. Refuses a name that is no folder of Python, with a better one.
"""

from collections.abc import Mapping
from pathlib import Path

from canonical_model.errors import ConfigurationError
from connectors.kit.scaffold import pieces
from connectors.kit.scaffold.columns import Columns, of_file, plain, usual
from connectors.kit.scaffold.pieces import Plan, Protocol

__all__ = ["Columns", "Plan", "Protocol", "files", "mapping_files", "of_file", "plan", "write"]


def plan(name: str, protocol: Protocol, example: Path | None = None, *, resource: str = "Student") -> Plan:
    """What a new connector will be. Raises ConfigurationError for a name or an example that will not do.

    `resource`: Student has its mapping made when the columns tell it; any other begins without a mapping.
    """
    proposal = plain(name)
    if name != proposal or not name:
        raise ConfigurationError(
            f"{name!r}: a connector's name is lower case, with _ . Write {proposal or 'bibliomondo'}.",
            f"« {name} » : un nom de connecteur est en minuscules, avec _ . Écrivez {proposal or 'bibliomondo'}.",
        )
    if protocol == "soap":
        raise ConfigurationError(
            "soap: each WSDL asks for its own source.py. Copy connectors/systems/avant_garde and change it.",
            "soap : chaque WSDL demande son propre source.py. Copiez connectors/systems/avant_garde et adaptez-le.",
        )
    columns = of_file(example) if example else usual()
    mapped = resource == "Student" and not columns.missing
    return Plan(name, protocol, _stream(example), columns, f"{name}/student@1" if mapped else None)


def files(made: Plan) -> Mapping[str, bytes]:
    """Every file of the connector's folder, by its path in it."""
    name, sample = pieces.sample(made)
    texts = {
        "__init__.py": f'"""The connector {made.name}."""\n',
        "manifest.yaml": pieces.manifest(made),
        "contract/streams.yaml": pieces.contract(made),
        "sandbox.py": pieces.sandbox(made),
        "test_connector.py": pieces.test(made),
        "README.md": pieces.readme(made),
    }
    return {path: text.encode() for path, text in texts.items()} | {f"samples/{name}": sample}


def mapping_files(made: Plan) -> Mapping[str, bytes]:
    """Every file of its folder of mappings; none when the columns do not tell a Student."""
    if made.mapping is None:
        return {}
    texts = {
        "student.v1.yaml": pieces.mapping(made),
        "codes/sex.yaml": pieces.code_map(made),
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


def _stream(example: Path | None) -> str:
    """The example's name without its digits: ``FRAIS_2026-02-16.csv`` → ``frais``."""
    stem = plain("".join(sign for sign in example.stem if not sign.isdigit())) if example else ""
    return stem or "eleves"
