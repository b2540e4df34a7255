"""Microsoft SDS against its live sandbox: whole sets in a real folder, once."""

from datetime import date
from pathlib import Path

import pytest

from canonical_model.errors import ConfigurationError, IntegrityError
from connectors.kit import contract, load, sandbox
from connectors.kit.files.outgoing import Outgoing
from connectors.kit.protocol import Delivery, Target
from connectors.kit.province.generate import generate
from connectors.kit.sandbox_system import SandboxSystem

SYSTEM = "microsoft_sds@762000"
KEY = "2026-02-16.762000"
FOLDER = Path(__file__).parent
STREAMS = contract.read(FOLDER / "contract" / "sds_v2.1.yaml")


@pytest.fixture
def made(tmp_path: Path) -> tuple[SandboxSystem, Target]:
    """One board's folder, and the target that the hub would make."""
    province = generate(7, students=40, boards=1, day=date(2026, 2, 16))
    (found,) = sandbox.find(province, tmp_path, systems=[SYSTEM])
    found.prepare("")
    return found, load.target(sandbox.installation(found.entry("", "")))


def sample(kind: str) -> Outgoing:
    """A file of samples/ as a delivery would hold it."""
    content = (FOLDER / "samples" / f"{STREAMS[kind].named}.csv").read_bytes()
    return Outgoing(kind, content, content.count(b"\r\n") - 1)


def delivery(*files: object, key: str = KEY) -> Delivery:
    """A set about somebody; who it is, the target does not ask."""
    return Delivery(key, (object(),), files)  # type: ignore[arg-type]


def test_a_set_is_taken_whole_with_every_record(made: tuple[SandboxSystem, Target]) -> None:
    found, target = made
    files = [sample(kind) for kind in STREAMS]

    receipt = target.deliver(delivery(*files))

    taken = found.take()[KEY]  # type: ignore[attr-defined] # this sandbox's own
    assert {f"{stream.named}.csv" for stream in STREAMS.values()} == set(taken)
    assert receipt.accepted == sum(map(len, taken.values())) == sum(file.rows for file in files)
    assert "Roy-Gagné" in {row["familyName"] for row in taken["users.csv"]}


def test_the_same_delivery_twice_is_one_set_even_when_it_was_taken(
    made: tuple[SandboxSystem, Target],
) -> None:
    found, target = made
    first = target.deliver(delivery(sample("orgs")))
    assert [KEY] == list(found.take())  # type: ignore[attr-defined]

    assert first == target.deliver(delivery(sample("orgs")))
    assert {} == found.take()  # type: ignore[attr-defined]


def test_another_set_under_the_same_key_is_refused(made: tuple[SandboxSystem, Target]) -> None:
    found, target = made
    target.deliver(delivery(sample("orgs")))

    with pytest.raises(IntegrityError, match="another set"):
        target.deliver(delivery(sample("users")))
    assert ["orgs.csv"] == list(found.take()[KEY])  # type: ignore[attr-defined]


def test_a_set_left_half_written_by_a_kill_is_written_whole(
    made: tuple[SandboxSystem, Target], tmp_path: Path
) -> None:
    found, target = made
    half = tmp_path / "microsoft_sds" / "762000" / "depot" / KEY
    half.mkdir()
    (half / "orgs.csv").write_bytes(b"sourced")
    assert {} == found.take()  # type: ignore[attr-defined]

    target.deliver(delivery(sample("orgs")))

    assert sample("orgs").rows == len(found.take()[KEY]["orgs.csv"])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("made_up", "words"),
    [
        (delivery(), "one file of each kind"),
        (delivery(sample("orgs"), sample("orgs")), "one file of each kind"),
        (delivery(Outgoing("staff", b"", 0)), "one file of each kind"),
        (Delivery(KEY, (), (sample("orgs"),)), "released people"),
        (delivery(sample("orgs"), key="../x"), "plain key"),
        (delivery(Outgoing("orgs", sample("users").content, 1)), "orgs: its header"),
    ],
)
def test_a_mistaken_set_is_never_dropped(
    made: tuple[SandboxSystem, Target], tmp_path: Path, made_up: Delivery, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        made[1].deliver(made_up)
    assert [] == list((tmp_path / "microsoft_sds" / "762000" / "depot").iterdir())


@pytest.mark.parametrize("kind", list(STREAMS))
def test_samples_follow_the_contract(kind: str) -> None:
    header = sample(kind).content.split(b"\r\n")[0].decode()

    assert [column.named for column in STREAMS[kind].columns] == header.split(",")
