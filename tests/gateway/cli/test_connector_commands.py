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


@pytest.mark.parametrize("protocol", ["files", "rest", "sql"])
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


# list and check


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
