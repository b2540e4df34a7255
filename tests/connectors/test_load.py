"""Connectors by name: found by looking, a site's own beside ours, refused loudly; declared ones without Python."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from canonical_model.errors import ConfigurationError
from connectors.kit import load
from connectors.kit.installation import Installation
from connectors.kit.manifest import Manifest
from connectors.kit.protocol import Source, Window
from gateway import site

MANIFEST = """
name: {name}
direction: inbound
protocol: {protocol}
owner: data@example.org
schedule: "0 5 * * *"
identity: refers
{entry}
streams: {{answers: {{key: [number]{part}}}}}
mappings: []
secrets: [password]
contract: {{kind: reference, file: manifest.yaml}}
quality: {{samples-are-invented: done}}
"""
PARTS = {
    "rest": ", request: {path: /answers}",
    "sql": "",
    "files": ", file: {name: answers.csv, format: csv}",
}
CLASSES = {
    "rest": ("connectors.kit.rest.declared", "RestSource"),
    "sql": ("connectors.kit.sql.declared", "SqlSource"),
    "files": ("connectors.kit.files.declared", "FileSource"),
}
PYTHON = """
from . import words
from connectors.kit.protocol import Source

class OwnSource(Source):
    WORD = words.WORD

    def read(self, stream, window):
        yield from ()

    def count(self, stream, window):
        return None

def not_a_source(installation):
    return object()
"""


def connector(root: Path, name: str = "own", protocol: str = "files", entry: str = "") -> Path:
    """A connector's folder below `root`, with Python when `entry` is given."""
    folder = root / name
    folder.mkdir(parents=True)
    told = MANIFEST.format(
        name=name,
        protocol=protocol,
        entry=f"entry: {entry}" if entry else "",
        part=PARTS[protocol],
    )
    (folder / "manifest.yaml").write_text(told, "utf-8")
    if entry:
        (folder / "source.py").write_text(PYTHON, "utf-8")
        (folder / "words.py").write_text(f"WORD = {str(root)!r}\n", "utf-8")
    return folder


def installed(name: str = "own", secrets: Mapping[str, str] | None = None) -> Installation:
    return Installation(name, "762000", "/nowhere", {"password": "x"} if secrets is None else secrets, {})


def test_a_folder_without_a_manifest_is_an_error_and_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "forgotten").mkdir()

    with pytest.raises(ConfigurationError, match=r"forgotten: no manifest\.yaml"):
        load.manifests(tmp_path)


def test_every_connector_here_has_a_readable_manifest() -> None:
    assert {folder.name for folder in load.folders()} == {item.name for item in load.manifests()}


def test_an_unknown_connector_is_named_with_the_nearest_one() -> None:
    with pytest.raises(ConfigurationError, match=r"mozaik_finance: no such connector .*mozaik_finances"):
        load.manifest("mozaik_finance")


def test_a_connector_is_not_made_without_its_secrets() -> None:
    with pytest.raises(ConfigurationError, match="gpi@762000: the secret password is not declared"):
        load.source(installed("gpi", {}))


def test_an_inbound_connector_is_not_a_target() -> None:
    with pytest.raises(ConfigurationError, match="this connector is not outbound"):
        load.target(installed("gpi"))


def test_an_outbound_connector_is_not_a_source() -> None:
    with pytest.raises(ConfigurationError, match="this connector is not inbound"):
        load.source(Installation("clara", "916000", "https://example.org", {"client_secret": "x"}, {}))


def test_a_manifest_that_is_changed_is_read_again(tmp_path: Path) -> None:
    folder = connector(tmp_path)
    assert load.under(tmp_path).manifest("own").owner == "data@example.org"

    path = folder / "manifest.yaml"
    path.write_text(path.read_text("utf-8").replace("data@example.org", "registrar@example.org"), "utf-8")

    assert load.under(tmp_path).manifest("own").owner == "registrar@example.org"


@pytest.mark.parametrize("protocol", PARTS)
def test_without_an_entry_the_protocol_says_which_source_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    """The three classes have their own tests against real systems; here only who is asked, and with what."""

    class Fake(Source):
        def __init__(self, installation: Installation, manifest: Manifest) -> None:
            super().__init__(installation)
            self.manifest = manifest

        def read(self, stream: str, window: Window) -> Iterator[pl.DataFrame]:
            yield pl.DataFrame()

        def count(self, stream: str, window: Window) -> int | None:
            return None

    for of, (module, name) in CLASSES.items():
        stand_in: Any = ModuleType(module)
        setattr(stand_in, name, Fake if of == protocol else None)
        monkeypatch.setitem(sys.modules, module, stand_in)
    connector(tmp_path, protocol=protocol)

    made = load.under(tmp_path).source(installed())

    assert isinstance(made, Fake)
    assert ("own@762000", protocol) == (made.installation.system, made.manifest.protocol)


def test_a_site_s_own_connector_stands_beside_ours(tmp_path: Path) -> None:
    connector(tmp_path / "connectors", entry="source:OwnSource")

    known = site.connectors(tmp_path)

    assert {"own", "gpi"} <= {folder.name for folder in known.folders()}
    assert "OwnSource" == type(known.source(installed())).__name__
    with pytest.raises(ConfigurationError, match="own: no such connector"):
        load.manifest("own")


def test_a_site_without_connectors_of_its_own_has_ours(tmp_path: Path) -> None:
    assert load.folders() == site.connectors(tmp_path).folders()


def test_a_site_s_connector_may_not_take_the_name_of_ours(tmp_path: Path) -> None:
    connector(tmp_path / "connectors", name="gpi")

    with pytest.raises(ConfigurationError, match=r"gpi has the same name\. Rename this folder"):
        site.connectors(tmp_path).folders()


def test_connectors_of_one_name_in_two_folders_keep_their_own_modules(tmp_path: Path) -> None:
    for root in (tmp_path / "one", tmp_path / "two"):
        connector(root, entry="source:OwnSource")

    made: list[Any] = [load.under(root).source(installed()) for root in (tmp_path / "one", tmp_path / "two")]

    assert [str(tmp_path / "one"), str(tmp_path / "two")] == [source.WORD for source in made]


def test_an_entry_that_is_not_there_is_named(tmp_path: Path) -> None:
    folder = connector(tmp_path, entry="source:Absent")
    with pytest.raises(ConfigurationError, match=r"own/manifest\.yaml/entry: it does not name a Absent"):
        load.under(tmp_path).source(installed())

    (folder / "source.py").unlink()
    with pytest.raises(ConfigurationError, match=r"own: no source\.py"):
        load.under(tmp_path).source(installed())
