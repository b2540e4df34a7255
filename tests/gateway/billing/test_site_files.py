"""Prices, caps and accounts: what the site may write, and what is refused before anything is charged."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from canonical_model.errors import ConfigurationError
from gateway.billing import site_files
from gateway.billing.boxes import boxes
from gateway.billing.rates import in_force, legal
from tests.gateway.billing.invented import BOARD, SITE, care, tariff

BOARDS = ("762000", "711000", "889000")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site folder with the demonstration's files, to be spoilt."""
    for name in (site_files.PRICES, site_files.ACCOUNTS):
        (tmp_path / name).write_text((SITE / name).read_text())
    return tmp_path


def spoil(site: Path, name: str, old: str, new: str) -> None:
    """Replace the first `old` in a file of the site."""
    text = (site / name).read_text()
    assert old in text
    (site / name).write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("board", BOARDS)
def test_the_demonstration_s_files_are_right_for_every_board(board: str) -> None:
    assert site_files.board_tariff(SITE, board).lists
    assert site_files.board_filer(SITE, board).transmitter == f"NP{board}"
    assert site_files.board_accounts(SITE, board).account("REVENUE", "outing")


def test_only_2024_25_is_verified_and_one_tax_year_uses_two_caps() -> None:
    rates = legal()

    assert (True, Decimal("9.50")) == (
        in_force(rates, date(2025, 6, 30)).verified,
        in_force(rates, date(2025, 6, 30)).caps["class_day"],
    )
    assert (False, Decimal("9.70")) == (
        in_force(rates, date(2025, 7, 1)).verified,
        in_force(rates, date(2025, 7, 1)).caps["class_day"],
    )


def test_a_day_before_every_rate_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="2024-06-30"):
        list(tariff().fees(care(date(2024, 6, 30))))


@pytest.mark.parametrize(
    ("kind", "status", "fee", "c", "d"),
    [
        ("class_day", "regular", "class_day", "9.70", "9.70"),
        ("class_day", "sporadic", "sporadic_day", "9.70", "0"),
        ("pedagogical_day", "regular", "pedagogical_day", "16.55", "9.70"),
        ("pedagogical_day", "sporadic", "pedagogical_day", "16.55", "9.70"),
        ("break_day", "sporadic", "break_day", "20.00", "0"),
    ],
)
def test_each_kind_of_day_has_its_price_and_its_tax_class(
    kind: str, status: str, fee: str, c: str, d: str
) -> None:
    (found,) = tariff().fees(care(date(2025, 9, 3), kind, status=status))

    assert (fee, Decimal(c), Decimal(d)) == (found.fee, found.total, found.non_eligible)


def test_extra_hours_are_eligible_and_an_outing_is_not() -> None:
    _, hours, outing = tariff().fees(care(date(2025, 1, 7), hours="0.25", outing=True))

    assert ("extra_hour", Decimal("0.79"), 0) == (hours.fee, hours.total, hours.non_eligible)
    assert ("outing", Decimal("15.00"), Decimal("15.00")) == (outing.fee, outing.total, outing.non_eligible)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("class_day: 9.50", "class_day: 9.51", "above the cap of 2024-07-01"),
        ("pedagogical_day: 16.20", "pedagogical_day: 16.25", "above the cap"),
        ("extra_hour: 3.15", "extra_hour: 3.20", "above the cap"),
        ("      break_day: 20.00\n", "", "the price break_day is missing"),
        ("outing: 15.00", "outing: 15.00\n      late_pickup: 10.00", "the fee late_pickup has no tax class"),
        ("outing: 15.00", "outing: 15", "`outing` is absent or misshapen"),
        ("2024-07-01:", "July:", "'July' is not a day"),
    ],
)
def test_a_wrong_price_stops_before_anything_is_charged(site: Path, old: str, new: str, said: str) -> None:
    spoil(site, site_files.PRICES, old, new)
    with pytest.raises(ConfigurationError, match=said):
        site_files.board_tariff(site, BOARD)


def test_a_price_is_checked_against_every_cap_that_it_meets(site: Path) -> None:
    spoil(site, site_files.PRICES, "    2025-07-01:", "    2025-06-30:")
    with pytest.raises(
        ConfigurationError, match="2025-06-30: the price class_day is above the cap of 2024-07-01"
    ):
        site_files.board_tariff(site, BOARD)


def test_a_site_may_confirm_the_caps_with_a_file_of_its_own(site: Path) -> None:
    (site / "rates").mkdir()
    shipped = Path(site_files.__file__).parent / "rates" / "childcare.2025-07-01.yaml"
    own = shipped.read_text().replace("verified: false", "verified: true")
    (site / "rates" / shipped.name).write_text(own)

    assert tariff().unverified(date(2025, 9, 3))
    assert not site_files.board_tariff(site, BOARD).unverified(date(2025, 9, 3))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("class_day: 9.70", "class_day: 9.71", "multiple of 0.05"),
        ("outing: non_eligible", "outing: perhaps", "not a tax class"),
        ("from: 2025-07-01", "from: 2025-07-02", "must repeat"),
        ("extra_hour: 3.20", "hour: 3.20", "unknown key 'hour'"),
    ],
)
def test_a_wrong_file_of_caps_is_refused(site: Path, old: str, new: str, said: str) -> None:
    shipped = Path(site_files.__file__).parent / "rates" / "childcare.2025-07-01.yaml"
    (site / "rates").mkdir()
    (site / "rates" / shipped.name).write_text(shipped.read_text().replace(old, new, 1))
    with pytest.raises(ConfigurationError, match=said):
        legal(site)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("transmitter: NP762000", "transmitter: 762000", "`transmitter` is absent or misshapen"),
        ('identification: "', 'identification: "9', "`identification` is absent or misshapen"),
        ('series_last: "24099999"', 'series_last: "24000000"', "the series ends before it starts"),
        ('series_last: "24099999"', 'series_last: "24100001"', "the series of 762000 and 711000 overlap"),
        ("    city: Montréal", "    city: Montréal\n    telephone: 555-0100", "unknown key 'telephone'"),
    ],
)
def test_a_wrong_filer_is_refused(site: Path, old: str, new: str, said: str) -> None:
    spoil(site, site_files.PRICES, old, new)
    with pytest.raises(ConfigurationError, match=said):
        site_files.board_filer(site, BOARD)


def test_a_board_that_is_not_in_the_file_cannot_be_billed(site: Path) -> None:
    with pytest.raises(ConfigurationError, match="999999"):
        site_files.board_tariff(site, "999999")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("receivable: 762-1-00000-113100", "receivable: 7621-00000", "`receivable` is absent or misshapen"),
        ("    outing:", "    outings:", "unknown key 'outings'"),
        ("  bank:\n", "  banks:\n", "unknown key 'banks'"),
    ],
)
def test_a_wrong_account_is_refused(site: Path, old: str, new: str, said: str) -> None:
    spoil(site, site_files.ACCOUNTS, old, new)
    with pytest.raises(ConfigurationError, match=said):
        site_files.board_accounts(site, BOARD)


def test_a_board_may_write_its_accounts_otherwise(site: Path) -> None:
    text = f'"{BOARD}":\n  shape: ^[A-Z]-\\d+$\n  fund_segment: "0"\n  receivable: F-12\n'
    (site / site_files.ACCOUNTS).write_text(text + "  revenue:\n    outing: F-70\n  bank:\n    bank: F-11\n")
    accounts = site_files.board_accounts(site, BOARD)

    assert ("F-70", "F") == (accounts.account("REVENUE", "outing"), accounts.fund("F-70"))


def test_a_tax_year_without_table_of_boxes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"rl24\.1999\.yaml"):
        boxes(1999, tmp_path)
