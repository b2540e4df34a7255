"""A site's own connector, of YAML only, in the site's folder: its file ends in the store like any other's."""

import hashlib
from pathlib import Path

import pytest
import yaml

from canonical_model.errors import ConfigurationError
from gateway import intake, plan, site
from gateway.store import exchanges
from gateway.store.dossier import current
from gateway.store.hub import Hub
from mappings.engine import loader
from tests.conftest import MOMENT
from tests.door import DAY

BOARD = "762000"
SYSTEM = f"velos@{BOARD}"
SEX = (loader.ROOT / "gpi" / "codes" / "sex.yaml").read_text("utf-8")
FILES = {
    "connectors/velos/manifest.yaml": """
name: velos
direction: inbound
protocol: files
owner: data@example.org
schedule: "0 5 * * *"
identity: establishes
contract: {kind: reference, file: streams.yaml}
streams:
  eleves: {key: [fiche], file: {name: "ELEVES_{day}.csv", format: csv, encoding: windows-1252}}
mappings: [velos/student@1]
quality: {samples-are-invented: todo}
""",
    "connectors/velos/streams.yaml": """
streams:
  eleves:
    named: ELEVES
    columns: {fiche: File, nom: {named: NOM_ELEVE, means: Name}, prenom: Given, naissance: Birth, sexe: Sex}
""",
    "mappings/velos/student.v1.yaml": """
mapping: velos/student
version: 1
to: Student
from: eleves
key: [fiche]
streams: {eleves: {columns: [fiche, nom, prenom, naissance, sexe], unknown_columns: freeze}}
fields:
  subject.0.system: {const: "fiche:$organization"}
  subject.0.value: {read: fiche, do: [{digits: "7"}]}
  organization: {read: $organization}
  family_name: {read: nom, do: [trim]}
  given_name: {read: prenom, do: [trim]}
  birth_date: {read: naissance, do: [date_iso]}
  sex: {read: sexe, code_map: sex}
""",
    "mappings/velos/codes/sex.yaml": SEX,
}
ROWS = "FICHE;NOM_ELEVE;PRENOM;NAISSANCE;SEXE\n1001;Côté;Élodie;2009-07-10;F\n1002;Roy;Noé;le 2 mars;M\n"


@pytest.fixture
def home(hub: Hub, tmp_path: Path) -> Path:
    """The hub's site, with a connector of its own, and a file in its drop folder."""
    folder = hub.settings.site_folder
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    drop = tmp_path / "drop"
    drop.mkdir()
    (folder / "systems.yaml").write_text(
        yaml.safe_dump([{"system": SYSTEM, "address": str(drop)}], default_style='"')
    )
    path = drop / f"ELEVES_{DAY.isoformat()}.csv"
    path.write_text(ROWS, "windows-1252")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(f"{path.name}.sha256").write_text(f"{digest}  {path.name}\n")
    return folder


def test_a_connector_of_yaml_only_brings_its_file_into_the_store(hub: Hub, home: Path) -> None:
    assert (SYSTEM,) == plan.inbound(home)

    exchange = intake.fetch(hub, system=SYSTEM, run="run-1", day=DAY, school_year=2025, moment=MOMENT)
    intake.translate(hub, exchange=exchange, moment=MOMENT)
    intake.admit(hub, board=BOARD, run="run-1", moment=MOMENT)

    with hub.transaction() as connection:
        row = exchanges.find(connection, exchange)
        held = [item.document for item in current(connection, hub.keys, "Student", organization=BOARD)]
    assert row is not None
    counts = row.counts["mappings"]["velos/student@1"]
    assert ("done", 2, 1, 1) == (row.state, counts["read"], counts["stored"], counts["quarantined"])
    assert ["Côté"] == [document["family_name"] for document in held]


def test_a_site_s_mappings_cannot_stand_before_those_of_a_system_of_ours(home: Path) -> None:
    (home / "mappings" / "gpi").mkdir()

    assert loader.ROOT == site.mapping_root(home, "gpi/student@1", loader.ROOT)
    assert home / "mappings" == site.mapping_root(home, "velos/student@1", loader.ROOT)
    assert loader.ROOT == site.mapping_root(home, "jade/student@1", loader.ROOT)


def test_a_system_of_a_connector_that_stands_nowhere_is_named_and_nothing_is_landed(
    hub: Hub, home: Path
) -> None:
    path = home / "systems.yaml"
    path.write_text(path.read_text().replace("velos@", "velo@"))

    with pytest.raises(ConfigurationError, match=r"velo: no such connector \(did you mean velos\?\)"):
        intake.fetch(hub, system=f"velo@{BOARD}", run="run-1", day=DAY, school_year=2025, moment=MOMENT)

    with hub.transaction() as connection:
        row = exchanges.find(connection, intake.exchange_id("run-1", f"velo@{BOARD}"))
    assert row is not None
    assert ("failed", None) == (row.state, row.digest)
