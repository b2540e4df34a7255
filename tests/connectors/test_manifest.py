"""Manifests: found by looking, read strictly, refused with the file and the key."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from canonical_model.errors import ConfigurationError
from connectors.kit import load
from connectors.kit.installation import Installation
from connectors.kit.manifest import Rung, read

RIGHT = """
name: example
direction: inbound
protocol: files
owner: data@example.org
schedule: "0 5 * * *"
entry: source:ExampleSource
identity: refers
streams: {answers: [number]}
mappings: [example/answer@1]
secrets: [password]
contract: {kind: reference, file: contract.yaml}
quality: {samples-are-invented: done, paging-loop-refused: {exempt: No pages.}}
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a manifest into a connector's folder called `example`."""

    def make(text: str) -> Path:
        folder = tmp_path / "example"
        folder.mkdir(exist_ok=True)
        (folder / "contract.yaml").touch()
        (folder / "manifest.yaml").write_text(text)
        return folder

    return make


def test_a_manifest_is_read_whole(write: Callable[[str], Path]) -> None:
    found = read(write(RIGHT))

    assert {"answers": ("number",)} == dict(found.streams)
    assert ("password",) == found.secrets
    assert Rung("exempt", "No pages.") == found.quality["paging-loop-refused"]
    assert found.contract.path.is_file()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("name: example", "name: other", "`name` must be example"),
        ("direction: inbound", "direction: sideways", "`direction` must be"),
        ("owner: data@example.org\n", "", "the key 'owner' is missing"),
        ("identity: refers\n", "", "the key 'identity' is missing"),
        ("protocol: files", "protocol: files\nport: 80", "unknown key 'port'"),
        ("source:ExampleSource", "target:ExampleTarget", "`entry` must name a source"),
        ("source:ExampleSource", "os:system", "`entry` is not well formed"),
        ("[number]", "number", "`streams`"),
        ("example/answer@1", "example/answer", "`mappings`"),
        ("file: contract.yaml", "file: absent.yaml", "absent.yaml is absent"),
        ("kind: reference", "kind: guessed", "`contract.kind`"),
        ("{exempt: No pages.}", "exempt", "quality/paging-loop-refused"),
        ("{exempt: No pages.}", "{exempt: }", "quality/paging-loop-refused"),
        ("name: example", "- name", "not YAML"),
    ],
)
def test_a_wrong_manifest_is_refused_with_its_file_and_key(
    write: Callable[[str], Path], old: str, new: str, complaint: str
) -> None:
    assert old in RIGHT

    with pytest.raises(ConfigurationError) as caught:
        read(write(RIGHT.replace(old, new)))

    assert "manifest.yaml" in caught.value.english
    assert complaint in caught.value.english
    assert "manifest.yaml" in caught.value.french


def test_a_folder_without_a_manifest_is_an_error_and_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "forgotten").mkdir()

    with pytest.raises(ConfigurationError, match=r"forgotten: no manifest\.yaml"):
        load.manifests(tmp_path)


def test_every_connector_here_has_a_readable_manifest() -> None:
    assert {folder.name for folder in load.folders()} == {item.name for item in load.manifests()}


def test_an_unknown_connector_is_named() -> None:
    with pytest.raises(ConfigurationError, match="ariane: no such connector"):
        load.manifest("ariane")


def test_a_connector_is_not_made_without_its_secrets() -> None:
    with pytest.raises(ConfigurationError, match="gpi@762000: the secret password is not declared"):
        load.source(Installation("gpi", "762000", "postgresql://", {}, {}))


def test_an_inbound_connector_is_not_a_target() -> None:
    with pytest.raises(ConfigurationError, match="this connector is not outbound"):
        load.target(Installation("gpi", "762000", "postgresql://", {"password": "x"}, {}))


def test_reading_manifests_loads_no_heavy_library() -> None:
    """Airflow reads them again and again."""
    heavy = ("polars", "httpx", "zeep", "lxml", "psycopg", "sqlalchemy", "airflow")
    code = (
        "import sys; from connectors.kit import load; load.manifests();"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.strip()
