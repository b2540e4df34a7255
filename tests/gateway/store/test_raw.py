"""The raw store: same content, one file; sealed; whole or absent, whatever happens while it is written."""

import itertools
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canonical_model.errors import ConfigurationError
from gateway import keys as hub_keys
from gateway.keys import Keys
from gateway.settings import Settings
from gateway.store import raw
from gateway.store.raw import RawStore
from tests.conftest import REPOSITORY

PUPILS = pl.DataFrame({"fiche": ["0000123", "0000124"], "nom": ["Tremblay-Exemple", None]})
SCHOOLS = pl.DataFrame({"eco": ["012"]})
SYSTEM = "gpi@762000"


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return hub_keys.load(Settings(home=tmp_path))


@pytest.fixture
def store(tmp_path: Path, keys: Keys) -> RawStore:
    return RawStore(tmp_path, keys)


def files(home: Path) -> list[Path]:
    return [path for path in (home / "raw").rglob("*") if path.is_file()]


def test_what_landed_is_read_as_it_was_with_its_row_numbers(store: RawStore) -> None:
    held = store.streams(store.land(SYSTEM, {"pupils": PUPILS, "schools": SCHOOLS}))

    assert {"pupils", "schools"} == held.keys()
    assert [1, 2] == held["pupils"]["_row"].to_list()
    assert PUPILS.equals(held["pupils"].drop("_row"))


def test_the_same_content_is_one_file_of_one_name(store: RawStore, tmp_path: Path) -> None:
    first = store.land(SYSTEM, {"pupils": PUPILS, "schools": SCHOOLS})
    written = files(tmp_path)[0].stat()
    again = store.land(SYSTEM, {"schools": SCHOOLS, "pupils": PUPILS})

    assert first == again
    assert [written.st_mtime_ns] == [path.stat().st_mtime_ns for path in files(tmp_path)]


@pytest.mark.parametrize("cuts", [(0, 500), (0, 1, 37, 499, 500), tuple(range(0, 501, 20))])
def test_the_same_rows_have_the_same_name_whatever_pages_they_came_in(
    store: RawStore, monkeypatch: pytest.MonkeyPatch, cuts: tuple[int, ...]
) -> None:
    monkeypatch.setattr(raw, "BLOCK_ROWS", 70)
    rows = {
        "a": [None if n % 9 == 0 else "x" * (n % 41) for n in range(500)],
        "b": [str(n) for n in range(500)],
    }
    whole = pl.DataFrame(rows)
    pages = (
        pl.DataFrame({name: values[low:high] for name, values in rows.items()}, schema=whole.schema)
        for low, high in itertools.pairwise(cuts)
    )
    batch = store.land(SYSTEM, {"rows": pages, "none": whole.clear()})

    assert batch == store.land(SYSTEM, {"rows": whole, "none": whole.clear()})
    held = store.streams(batch)
    assert whole.equals(held["rows"].drop("_row"))
    assert (list(range(1, 501)), 0) == (held["rows"]["_row"].to_list(), held["none"].height)


def test_another_content_system_or_key_is_another_name(store: RawStore, tmp_path: Path) -> None:
    changed = PUPILS.with_columns(pl.lit("X").alias("nom"))
    other_keys = hub_keys.load(Settings(home=tmp_path / "other"))
    names = {
        store.land(SYSTEM, {"pupils": PUPILS}),
        store.land(SYSTEM, {"pupils": changed}),
        store.land("gpi@711000", {"pupils": PUPILS}),
        RawStore(tmp_path, other_keys).land(SYSTEM, {"pupils": PUPILS}),
    }

    assert 4 == len(names)


def test_no_name_can_be_read_in_the_files_and_only_the_owner_may_try(store: RawStore, tmp_path: Path) -> None:
    store.land(SYSTEM, {"pupils": PUPILS})
    [path] = files(tmp_path)

    assert b"Tremblay" not in path.read_bytes()
    assert b"fiche" not in path.read_bytes()
    assert 0o600 == path.stat().st_mode & 0o777


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_altered_file_is_refused_and_named(store: RawStore, tmp_path: Path, data: st.DataObject) -> None:
    batch = store.land(SYSTEM, {"pupils": PUPILS})
    [path] = files(tmp_path)
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    cut = data.draw(st.booleans())
    path.write_bytes(whole[:at] if cut else whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    try:
        with pytest.raises(ConfigurationError, match=f"batch {batch[:12]}: its file was altered"):
            store.streams(batch)
    finally:
        path.write_bytes(whole)


def test_a_file_moved_to_another_name_is_refused(store: RawStore, tmp_path: Path) -> None:
    batch = store.land(SYSTEM, {"pupils": PUPILS})
    other = "0" * len(batch)
    place = tmp_path / "raw" / "batch" / other[:2] / other
    place.parent.mkdir()
    files(tmp_path)[0].rename(place)

    with pytest.raises(ConfigurationError, match="altered"):
        store.streams(other)


def test_an_absent_batch_is_named_with_what_to_do(store: RawStore) -> None:
    with pytest.raises(ConfigurationError, match=r"no longer in the home\. Pull again") as raised:
        store.streams("ab" * 32)
    assert "Relancez la journée" in raised.value.french


def test_another_master_key_opens_nothing(store: RawStore, tmp_path: Path) -> None:
    batch = store.land(SYSTEM, {"pupils": PUPILS})
    other = RawStore(tmp_path, hub_keys.load(Settings(home=tmp_path / "other")))

    with pytest.raises(ConfigurationError, match="another master key sealed it"):
        other.streams(batch)


def test_what_a_mapping_made_is_kept_between_two_steps_and_dropped_after(
    store: RawStore, tmp_path: Path
) -> None:
    name = store.keep_mapped("run/intake/gpi@762000", {"gpi/student@1/documents": PUPILS})

    assert PUPILS.equals(store.mapped(name)["gpi/student@1/documents"])
    store.drop_mapped(name)
    store.drop_mapped(name)
    assert [] == files(tmp_path)


WRITER = """
import sys
from pathlib import Path
import polars as pl
from gateway import keys
from gateway.settings import Settings
from gateway.store.raw import RawStore
home = Path(sys.argv[1])
store = RawStore(home, keys.load(Settings(home=home)))
frame = pl.DataFrame({"x": [str(hash(n)) for n in range(400_000)]})
print("ready", flush=True)
for number in range(1000):
    store.land("gpi@762000", {"s": frame.with_columns(pl.lit(number).cast(pl.String).alias("n"))})
"""


def test_a_writer_that_is_killed_leaves_no_half_file(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)],
        env={"PYTHONPATH": str(REPOSITORY)}, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    while len(list((tmp_path / "raw").rglob("*"))) < 4:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()

    store = RawStore(tmp_path, hub_keys.load(Settings(home=tmp_path)))
    batches = [path for path in files(tmp_path) if path.suffix != ".part"]
    assert batches
    assert {400_000} == {store.streams(path.name)["s"].height for path in batches[-3:]}
