"""Checks a connector from its folder alone: manifest, contract, samples. Opens no connection, maps nothing.

Whether the samples pass through the mappings is asked in the gateway (`connector check`): a connector
knows no mapping.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from lxml import etree

from canonical_model.errors import HubError
from connectors.kit import manifest as manifests
from connectors.kit import safe_xml
from connectors.kit.check import samples
from connectors.kit.check.finding import Finding, fault, of_error, well
from connectors.kit.manifest import Manifest

NEEDED_FIRST = (
    "contract",
    "sign-in",
    "samples",
)  # without these a sandbox that serves samples has nothing to say
SECRETS: Mapping[str, tuple[str, ...]] = MappingProxyType(  # of a way to sign in, by the names that the kit asks for
    {
        "oauth2": ("client_secret",), "api-key": ("api_key",), "mutual-tls": ("client_certificate", "client_key"),
        "password": ("password",), "key": ("private_key",),
    }
)  # fmt: skip
NEEDED = ("README.md", "samples", "sandbox.py", "test_connector.py")
# Hosts that lead nowhere, by RFC 2606 and RFC 6761; the namespaces of published formats are no addresses of people.
_ADDRESS = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
_RESERVED = re.compile(r"(?:^|\.)(?:example(?:\.(?:org|com|net|ca))?|test|invalid|localhost)$")


def manifest(folder: Path) -> tuple[Manifest | None, Finding]:
    """The manifest of a folder, or None with what is wrong."""
    try:
        found = manifests.read(folder)
    except HubError as error:
        return None, of_error("manifest", error)
    return found, well("manifest", "Le manifeste se lit.", "The manifest reads.")


def findings(told: Manifest) -> Iterator[Finding]:
    """What the folder says by itself: `folder`, `contract`, `sign-in`, `samples`, `invented`."""
    for name, check in (
        ("folder", folder),
        ("contract", contract),
        ("sign-in", sign_in),
        ("samples", sampled),
        ("invented", invented),
    ):
        try:
            yield check(told)
        except HubError as error:
            yield of_error(name, error)
        except safe_xml.UnsafeXmlError as error:
            yield fault(
                name,
                f"{told.name} : un fichier XML ne se lit pas ({error.reason}). Corrigez-le.",
                f"{told.name}: an XML file does not read ({error.reason}). Correct it.",
            )


def folder(told: Manifest) -> Finding:
    """Whether what every connector has stands in the folder."""
    missing = [name for name in NEEDED if not (told.folder / name).exists()]
    if missing:
        return fault(
            "folder",
            f"{told.name} : {', '.join(missing)} manque au dossier. Ajoutez-le; CONTRIBUTING.md montre comment.",
            f"{told.name}: {', '.join(missing)} is missing. Add it; CONTRIBUTING.md shows how.",
        )
    return well("folder", "Le dossier est complet.", "The folder is complete.")


def contract(told: Manifest) -> Finding:
    """Whether the contract reads, and knows every stream and every column of a key or a cursor."""
    streams = samples.contract_streams(told)
    if not streams:
        _readable(told.contract.path)
        return well("contract", "Le contrat se lit.", "The contract reads.")
    for name, stream in told.streams.items():
        if name not in streams:
            return fault(
                "contract",
                f"{told.name}/{name} : le contrat ne connaît pas ce flux. Ajoutez-le, ou corrigez le manifeste.",
                f"{told.name}/{name}: the contract does not know this stream. Add it, or correct the manifest.",
            )
        wanted = (*stream.key, *([stream.cursor] if stream.cursor else ()))
        if absent := [column for column in wanted if column not in streams[name].names]:
            return fault(
                "contract",
                f"{told.name}/{name} : {absent[0]} n'est pas une colonne du contrat. Corrigez l'un des deux.",
                f"{told.name}/{name}: {absent[0]} is no column of the contract. Correct one of the two.",
            )
    return well(
        "contract",
        "Le contrat connaît les flux et leurs clés.",
        "The contract knows the streams and their keys.",
    )


def sign_in(told: Manifest) -> Finding:
    """Whether a declared connector names the secrets by which the kit signs it in; Python may name its own."""
    wanted = SECRETS.get(told.authentication.kind, ()) if told.entry is None else ()
    if absent := [name for name in wanted if name not in told.secrets]:
        return fault(
            "sign-in",
            f"{told.name} : {told.authentication.kind} demande le secret {absent[0]}. Nommez-le dans « secrets ».",
            f"{told.name}: {told.authentication.kind} asks for the secret {absent[0]}. Name it in `secrets`.",
        )
    return well("sign-in", "Les secrets demandés sont nommés.", "The secrets that are asked for are named.")


def sampled(told: Manifest) -> Finding:
    """Whether each stream has a sample with the contract's columns, its key filled; each lot a schema that holds."""
    streams = samples.contract_streams(told)
    for name, stream in told.streams.items():
        path = samples.found(told, name)
        if path is None:
            return fault(
                "samples",
                f"{told.name}/{name} : aucun échantillon. Ajoutez samples/{name}.csv (ou .json, .xml).",
                f"{told.name}/{name}: no sample. Add samples/{name}.csv (or .json, .xml).",
            )
        frame = samples.frame(told, name, path)
        wanted = streams[name].names if name in streams else stream.key
        if absent := [column for column in wanted if column not in frame.columns]:
            return fault(
                "samples",
                f"{path.name} : la colonne {absent[0]} du contrat manque. Corrigez l'échantillon ou le contrat.",
                f"{path.name}: the contract's column {absent[0]} is missing. Correct the sample or the contract.",
            )
        if not frame.height or any(frame[column].null_count() for column in stream.key):
            return fault(
                "samples",
                f"{path.name} : aucune ligne, ou une clé vide. Donnez deux ou trois enregistrements inventés.",
                f"{path.name}: no row, or an empty key. Give two or three invented records.",
            )
    if wrong := next(_against_schemas(told), None):
        return wrong
    if next(samples.every(told), None) is None:
        return fault("samples", f"{told.name} : samples/ est vide.", f"{told.name}: samples/ is empty.")
    return well("samples", "Les échantillons suivent le contrat.", "The samples follow the contract.")


def invented(told: Manifest) -> Finding:
    """Whether no address in the samples can lead to somebody."""
    for path in samples.every(told):
        if path.suffix in (".pem", ".zip", ".xlsx", ".parquet"):
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        if any(not _RESERVED.search(host.lower()) for host in _ADDRESS.findall(text)):
            return fault(
                "invented",
                f"{path.name} : une adresse d'un vrai domaine. Prenez example.org.",
                f"{path.name}: an address of a real domain. Use example.org.",
            )
    return well("invented", "Aucune adresse ne mène à quelqu'un.", "No address leads to anybody.")


def _readable(path: Path) -> None:
    for found in sorted(path.rglob("*.xsd")) if path.is_dir() else [path]:
        if found.suffix == ".xsd":
            safe_xml.schema(found)
        elif found.suffix in (".wsdl", ".xml"):
            safe_xml.parse(found.read_bytes())


def _against_schemas(told: Manifest) -> Iterator[Finding]:
    """Faults of XML samples against the schemas of contract/ that know their root."""
    schemas = sorted((told.folder / "contract").rglob("*.xsd"))
    for path in samples.every(told):
        if path.suffix != ".xml":
            continue
        root = safe_xml.parse(path.read_bytes())
        for schema in schemas:
            if not _declares(schema, root):
                continue
            for place, rule in safe_xml.violations(safe_xml.schema(schema), root):
                yield fault(
                    "samples",
                    f"{path.name} : {place} ne suit pas {schema.name} ({rule}). Corrigez l'échantillon.",
                    f"{path.name}: {place} does not follow {schema.name} ({rule}). Correct the sample.",
                )


def _declares(schema: Path, root: etree._Element) -> bool:
    held = safe_xml.parse(schema.read_bytes())
    name = etree.QName(root)
    return held.get("targetNamespace") == name.namespace and any(
        child.get("name") == name.localname for child in held if isinstance(child.tag, str)
    )
