"""`passerelle connector …`: what is made holds every check, nothing is written over, raw records stay private."""

import hashlib
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from connectors.kit import manifest as manifests
from connectors.kit import scaffold
from tests.conftest import REPOSITORY
from tests.connectors.every.found import VARIABLE
from tests.gateway.cli.conftest import Call

HEADER = "No fiche;Nom;Prénom;Date de naissance;Sexe;Frais dus\n"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """An extract in Windows-1252 with a person in it, of whom nothing may be kept."""
    path = tmp_path / "FRAIS_2026-02-16.csv"
    path.write_bytes((HEADER + "7654321;Personne;Réelle;2011-01-02;F;12,50\n").encode("windows-1252"))
    return path


def everything(folder: Path) -> str:
    """All that stands in a folder, as text."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return "".join(str(path) + path.read_bytes().decode("windows-1252") for path in files)


# new


@pytest.mark.parametrize("protocol", ["files", "rest", "sql", "soap"])
def test_a_new_connector_passes_the_suite_that_every_connector_inherits(
    call: Call, tmp_path: Path, example: Path, protocol: str
) -> None:
    root = tmp_path / "site"
    made = call(
        "connector",
        "new",
        "bibliomondo",
        "--protocol",
        protocol,
        "--from",
        str(example),
        "--folder",
        str(root),
    )
    assert 0 == made.code, made.err

    suite = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "--rootdir", str(REPOSITORY),
            "tests/connectors/test_every_connector.py", str(root / "connectors" / "bibliomondo"),
        ],
        cwd=REPOSITORY,
        env={**os.environ, VARIABLE: str(root), "PYTHONPATH": str(REPOSITORY)},
        capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip

    assert 0 == suite.returncode, suite.stdout[-3000:]
    assert re.search(r"[1-9]\d* passed", suite.stdout)


def test_nobody_of_the_example_is_kept(call: Call, tmp_path: Path, example: Path) -> None:
    call("connector", "new", "bibliomondo", "--from", str(example), "--folder", str(tmp_path / "site"))

    kept = everything(tmp_path / "site")
    assert "frais_dus" in kept
    assert not re.search("7654321|Personne|Réelle|2011-01-02|12,50", kept)


@pytest.mark.parametrize(
    ("name", "better"), [("Biblio-Monde", "biblio_monde"), ("École", "ecole"), ("9a", "c_9a")]
)
def test_a_name_that_will_not_do_is_refused_with_a_better_one(
    call: Call, tmp_path: Path, name: str, better: str
) -> None:
    found = call("connector", "new", name, "--folder", str(tmp_path / "site"))

    assert 2 == found.code
    assert better in found.err
    assert not (tmp_path / "site").exists()


def test_what_is_there_is_never_written_over(call: Call, tmp_path: Path) -> None:
    root = tmp_path / "site"
    call("connector", "new", "bibliomondo", "--folder", str(root))
    before = everything(root)

    assert 2 == call("connector", "new", "bibliomondo", "--protocol", "sql", "--folder", str(root)).code
    assert before == everything(root)


def test_columns_that_tell_no_student_begin_without_a_mapping_and_say_what_is_missing(
    call: Call, tmp_path: Path
) -> None:
    example = tmp_path / "prets.csv"
    example.write_text("titre,echeance\n", "utf-8")

    made = call("connector", "new", "prets", "--from", str(example), "--folder", str(tmp_path / "site"))

    assert 1 == made.code
    assert "family_name" in made.out
    assert not (tmp_path / "site" / "mappings").exists()
    assert "samples-map: todo" in (tmp_path / "site/connectors/prets/manifest.yaml").read_text("utf-8")


def test_an_openapi_document_gives_the_columns(call: Call, tmp_path: Path) -> None:
    document = {
        "components": {"schemas": {"Eleve": {"properties": {"id": {"type": "string"}, "lastName": {}}}}}
    }
    path = tmp_path / "api.json"
    path.write_text(json.dumps(document), "utf-8")

    call(
        "connector",
        "new",
        "essai",
        "--protocol",
        "rest",
        "--from",
        str(path),
        "--folder",
        str(tmp_path / "site"),
    )

    contract = (tmp_path / "site/connectors/essai/contract/streams.yaml").read_text("utf-8")
    assert 'last_name: {named: "/lastName"' in contract


API = {
    "paths": {
        "/eleves/{id}": {"get": {"responses": {"200": {"$ref": "#/components/responses/Un"}}}},
        "/api/eleves": {
            "get": {
                "parameters": [
                    {"name": "page", "in": "query", "schema": {"default": 0}},
                    {"$ref": "#/components/parameters/Taille"},
                ],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}}
                },
            }
        },
    },
    "components": {
        "parameters": {"Taille": {"name": "parPage", "in": "query"}},
        "securitySchemes": {"cle": {"type": "apiKey", "in": "header", "name": "X-Cle"}},
        "schemas": {
            "Page": {
                "properties": {
                    "donnees": {"type": "array", "items": {"$ref": "#/components/schemas/Eleve"}},
                    "meta": {"properties": {"total": {"type": "integer"}}},
                }
            },
            "Eleve": {
                "properties": {
                    "noFiche": {"type": "string"}, "nom": {}, "prenom": {}, "dateNaissance": {}, "sexe": {},
                    "adresse": {"properties": {"ville": {"type": "string"}}},
                    "amis": {"type": "array", "items": {"$ref": "#/components/schemas/Eleve"}},
                }
            },
        },
    },
}  # fmt: skip


def test_an_openapi_document_gives_path_pages_total_and_sign_in_which_the_sandbox_then_speaks(
    call: Call, tmp_path: Path
) -> None:
    path, root = tmp_path / "api.json", tmp_path / "site"
    path.write_text(json.dumps(API), "utf-8")

    call("connector", "new", "essai", "--protocol", "rest", "--from", path, "--folder", root)

    told = manifests.read(root / "connectors" / "essai")
    (stream,) = told.streams.values()
    assert stream.request is not None
    assert ("eleves", "/api/eleves", "/donnees") == (stream.name, stream.request.path, stream.request.records)
    assert ("page", "page", 0) == (
        stream.request.paging.kind, stream.request.paging.parameter, stream.request.paging.first,
    )  # fmt: skip
    assert ("api-key", "X-Cle", ("api_key",)) == (
        told.authentication.kind, told.authentication.header, tuple(told.secrets),
    )  # fmt: skip
    contract = (root / "connectors/essai/contract/streams.yaml").read_text("utf-8")
    assert 'adresse_ville: {named: "/adresse/ville"' in contract
    assert "amis" not in contract
    assert 0 == call("connector", "check", "essai", "--live", "--folder", root).code


def test_a_document_that_describes_no_object_is_refused_and_nothing_is_made(
    call: Call, tmp_path: Path
) -> None:
    path = tmp_path / "api.json"
    path.write_text(json.dumps({"paths": {"/x": {"get": {"$ref": "https://example.org/x"}}}}), "utf-8")

    found = call(
        "connector", "new", "essai", "--protocol", "rest", "--from", path, "--folder", tmp_path / "site"
    )

    assert 2 == found.code
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("resource", ["Enrolment", "Absence"])
@pytest.mark.parametrize("protocol", ["files", "rest"])
def test_another_resource_is_begun_with_a_mapping_that_holds(
    call: Call, tmp_path: Path, resource: str, protocol: str
) -> None:
    root = tmp_path / "site"
    words = ("--protocol", protocol, "--resource", resource, "--folder", root)

    assert 0 == call("connector", "new", "essai", *words).code
    assert 0 == call("connector", "check", "essai", "--folder", root).code
    assert f'"resource_type":"{resource}"' in everything(root / "mappings")


def test_a_resource_whose_fields_no_column_tells_names_them_and_the_words_that_would(
    call: Call, tmp_path: Path, example: Path
) -> None:
    words = ("--from", example, "--resource", "Enrolment", "--folder", tmp_path / "site")

    made = call("connector", "new", "essai", *words, "--lang", "en")

    assert 1 == made.code
    assert "school_year (names known: annee, annee_scolaire, school_year)" in made.out
    assert not (tmp_path / "site" / "mappings").exists()


def test_a_social_insurance_number_is_left_out_of_the_contract_and_told(call: Call, tmp_path: Path) -> None:
    example = tmp_path / "eleves.csv"
    example.write_text("fiche;nom;prenom;date_naissance;sexe;NAS\n", "utf-8")

    made = call("connector", "new", "essai", "--from", example, "--folder", tmp_path / "site", "--json")

    assert ["NAS"] == made.document["left_out"]
    contract = (tmp_path / "site/connectors/essai/contract/streams.yaml").read_text("utf-8")
    assert "# NAS: left out" in contract
    assert "nas:" not in contract


def test_the_manifest_of_one_of_ours_names_its_schema_and_that_of_a_site_s_own_no_path_of_ours() -> None:
    line = b"# yaml-language-server: $schema=../../kit/manifest/manifest.schema.json\n"

    assert scaffold.files(scaffold.plan("essai", "files"))["manifest.yaml"].startswith(line)
    assert b"schema.json" not in scaffold.files(scaffold.plan("essai", "files", ours=False))["manifest.yaml"]


# sample


def test_samples_that_changed_are_told_and_made_anew_only_when_asked(call: Call, tmp_path: Path) -> None:
    root = tmp_path / "site"
    call("connector", "new", "essai", "--folder", root)
    assert 0 == call("connector", "sample", "essai", "--folder", root).code
    path = root / "connectors/essai/samples/eleves.csv"
    path.write_text(path.read_text("utf-8").replace("Noé", "Zoé"), "utf-8")
    golden = root / "mappings/essai/samples/student.v1.jsonl"

    told = call("connector", "sample", "essai", "--folder", root)
    assert 1 == told.code
    assert "Zoé" not in golden.read_text("utf-8")

    assert 0 == call("connector", "sample", "essai", "--folder", root, "--write").code
    assert "Zoé" in golden.read_text("utf-8")
    assert 0 == call("connector", "sample", "essai", "--folder", root).code


def test_a_connector_without_a_mapping_has_nothing_to_sample(call: Call, tmp_path: Path) -> None:
    call("connector", "new", "essai", "--resource", "Payment", "--folder", tmp_path / "site")

    assert 2 == call("connector", "sample", "essai", "--folder", tmp_path / "site").code


# list and check


def test_a_column_that_is_deleted_from_contract_and_mapping_may_stay_in_the_sample(
    call: Call, tmp_path: Path, example: Path
) -> None:
    root = tmp_path / "site"
    call("connector", "new", "essai", "--from", example, "--folder", root)
    for path in (root / "connectors/essai/contract/streams.yaml", root / "mappings/essai/student.v1.yaml"):
        text = re.sub(r"(?m)^ +frais_dus: .*\n|^never_read: .*\n|, frais_dus", "", path.read_text("utf-8"))
        path.write_text(text, "utf-8")

    found = call("connector", "check", "essai", "--live", "--folder", root, "--lang", "en")

    assert 0 == found.code, found.out


def test_what_is_wrong_in_the_folder_is_said_once_and_the_sandbox_is_not_tried(
    call: Call, tmp_path: Path
) -> None:
    root = tmp_path / "site"
    call("connector", "new", "essai", "--protocol", "rest", "--folder", root)
    path = root / "connectors/essai/manifest.yaml"
    path.write_text(path.read_text("utf-8").replace("[client_secret]", "[cle]"), "utf-8")

    found = call("connector", "check", "essai", "--live", "--folder", root, "--lang", "en")

    assert 1 == found.code
    assert [
        "essai: to mend (8 checks held)", "  essai: oauth2 asks for the secret client_secret. Name it in `secrets`."
    ] == [line for line in found.out.splitlines() if "checks held" in line or "secret" in line][:2]  # fmt: skip
    assert "sandbox" not in found.out


def test_a_site_s_own_connector_is_found_without_naming_its_folder(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "site"
    call("connector", "new", "essai", "--folder", root)
    monkeypatch.setenv("PASSERELLE_SITE", str(root))

    assert {"essai", "gpi"} <= {item["name"] for item in call("connector", "list", "--json").document}
    assert 0 == call("connector", "check", "essai").code
    assert 0 == call("connector", "sample", "essai").code


def test_the_list_names_every_connector_of_the_repository(call: Call) -> None:
    listed = json.loads(call("connector", "list", "--json").out)

    assert {"gpi", "clara"} <= {item["name"] for item in listed}
    assert all(item["quality"] for item in listed)


def test_a_check_says_what_is_wrong_and_its_card_is_escaped(call: Call, tmp_path: Path) -> None:
    root, cards = tmp_path / "site", tmp_path / "cards"
    call("connector", "new", "essai", "--folder", str(root))
    path = root / "connectors" / "essai" / "manifest.yaml"
    told = path.read_text("utf-8").replace(
        "owner: registrar-data@example.org", 'owner: "<script>a@example.org"'
    )
    path.write_text(told.replace("counts-agree: done", "counts-agreee: done\n  never-writes: todo"), "utf-8")

    found = call("connector", "check", "essai", "--folder", str(root), "--card", str(cards), "--lang", "en")

    assert 1 == found.code
    assert "counts-agree looks like it" in found.out
    assert "never-writes: to do" in found.out
    page = (cards / "essai.html").read_text("utf-8")
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert {"essai.html", "essai.txt", "index.html"} == {item.name for item in cards.iterdir()}


def test_a_rung_that_nothing_proves_is_a_fault(call: Call, tmp_path: Path) -> None:
    root = tmp_path / "site"
    call("connector", "new", "essai", "--folder", str(root))
    path = root / "connectors" / "essai" / "manifest.yaml"
    path.write_text(path.read_text("utf-8") + "  never-writes: done\n", "utf-8")

    found = call("connector", "check", "essai", "--folder", str(root), "--lang", "en")

    assert 1 == found.code
    assert "never-writes: nothing proves `done`" in found.out


def test_a_manifest_that_cannot_be_read_is_one_fault_and_the_others_are_checked(
    call: Call, tmp_path: Path
) -> None:
    root = tmp_path / "site"
    for name in ("un", "deux"):
        call("connector", "new", name, "--folder", str(root))
    (root / "connectors" / "un" / "manifest.yaml").write_text("name: un\n", "utf-8")

    found = call("connector", "check", "--folder", str(root), "--json")

    states = {item["connector"]: {f["state"] for f in item["findings"]} for item in json.loads(found.out)}
    assert 1 == found.code
    assert {"fault"} == states["un"]
    assert "fault" not in states["deux"]


def test_an_unknown_connector_is_a_wrong_call_with_the_one_that_looks_like_it(call: Call) -> None:
    found = call("connector", "check", "gpy")

    assert 2 == found.code
    assert "gpi" in found.err


# read


@pytest.fixture
def dropped(call: Call, tmp_path: Path) -> Path:
    """A site's connector, and a file that its partner dropped."""
    root, drop = tmp_path / "site", tmp_path / "depot"
    call("connector", "new", "essai", "--folder", str(root))
    content = (root / "connectors/essai/samples/eleves.csv").read_bytes()
    drop.mkdir()
    (drop / "eleves_2026-02-16.csv").write_bytes(content)
    marker = f"{hashlib.sha256(content).hexdigest()}  eleves_2026-02-16.csv\n# rows: 2\n"
    (drop / "eleves_2026-02-16.csv.sha256").write_text(marker)
    return tmp_path


@pytest.mark.parametrize("written", ["parquet", "jsonl"])
def test_raw_records_are_written_for_their_owner_alone(call: Call, dropped: Path, written: str) -> None:
    out = dropped / "out"
    found = call(
        "connector", "read", "essai", "eleves", "--out", str(out), "--folder", str(dropped / "site"), "--json",
        "--set", f"address={(dropped / 'depot').as_uri()}", "--set", "day=2026-02-16", "--set", "school_year=2025",
        "--format", written,
    )  # fmt: skip

    assert 0 == found.code, found.out
    told = json.loads(found.out)
    frame = pl.read_parquet(told["file"]) if written == "parquet" else pl.read_ndjson(told["file"])
    assert (2, None) == (told["rows"], told["cursor"])
    assert ["1001", "1002"] == frame["fiche"].to_list()
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()}
    assert 0o700 == stat.S_IMODE(out.stat().st_mode)


def test_a_secret_is_read_from_a_file_and_never_from_one_that_cannot_be_read(
    call: Call, tmp_path: Path
) -> None:
    root = tmp_path / "site"
    call("connector", "new", "essai", "--protocol", "rest", "--folder", root)
    (tmp_path / "key").write_text("s3cret\n", "utf-8")
    words = ("connector", "read", "essai", "eleves", "--out", tmp_path / "out", "--folder", root)
    more = ("--set", "address=http://127.0.0.1:9", "--set", "school_year=2025", "--set")

    assert 3 == call(*words, *more, f"secret.client_secret=@{tmp_path / 'key'}", "--set", "client_id=x").code
    wrong = call(*words, *more, f"secret.client_secret=@{tmp_path / 'none'}")
    assert 2 == wrong.code
    assert "s3cret" not in wrong.out + wrong.err


def test_a_partner_that_has_nothing_yet_is_for_a_later_try(call: Call, dropped: Path) -> None:
    found = call(
        "connector", "read", "essai", "eleves", "--out", str(dropped / "out"), "--folder", str(dropped / "site"),
        "--set", f"address={(dropped / 'depot').as_uri()}", "--set", "day=2026-02-01", "--set", "school_year=2025",
    )  # fmt: skip

    assert 3 == found.code
    assert not list((dropped / "out").glob("eleves*"))


@pytest.mark.parametrize(
    "words", [("gpi", "x"), ("gpi@762000", "x"), ("essai", "x", "--set", "address"), ("essai", "x")]
)
def test_a_call_that_does_not_say_where_is_refused(
    call: Call, tmp_path: Path, words: tuple[str, ...]
) -> None:
    found = call("connector", "read", *words, "--out", str(tmp_path / "out"))

    assert 2 == found.code
    assert not (tmp_path / "out").exists()
