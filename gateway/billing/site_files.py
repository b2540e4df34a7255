"""The site's own billing files: `childcare.yaml` (prices, filer of the slips) and `accounts.yaml`.

Refuses a price above the law's cap, a missing price, a misshapen number or account, a key that nobody
reads. Both files are tables by board, a six-digit code; a board that is not in them cannot be billed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from canonical_model.identifiers import POSTAL_CODE
from gateway.billing import files
from gateway.billing.journal import Accounts
from gateway.billing.numbers import TRANSMITTER, Series, slip_series
from gateway.billing.rates import legal
from gateway.billing.tariff import FEE_CLASSES, PriceList, Tariff, tariff

PRICES = "childcare.yaml"
ACCOUNTS = "accounts.yaml"
_CHANNELS = ("bank", "counter", "cheque", "preauthorized")
_DEFAULT_SHAPE = r"^\d{3}-\d-\d{5}-[0-9A-Z]+$"  # 3-1-5-rest: facts/billing-rl24.md §15

_SHAPES: Mapping[str, str] = MappingProxyType(
    {
        "name": r"^.{1,60}$",
        "identification": r"^\d{10}$",
        "file": r"^\d{4}$",
        "street": r"^.{1,60}$",
        "city": r"^.{1,30}$",
        "province": r"^[A-Z]{2}$",
        "postal_code": POSTAL_CODE.pattern,
        "transmitter": TRANSMITTER.pattern,
        "certification": r"^RQ-\d{2}-\d{2}-\d{3}$",
        "partner": r"^.{16}$",
        "product": r"^.{16}$",
        "series_first": r"^\d{8}$",
        "series_last": r"^\d{8}$",
    }
)
_OPTIONAL = ("neq",)


@dataclass(frozen=True, slots=True)
class Filer:
    """Who files the slips: the board, its Revenu Québec numbers, and its series of slip numbers."""

    name: str
    identification: str
    file: str
    neq: str | None
    street: str
    city: str
    province: str
    postal_code: str
    transmitter: str
    certification: str
    partner: str
    product: str
    series: Series


def board_tariff(site: Path, board: str) -> Tariff:
    """The board's checked prices. Raises ConfigurationError, as `gateway.billing.tariff.tariff` says."""
    path = site / PRICES
    entry = _board(path, board)
    written = files.table(path, entry, "prices")
    if not written:
        raise files.wrong(path, f"{board} has no price", f"{board} n'a aucun prix")
    lists = (_price_list(path, day, files.table(path, written, day)) for day in written)
    return tariff(legal(site), tuple(sorted(lists, key=lambda item: item.since)), board=board)


def board_filer(site: Path, board: str) -> Filer:
    """The board as filer of RL-24 slips. Raises ConfigurationError for an absent or misshapen value."""
    path = site / PRICES
    entry = files.table(path, _board(path, board), "rl24")
    files.only(path, entry, (*_SHAPES, *_OPTIONAL))
    found = {name: files.text(path, entry, name, shape) for name, shape in _SHAPES.items()}
    series = slip_series(found.pop("series_first"), found.pop("series_last"))
    _check_series(path, board, series)
    return Filer(**found, neq=files.optional(path, entry, "neq", r"^\d{10}$"), series=series)


def board_accounts(site: Path, board: str) -> Accounts:
    """The board's accounts. A role without account is refused when it is needed, not before."""
    path = site / ACCOUNTS
    entry = _board(path, board)
    files.only(path, entry, ("shape", "fund_segment", "receivable", "bad_debt", "revenue", "bank"))
    shape = files.optional(path, entry, "shape", r"^\^.+\$$") or _DEFAULT_SHAPE
    fund_segment = int(files.optional(path, entry, "fund_segment", r"^\d$") or "1")
    found = {
        name: files.text(path, entry, name, shape) for name in ("receivable", "bad_debt") if name in entry
    }
    for role, details in (("revenue", FEE_CLASSES), ("bank", _CHANNELS)):
        accounts = files.table(path, entry, role)
        files.only(path, accounts, details)
        found |= {f"{role}.{detail}": files.text(path, accounts, detail, shape) for detail in accounts}
    if any(len(account.split("-")) <= fund_segment for account in found.values()):
        raise files.wrong(
            path,
            f"{board}: an account has no fund segment",
            f"{board} : un compte n'a pas de segment de fonds",
        )
    return Accounts(board, MappingProxyType(found), fund_segment)


def _check_series(path: Path, board: str, series: Series) -> None:
    """Boards may share one series and its counter; two that only overlap would give a number twice."""
    if series.first > series.last:
        raise files.wrong(
            path, f"{board}: the series ends before it starts", f"{board} : la série finit avant son début"
        )
    for other, entry in files.load(path).items():
        rl24 = files.table(path, files.table(path, {other: entry}, other), "rl24")
        theirs = slip_series(
            files.text(path, rl24, "series_first", _SHAPES["series_first"]),
            files.text(path, rl24, "series_last", _SHAPES["series_last"]),
        )
        if theirs != series and theirs.first <= series.last and series.first <= theirs.last:
            raise files.wrong(
                path,
                f"the series of {board} and {other} overlap",
                f"les séries de {board} et {other} se chevauchent",
            )


def _board(path: Path, board: str) -> Mapping[str, Any]:
    return files.table(path, files.load(path), board)


def _price_list(path: Path, day: str, written: Mapping[str, Any]) -> PriceList:
    prices: dict[str, Decimal] = {name: files.amount(path, written, name) for name in written}
    return PriceList(files.day(path, day), MappingProxyType(prices))
