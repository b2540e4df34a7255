"""Declaring the 30 September enrolments: every pupil counted once, nobody twice, every error placed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from canonical_model.errors import ConfigurationError, IntegrityError, RetryableError
from connectors.kit import sandbox
from gateway import ministry
from gateway.ministry import transmission
from gateway.store.schema import decision, evidence_entry
from tests.gateway.ministry.conftest import BOARD, MINISTRY, Board

EXCHANGE = f"run-1/ministry/{BOARD}"
NONE: dict[str, Any] = {
    "declared": 0,
    "unchanged": 0,
    "not_declarable": {},
    "withheld": {},
    "accepted": 0,
    "corrected": 0,
    "rejected": {},
}


def kill_after_sending(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """Transmit, and die when the ministry has the lot and the hub has written nothing down yet."""

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(transmission, "_close", killed)
        with pytest.raises(KeyboardInterrupt):
            board.transmit(EXCHANGE)


def test_every_enrolment_of_the_census_is_counted_once_and_every_declaration_answered(board: Board) -> None:
    nobody = replace(board.pupils[30], code_permanent=None)
    gone = replace(board.pupils[31], left_on=board.pupils[31].enrolled_on + timedelta(days=3))
    board.say(
        *board.pupils[:20],
        nobody,
        gone,
        board.planted("ministry-rejects"),
        board.planted("ministry-corrects"),
    )

    counts = board.declare()

    assert counts == {
        "enrolled": 23,
        "declared": 22,
        "unchanged": 0,
        "not_declarable": {"no-code-permanent": 1},
        "withheld": {},
        "accepted": 20,
        "corrected": 1,
        "rejected": {"E102": 1},
    }
    assert "done" == board.row(EXCHANGE).state
    assert ["ministry.lot-prepared", "ministry.lot-sent", "ministry.return-read"] == board.evidence()
    assert 22 == len(board.evidence("release.permitted"))
    assert [22] == [transactions for _, transactions in board.lots()]


def test_an_error_is_joined_to_the_source_cell_and_shows_no_person(board: Board) -> None:
    rejected, corrected = board.planted("ministry-rejects"), board.planted("ministry-corrects")
    board.say(*board.pupils[:3], rejected, corrected)
    board.declare()

    errors = {item.state: item for item in ministry.errors(board.hub, "run-1")}

    assert {"rejected", "corrected"} == errors.keys()
    found = errors["rejected"]
    assert (f"gpi@{BOARD}", "gpm_e_ele", board.rows[rejected.fiche], "date_naiss") == (
        found.system, found.stream, found.row, found.column,
    )  # fmt: skip
    assert "date de naissance" in found.french
    assert "birth date" in found.english
    assert ("code_perm", "C201") == (errors["corrected"].column, errors["corrected"].code)
    for item in errors.values():
        for value in (
            rejected.family_name,
            str(rejected.fiche),
            rejected.code_permanent,
            corrected.code_permanent,
        ):
            assert str(value) not in repr(item)
    placed = next(row.place for row in board.declarations() if row.state == "rejected")
    assert {"system", "stream", "row", "key", "mapping", "batch", "column"} <= placed.keys()


def test_a_school_unknown_to_the_ministry_is_placed_in_the_table_it_was_read_from(board: Board) -> None:
    pupil = board.pupils[0]
    board.say(replace(pupil, school=replace(pupil.school, official="999999")))
    board.declare()

    found = ministry.errors(board.hub, "run-1")[0]

    assert ("E105", "gpm_e_dan", "gpm_t_eco.eco_off") == (found.code, found.stream, found.column)


def test_a_second_run_declares_nobody_again(board: Board) -> None:
    board.say(*board.pupils[:5], board.planted("ministry-rejects"), board.planted("ministry-corrects"))
    board.declare("run-1")
    permitted = board.evidence("release.")

    counts = board.declare("run-2")

    assert NONE | {"enrolled": 7, "unchanged": 7} == counts
    assert 1 == len(board.lots())
    assert 7 == len(board.declarations())
    assert permitted == board.evidence("release.")
    assert "done" == board.row(f"run-2/ministry/{BOARD}").state


def test_each_step_done_twice_is_done_once(board: Board) -> None:
    board.say(*board.pupils[:5])
    assert board.prepare() == board.prepare()
    assert board.transmit(EXCHANGE) == board.transmit(EXCHANGE)
    assert board.collect(EXCHANGE) == board.collect(EXCHANGE)
    assert board.prepare() == [EXCHANGE]

    assert 1 == len(board.lots())
    assert ["ministry.lot-prepared", "ministry.lot-sent", "ministry.return-read"] == board.evidence()


def test_killed_after_sending_the_same_lot_is_sent_again_and_acknowledged_the_same(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.say(*board.pupils[:5])
    board.prepare()

    kill_after_sending(board, monkeypatch)
    assert ["ministry.lot-prepared"] == board.evidence()

    # What the source says meanwhile belongs to the next lot: the one that left stays what it was.
    board.say(replace(board.pupils[0], given_name="Autre-Prénom"))
    board.transmit(EXCHANGE)
    counts = board.collect(EXCHANGE)

    assert 5 == counts["accepted"]
    assert 1 == len(board.lots())
    assert NONE | {"enrolled": 5, "declared": 1, "unchanged": 4, "accepted": 1} == board.declare("run-2")


def test_a_lot_that_an_earlier_run_left_open_is_brought_to_its_end(board: Board) -> None:
    board.say(*board.pupils[:5])
    board.prepare("run-1")

    assert [EXCHANGE, f"run-2/ministry/{BOARD}"] == board.prepare("run-2")
    assert NONE | {"enrolled": 5, "unchanged": 5} == dict(board.row(f"run-2/ministry/{BOARD}").counts)

    board.say(replace(board.pupils[0], given_name="Autre-Prénom"))
    board.prepare("run-3")
    counts = board.row(f"run-3/ministry/{BOARD}").counts
    assert {"awaiting-return": 1} == counts["not_declarable"]

    counts = board.declare("run-4")
    assert "done" == board.row(EXCHANGE).state
    assert {"awaiting-return": 1} == counts["not_declarable"]
    assert NONE | {"enrolled": 5, "declared": 1, "unchanged": 4, "accepted": 1} == board.declare("run-5")


def test_a_mended_source_is_declared_again_and_an_accepted_one_is_modified(board: Board) -> None:
    rejected, corrected, other = (
        board.planted("ministry-rejects"),
        board.planted("ministry-corrects"),
        board.pupils[0],
    )
    board.say(rejected, corrected, other)
    board.declare("run-1")
    numbers = {row.state: row.number for row in board.declarations()}
    kept = ministry.correction(board.hub, numbers["corrected"], moment=board.moment)

    board.say(
        replace(rejected, birth_date=rejected.birth_date + timedelta(days=1)),
        replace(corrected, code_permanent=kept),
        replace(other, level="SECONDARY4" if other.level != "SECONDARY4" else "SECONDARY3"),
    )

    assert NONE | {"enrolled": 3, "declared": 3, "accepted": 3} == board.declare("run-2")
    modified = {row.modifies for row in board.declarations() if row.number not in numbers.values()}
    assert {None, numbers["corrected"], numbers["accepted"]} == modified


def test_a_content_that_comes_back_is_a_modification_again(board: Board) -> None:
    first = board.pupils[0]
    second = replace(first, given_name="Autre-Prénom")
    for run, said in (("run-1", first), ("run-2", second), ("run-3", first)):
        board.say(said)
        assert 1 == board.declare(run)["accepted"]

    creation, *others = board.declarations_by_time()
    assert [creation.number] * 2 == [row.modifies for row in others]


def test_what_the_ministry_is_not_told_changes_nothing(board: Board) -> None:
    board.say(board.pupils[0])
    board.declare("run-1")
    board.say(replace(board.pupils[0], home_group="Z99"))

    assert NONE | {"enrolled": 1, "unchanged": 1} == board.declare("run-2")
    decided = board.evidence("release.")
    assert NONE | {"enrolled": 1, "unchanged": 1} == board.declare("run-3")
    assert decided == board.evidence("release.")


def test_without_an_agreement_nobody_is_declared_and_the_reason_is_written_down(board: Board) -> None:
    board.agree(period={"start": "2024-07-01", "end": "2025-07-01"})
    board.say(*board.pupils[:4])

    counts = board.declare()

    assert NONE | {"enrolled": 4, "withheld": {"agreement-not-in-force": 4}} == counts
    assert [] == board.lots()
    assert [] == board.declarations()
    assert ["release.refused"] * 4 == board.evidence("release.")


def test_an_agreement_that_ends_before_the_lot_leaves_stops_it(board: Board) -> None:
    board.say(*board.pupils[:4])
    board.prepare()
    board.agree(period={"start": "2024-07-01", "end": "2025-07-01"})

    counts = board.transmit(EXCHANGE)

    assert NONE | {"enrolled": 4, "withheld": {"agreement-not-in-force": 4}} == counts
    assert counts == board.collect(EXCHANGE)
    assert [] == board.lots()
    assert [] == board.declarations()
    assert "done" == board.row(EXCHANGE).state
    assert ["release.permitted"] * 4 + ["release.refused"] * 4 == board.evidence("release.")


def test_one_person_refused_before_the_lot_leaves_is_taken_out_of_it(board: Board) -> None:
    board.agree(sections={"identity": "mandatory", "enrolment": "refusable"})
    board.say(*board.pupils[:4])
    board.prepare()
    board.refuses(board.pupils[1])

    board.transmit(EXCHANGE)
    counts = board.collect(EXCHANGE)

    assert NONE | {"enrolled": 4, "declared": 3, "withheld": {"consent-refused": 1}, "accepted": 3} == counts
    assert [3] == [transactions for _, transactions in board.lots()]
    assert 3 == len(board.declarations())
    again = board.declare("run-2")
    assert NONE | {"enrolled": 4, "unchanged": 3, "withheld": {"consent-refused": 1}} == again


def test_a_person_refused_after_the_lot_left_is_not_sent_in_another_one(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.agree(sections={"identity": "mandatory", "enrolment": "refusable"})
    board.say(*board.pupils[:4])
    board.prepare()
    kill_after_sending(board, monkeypatch)
    board.refuses(board.pupils[1])

    with pytest.raises(ConfigurationError, match="LOT_DIFFERENT"):
        board.transmit(EXCHANGE)

    assert [4] == [transactions for _, transactions in board.lots()]
    assert "partner-refused" == board.row(EXCHANGE).failure["code"]


def test_a_return_that_is_not_ready_changes_nothing(board: Board) -> None:
    board.running.systems[0].return_seconds = 60.0  # type: ignore[attr-defined]
    board.say(*board.pupils[:2])
    board.prepare()
    board.transmit(EXCHANGE)

    with pytest.raises(RetryableError, match="in hand"):
        board.collect(EXCHANGE)

    assert "sent" == board.row(EXCHANGE).state
    assert {"prepared"} == {row.state for row in board.declarations()}
    board.running.systems[0].return_seconds = 0.0  # type: ignore[attr-defined]
    assert 2 == board.collect(EXCHANGE)["accepted"]


@pytest.mark.parametrize("board", [("short-return",)], indirect=True)
def test_a_return_that_forgets_a_declaration_is_not_believed(board: Board) -> None:
    board.say(*board.pupils[:3])
    board.prepare()
    board.transmit(EXCHANGE)

    with pytest.raises(IntegrityError, match="leaves 1 declarations without an answer"):
        board.collect(EXCHANGE)

    assert {"prepared"} == {row.state for row in board.declarations()}
    assert "ministry.return-read" not in board.evidence()


@pytest.mark.parametrize("board", [("fault",)], indirect=True)
def test_a_ministry_that_is_down_leaves_the_lot_prepared_and_says_so(board: Board) -> None:
    board.say(*board.pupils[:2])
    board.prepare()

    with pytest.raises(RetryableError):
        board.transmit(EXCHANGE)

    held = board.row(EXCHANGE)
    assert ("prepared", "retryable") == (held.state, held.failure["code"])
    faultless = sandbox.running(board.province, board.folder, systems=(MINISTRY,))
    with faultless as running:
        running.systems[0].return_seconds = 0.0  # type: ignore[attr-defined]
        systems = board.hub.settings.site_folder / "systems.yaml"
        systems.write_text(
            systems.read_text("utf-8").replace(board.running.base_url, running.base_url), "utf-8"
        )
        board.transmit(EXCHANGE)
        assert 2 == board.collect(EXCHANGE)["accepted"]
    assert board.row(EXCHANGE).failure is None


def test_a_lot_is_not_collected_before_it_is_sent(board: Board) -> None:
    board.say(board.pupils[0])
    board.prepare()

    with pytest.raises(ConfigurationError, match="not sent yet"):
        board.collect(EXCHANGE)


def test_an_unknown_exchange_is_refused(board: Board) -> None:
    with pytest.raises(ConfigurationError, match="no such declaration"):
        board.transmit("run-9/ministry/762000")


def test_who_left_is_marked_delivered_and_nobody_else(board: Board) -> None:
    board.say(*board.pupils[:3])
    board.prepare()
    query = sa.select(sa.func.count()).select_from(decision).where(decision.c.delivered_at.is_not(None))
    with board.hub.transaction() as connection:
        assert 0 == connection.scalar(query)

    board.transmit(EXCHANGE)

    with board.hub.transaction() as connection:
        assert 3 == connection.scalar(query)


def test_a_declaration_is_not_readable_in_the_table_nor_in_evidence(board: Board) -> None:
    pupil = board.planted("ministry-corrects")
    board.say(pupil)
    board.declare()

    with board.hub.transaction() as connection:
        bodies = " ".join(connection.scalars(sa.select(evidence_entry.c.body)))
    rows = " ".join(str(row) for row in board.declarations())
    for value in (pupil.family_name, pupil.given_name, pupil.code_permanent, pupil.birth_date.isoformat()):
        assert str(value) not in bodies
        assert str(value) not in rows


def test_a_correction_can_be_read_and_that_is_written_down(board: Board) -> None:
    pupil = board.planted("ministry-corrects")
    board.say(pupil, board.pupils[0])
    board.declare()
    numbers = {row.state: row.number for row in board.declarations()}

    kept = ministry.correction(board.hub, numbers["corrected"], moment=board.moment)

    assert kept is not None
    assert kept[:10] == (pupil.code_permanent or "")[:10]
    assert kept != pupil.code_permanent
    assert "ministry.correction-read" == board.evidence()[-1]
    assert ministry.correction(board.hub, numbers["accepted"], moment=board.moment) is None
    assert ministry.correction(board.hub, "nothing", moment=board.moment) is None


def test_without_a_ministry_nothing_begins(board: Board) -> None:
    board.say(board.pupils[0])
    systems = board.hub.settings.site_folder / "systems.yaml"
    systems.write_text(f"- {{system: gpi@{BOARD}}}\n", "utf-8")

    with pytest.raises(ConfigurationError, match="exactly one charlemagne is expected, and there are 0"):
        board.prepare()

    assert [] == board.evidence()


def test_a_school_year_without_a_table_is_refused_before_anything_begins(board: Board) -> None:
    board.say(board.pupils[0])

    with pytest.raises(ConfigurationError, match="no table of fields for school year 2031"):
        ministry.prepare(
            board.hub, run="run-1", day=board.province.day, moment=board.moment, school_year=2031
        )

    assert [] == board.evidence()
