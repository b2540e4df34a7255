"""Every call answers with a sentence and the right exit code: wrong calls, wrong settings, no hub yet, a defect."""

import errno
import re
import socket
from pathlib import Path

import pytest
from typer.main import get_command

from gateway import cli
from gateway.cli import identifiers as identifier_commands
from gateway.cli.main import Interrupted, application
from gateway.store import server
from tests.gateway.cli.conftest import Call

README = Path(cli.__file__).parent / "README.md"
ISSUE_2 = {
    "demo", "up", "down", "status", "doctor", "mapping run", "mapping check", "mapping list", "identifier check",
    "dossier show", "dossier why", "quarantine list", "quarantine show", "evidence verify",
}  # fmt: skip
INTERFACE = ISSUE_2 | {
    "sandbox up", "mapping explain", "exchange list", "consent withdraw", "consent list", "evidence head",
    "evidence export",
}  # fmt: skip
NEEDS_A_HUB = [
    ("dossier", "show", "x|1"), ("dossier", "why", "x|1", "Student.sex"), ("quarantine", "list"),
    ("quarantine", "show", "1"), ("evidence", "verify"), ("evidence", "head"),
    ("evidence", "export", "--out", "/nowhere"), ("consent", "list", "x|1"), ("consent", "withdraw", "C"),
    ("exchange", "list"), ("store", "digest"), ("rl24", "transmit", "2025", "--to", "revenu_quebec@000003"),
]  # fmt: skip


def commands() -> dict[str, str]:
    """Every command, as ``dossier why``, with its help."""
    found = {}
    for name, command in get_command(application()).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        below = {f"{name} {key}": value for key, value in inner.items()} if inner else {name: command}
        found |= {words: item.help or "" for words, item in below.items() if not item.hidden}
    return found


def sentences(text: str) -> bool:
    """Where: what, and what to do."""
    return bool(re.match(r"^\S.* ?: .+\.$", text.strip(), re.DOTALL))


# What there is


def test_every_command_of_the_interface_that_is_built_is_there() -> None:
    assert set() == INTERFACE - commands().keys()


def test_every_command_is_in_the_readme_and_no_other() -> None:
    listed = re.findall(r"^\| `([a-z0-9]+(?: [a-z]+)?)[ `]", README.read_text("utf-8"), re.MULTILINE)

    assert sorted(commands()) == sorted(listed)


@pytest.mark.parametrize("words", commands())
def test_every_command_explains_itself_in_a_french_sentence(call: Call, words: str) -> None:
    answer = call(*words.split(), "--help")

    assert (0, "") == (answer.code, answer.err)
    assert commands()[words].splitlines()[0] in " ".join(answer.out.split())
    assert commands()[words].rstrip().endswith((".", "défauts"))


def test_a_group_and_the_command_alone_show_what_they_have_and_say_what_is_missing(call: Call) -> None:
    for words in ((), ("dossier",)):
        answer = call(*words)
        assert 2 == answer.code
        assert "Commands" in answer.out
        assert "il manque une commande" in answer.err


def test_the_version_is_told(call: Call) -> None:
    answer = call("--version")

    assert 0 == answer.code
    assert re.fullmatch(r"passerelle \d+\.\d+\.\d+\n", answer.out)


# Wrong calls


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nope",), "commande inconnue"),
        (("dossier", "nope"), "commande inconnue"),
        (("identifier", "check", "nas"), "il manque VALEUR"),
        (("identifier", "check", "nas", "046", "454", "286"), "un mot de trop"),
        (("mapping", "run", "gpi/student"), "il manque --input"),
        (("demo", "--students", "many"), "--students n'accepte pas cette valeur"),
        (("demo", "--students", "0"), "--students n'accepte pas cette valeur"),
        (("demo", "--boards", "4"), "--boards n'accepte pas cette valeur"),
        (("demo", "--until", "noon"), "--until : choisissez parmi intake"),
        (("demo", "--nope"), "aucune option --nope"),
        (("demo", "--seed"), "--seed demande une valeur"),
        (("demo", "--report", "/nowhere/at/all.json"), "/nowhere/at/all.json : aucun fichier ni dossier"),
        (("quarantine", "show", "abc"), "NO n'accepte pas cette valeur"),
        (("quarantine", "show", "99999999999999999999"), "NO n'accepte pas cette valeur"),
        (("consent", "withdraw", "C", "--day", "demain"), "--day n'accepte pas cette valeur"),
        (("dossier", "show", "x|1", "--section", "secrets"), "--section : choisissez parmi identity"),
        (("dossier", "why", "x|1", "mark"), "CHEMIN : écrivez Ressource.champ"),
        (("dossier", "why", "x|1", "Teacher.name"), "Teacher : ressource inconnue"),
        (("identifier", "check", "passport", "1"), "GENRE : choisissez parmi code-permanent"),
        (("mapping", "check", "gpi/nobody"), "gpi/nobody"),
        (("mapping", "explain", "gpi/course_result", "mark.number"), "Nommez la case"),
        (("sandbox", "up", "--faults", "gpi"), "--faults"),
        (("evidence", "verify", "/nowhere/at/all"), "/nowhere/at/all : aucun fichier ni dossier"),
        (("evidence", "verify", "/"), "/ : c'est un dossier"),
        (("--lang", "de", "mapping", "list"), "--lang : écrivez fr ou en"),
        (("mapping", "list", "--lang"), "--lang : écrivez fr ou en"),
    ],
)
def test_a_wrong_call_is_answered_with_what_is_wrong(
    call: Call, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    answer = call(*words)

    assert (2, "") == (answer.code, answer.out)
    assert said in answer.err
    assert sentences(answer.err)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "words", [("identifier", "check", "nas", "046454286", "TREJ05531000"), ("TREJ05531000",)]
)
def test_what_was_typed_is_not_repeated(call: Call, words: tuple[str, ...]) -> None:
    answer = call(*words)

    assert 2 == answer.code
    assert "046454286" not in answer.err
    assert "TREJ" not in answer.err


@pytest.mark.parametrize(
    "words", [("nope",), ("demo", "--students", "x"), ("identifier", "check", "x", "1"), ()]
)
def test_with_json_an_error_is_one_document_in_both_languages(call: Call, words: tuple[str, ...]) -> None:
    for told in (call("--json", *words), call(*words, "--json", "--lang", "en")):
        assert 2 == told.code
        assert {"code", "message_fr", "message_en"} == told.document["error"].keys()
        assert "configuration" == told.document["error"]["code"]


def test_english_is_spoken_on_request_wherever_it_is_asked(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "unknown command" in call("--lang", "en", "nope").err
    assert "unknown command" in call("nope", "--lang=en").err
    monkeypatch.setenv("PASSERELLE_LANG", "en")
    assert "unknown command" in call("nope").err
    assert "commande inconnue" in call("nope", "--lang", "fr").err


# Wrong settings, nothing there


@pytest.mark.parametrize(
    ("name", "value"),
    [("AIRFLOW_PORT", "x"), ("SANDBOX_PORT", "0"), ("DAY", "hier"), ("LANG", "de")],
)
def test_a_wrong_setting_is_named(call: Call, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"PASSERELLE_{name}", value)
    answer = call("status")

    assert (2, "") == (answer.code, answer.out)
    assert answer.err.startswith(f"PASSERELLE_{name} : ")
    assert sentences(answer.err)
    assert "configuration" == call("status", "--json").document["error"]["code"]


@pytest.mark.parametrize("words", NEEDS_A_HUB, ids=" ".join)
def test_without_a_hub_the_call_says_how_to_begin_one(
    call: Call, tmp_path: Path, words: tuple[str, ...]
) -> None:
    answer = call(*words)

    assert (2, "") == (answer.code, answer.out)
    assert "Lancez `passerelle demo`" in answer.err
    assert not (tmp_path / "home").exists()


def test_nothing_runs_where_nothing_ran(call: Call) -> None:
    assert (0, {"stopped": False}) == (call("down").code, call("down", "--json").document)
    assert "Rien ne tourne" in call("status").out
    assert not call("status", "--json").document["running"]


def test_an_external_database_that_does_not_answer_is_exit_3(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSERELLE_DATABASE_URL", "postgresql://hub:Xq-secret@127.0.0.1:1/hub")
    answer = call("quarantine", "list")

    assert (3, "") == (answer.code, answer.out)
    assert sentences(answer.err)
    assert "Xq-secret" not in answer.err
    assert "Xq-secret" not in call("doctor").out


def test_a_port_in_use_is_named_by_its_setting(
    call: Call, monkeypatch: pytest.MonkeyPatch, postgres: server.Server
) -> None:
    monkeypatch.setenv("PASSERELLE_DATABASE_URL", postgres.url("port_in_use"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("PASSERELLE_GATEWAY_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        answer = call("demo", "--no-airflow", "--students", "10", "--boards", "1")

    assert (2, "") == (answer.code, answer.out)
    assert "PASSERELLE_GATEWAY_URL" in answer.err
    assert "occupé par le processus" in answer.err


def test_a_home_that_is_a_file_is_named(call: Call, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("x")

    answer = call("demo", "--no-airflow")
    assert 2 == answer.code
    assert f"{tmp_path / 'home'} : autre chose s'y trouve déjà" in answer.err


def test_the_doctor_looks_at_everything_and_names_each_setting(call: Call) -> None:
    answer = call("doctor", "--json")

    assert answer.code in (0, 2)
    assert answer.document["checks"]
    assert "PASSERELLE_HOME" in {item["variable"] for item in answer.document["settings"]}
    assert (answer.code == 0) == all(item["well"] for item in answer.document["checks"])


# Defects


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ValueError("Tremblay, Zoé"), 2, "ValueError"),
        (KeyError("Tremblay"), 2, "KeyError"),
        (OSError(errno.ENOSPC, "Tremblay", "/x/y"), 2, "/x/y : le disque est plein"),
        (ConnectionError("Tremblay"), 2, "ConnectionError"),
        (Interrupted(), 3, "Interrompu"),
    ],
    ids=repr,
)
def test_a_defect_is_told_by_kind_and_place_and_repeats_no_value(
    call: Call, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, said: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(identifier_commands.identifiers, "code_permanent", fail)
    answer = call("identifier", "check", "code-permanent", "ABCD01510199")

    assert (code, "") == (answer.code, answer.out)
    assert said in answer.err
    assert "Tremblay" not in answer.err
