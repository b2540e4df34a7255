"""What one care day costs at one board, and how it counts for tax. Refuses a price above the law's cap.

Site prices are dated like the law's caps; a day is priced by the row in force on its date. The two
need not change on the same day, so a price is checked against every cap that it meets.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from canonical_model.errors import ConfigurationError
from canonical_model.money import rounded
from gateway.billing.rates import CAPPED, LegalRates, TaxClass, in_force
from gateway.billing.records import CareDay

FEE_CLASSES = ("class_day", "sporadic_day", "pedagogical_day", "break_day", "extra_hour", "outing")
DAY_FEES = ("class_day", "sporadic_day", "pedagogical_day", "break_day")  # one of these makes a day of box B1
NOT_CARE = ("outing",)  # paid, in C and D, but no care: outside the federal amount
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Fee:
    """One charge of one day: dollars in box C (`total`) and the part of them in box D (`non_eligible`)."""

    fee: str
    total: Decimal
    non_eligible: Decimal


@dataclass(frozen=True, slots=True)
class PriceList:
    """What a board asks from a day on; one price for each fee class."""

    since: date
    prices: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Tariff:
    """A board's price lists under the law's caps, both oldest first. Made by `tariff`, which checks them."""

    legal: tuple[LegalRates, ...]
    lists: tuple[PriceList, ...]

    def fees(self, day: CareDay) -> Iterator[Fee]:
        """The charges of one care day. Raises ConfigurationError when no list or no cap covers it."""
        law = in_force(self.legal, day.day)
        prices = self._prices(day.day)
        name = "sporadic_day" if (day.kind, day.status) == ("class_day", "sporadic") else day.kind
        outings = Decimal(int(day.outing))
        quantities = ((name, Decimal(1)), ("extra_hour", day.extra_hours), ("outing", outings))
        for fee, quantity in quantities:
            if quantity:
                total = rounded(prices[fee] * quantity)
                yield Fee(fee, total, non_eligible(total, law.tax_classes[fee], law.caps["class_day"]))

    def unverified(self, day: date) -> bool:
        """Whether the caps of that day are still to be confirmed."""
        return not in_force(self.legal, day).verified

    def _prices(self, day: date) -> Mapping[str, Decimal]:
        held = [item for item in self.lists if item.since <= day]
        if not held:
            raise ConfigurationError(
                f"childcare.yaml: no price covers {day}. Add the prices of that school year.",
                f"childcare.yaml : aucun prix ne couvre le {day}. Ajoutez les prix de cette année scolaire.",
            )
        return held[-1].prices


@lru_cache(maxsize=1024)
def non_eligible(total: Decimal, tax_class: TaxClass, class_cap: Decimal) -> Decimal:
    """The part of one charge that gives no right to the Québec credit (box D)."""
    match tax_class:
        case "non_eligible":
            return total
        case "above_class_cap":
            return min(total, class_cap)
        case "eligible":
            return _NOTHING


def tariff(legal: tuple[LegalRates, ...], lists: tuple[PriceList, ...], *, board: str) -> Tariff:
    """A checked tariff. Raises ConfigurationError for a price missing, unclassed for tax or above its cap."""
    for number, prices in enumerate(lists):
        until = lists[number + 1].since if number + 1 < len(lists) else date.max
        place = f"childcare.yaml/{board}/{prices.since}"
        if missing := [fee for fee in FEE_CLASSES if fee not in prices.prices]:
            raise _refused(
                place,
                f"the price {missing[0]} is missing",
                f"le prix {missing[0]} manque",
                "Add it",
                "Ajoutez-le",
            )
        for law in _met(legal, prices.since, until):
            if unclassed := sorted(prices.prices.keys() - law.tax_classes.keys()):
                raise _refused(
                    place,
                    f"the fee {unclassed[0]} has no tax class",
                    f"le frais {unclassed[0]} n'a pas de classe fiscale",
                    f"Class it in rates/childcare.{law.since}.yaml",
                    f"Classez-le dans rates/childcare.{law.since}.yaml",
                )
            if above := [fee for fee in CAPPED if prices.prices[fee] > law.caps[fee]]:
                raise _refused(
                    place,
                    f"the price {above[0]} is above the cap of {law.since}",
                    f"le prix {above[0]} dépasse le plafond du {law.since}",
                    "Lower it",
                    "Baissez-le",
                )
    return Tariff(legal, lists)


def _met(legal: tuple[LegalRates, ...], start: date, end: date) -> Iterator[LegalRates]:
    """The versions in force at some time between two days."""
    for number, law in enumerate(legal):
        until = legal[number + 1].since if number + 1 < len(legal) else date.max
        if law.since < end and start < until:
            yield law


def _refused(place: str, english: str, french: str, remedy: str, remede: str) -> ConfigurationError:
    return ConfigurationError(f"{place}: {english}. {remedy}.", f"{place} : {french}. {remede}.")
