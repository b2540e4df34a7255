"""What each payer's RL-24 slip says, and what a change makes of it: R, A or D. Makes no slip that is not due.

One slip per payer, one line per child; C is what was paid for services of the year, D the part that
gives no right to the credit, E = C − D. Without any E there is no slip but a federal receipt.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import orjson

from gateway.billing.allocation import Paid
from gateway.billing.charges import Line
from gateway.billing.records import Child, Contract
from gateway.billing.tariff import NOT_CARE

Code = Literal["R", "A", "D"]
BOX_MAXIMUM = Decimal("9999999.99")
NAME_LENGTH = 30
STREET_LENGTH = 60  # two lines of 30; longer is set aside, never cut
CITY_LENGTH = 30
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class ChildLine:
    """One child on a slip. `days`: box B1. `outside_care`: the part of C that is no care (outings)."""

    child: Child
    days: int
    c: Decimal
    d: Decimal
    outside_care: Decimal

    @property
    def e(self) -> Decimal:
        """Box E, computed and never typed."""
        return self.c - self.d

    @property
    def federal(self) -> Decimal:
        """What the federal note shows: care only."""
        return self.c - self.outside_care


@dataclass(frozen=True, slots=True)
class Identity:
    """Who paid. A person's values: never shown."""

    social_insurance_number: str = field(repr=False)
    family_name: str = field(repr=False)
    given_name: str = field(repr=False)
    street: str = field(repr=False)
    city: str = field(repr=False)
    postal_code: str = field(repr=False)

    def same_person(self, other: "Identity") -> bool:
        """Whether name and SIN agree; when they do not, an amended slip is not allowed."""
        mine = (self.social_insurance_number, self.family_name, self.given_name)
        return mine == (other.social_insurance_number, other.family_name, other.given_name)


@dataclass(frozen=True, slots=True)
class Slip:
    """What one slip says. It is copied when issued and cannot change."""

    year: int
    payer_number: str
    identity: Identity
    children: tuple[ChildLine, ...]

    @property
    def c(self) -> Decimal:
        """ΣC."""
        return sum((line.c for line in self.children), _NOTHING)

    @property
    def d(self) -> Decimal:
        """ΣD."""
        return sum((line.d for line in self.children), _NOTHING)

    @property
    def e(self) -> Decimal:
        """ΣE."""
        return self.c - self.d

    def canonical(self) -> bytes:
        """Canonical JSON: the bytes that are digested and sealed."""
        return orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS, default=str)


def opened(content: bytes) -> Slip:
    """The slip of its canonical JSON."""
    data: dict[str, Any] = orjson.loads(content)
    children = tuple(
        ChildLine(
            child=Child(
                id=line["child"]["id"],
                family_name=line["child"]["family_name"],
                given_name=line["child"]["given_name"],
                birth_date=date.fromisoformat(line["child"]["birth_date"]),
            ),
            days=line["days"],
            c=Decimal(line["c"]),
            d=Decimal(line["d"]),
            outside_care=Decimal(line["outside_care"]),
        )
        for line in data["children"]
    )
    return Slip(data["year"], data["payer_number"], Identity(**data["identity"]), children)


@dataclass(frozen=True, slots=True)
class Due:
    """One payer's year: a slip, or the reason why there is none. `c` and `d` in dollars.

    `reason`: ``no-eligible-amount`` gives a federal receipt; any other is a fault that a person mends.
    """

    payer: str
    c: Decimal
    d: Decimal
    slip: Slip | None
    reason: str | None


FEDERAL = "no-eligible-amount"


def due(
    year: int,
    payer: str,
    *,
    paid: Sequence[Paid],
    billed: Iterable[Line],
    contracts: Sequence[Contract],
    children: Mapping[str, Child],
    issued: Identity | None = None,
) -> Due:
    """What is due to one payer for one year.

    `paid`: his lines of services of that year as paid; `billed`: all his lines of that year, whose
    days are box B1; `contracts`: his contracts of that year; `issued`: the identity on his valid
    slip, which stays when the daycare no longer holds the SIN.
    """
    c = sum((item.paid for item in paid), _NOTHING)
    d = sum((item.non_eligible for item in paid), _NOTHING)
    if c == d:
        return Due(payer, c, d, None, FEDERAL)
    identity, reason = _identity(contracts, issued)
    if reason is None and any(item.line.child not in children for item in paid):
        reason = "child-unknown"
    if reason is None and c > BOX_MAXIMUM:
        reason = "amount-above-box"
    if reason is not None or identity is None:
        return Due(payer, c, d, None, reason)
    slip = Slip(year, payer, identity, _children(paid, billed, children))
    if any(_unfit(name, NAME_LENGTH) for line in slip.children for name in _names(line.child)):
        return Due(payer, c, d, None, "name-unfit")
    return Due(payer, c, d, slip, None)


def _children(
    paid: Sequence[Paid], billed: Iterable[Line], children: Mapping[str, Child]
) -> tuple[ChildLine, ...]:
    days: dict[str, int] = defaultdict(int)
    for line in billed:
        days[line.child] += line.days
    by_child: dict[str, list[Paid]] = defaultdict(list)
    for item in paid:
        by_child[item.line.child].append(item)
    lines = (
        ChildLine(
            child=children[child],
            days=days[child],
            c=sum((item.paid for item in items), _NOTHING),
            d=sum((item.non_eligible for item in items), _NOTHING),
            outside_care=sum((item.paid for item in items if item.line.fee in NOT_CARE), _NOTHING),
        )
        for child, items in by_child.items()
    )
    return tuple(sorted(lines, key=lambda line: (line.child.birth_date, *_names(line.child), line.child.id)))


def _names(child: Child) -> tuple[str, str]:
    return child.family_name, child.given_name


def _identity(contracts: Sequence[Contract], issued: Identity | None) -> tuple[Identity | None, str | None]:
    """Who the payer is by all his contracts of the year, or why that cannot be said."""
    numbers = {item.social_insurance_number for item in contracts} - {None}
    if len({(item.family_name, item.given_name) for item in contracts}) != 1 or len(numbers) > 1:
        return None, "payer-ambiguous"
    number = next(iter(numbers), issued.social_insurance_number if issued else None)
    if number is None:
        return None, "no-sin"
    chosen = min(contracts, key=lambda item: (item.social_insurance_number is None, item.daycare, item.child))
    if _unfit(chosen.family_name, NAME_LENGTH) or _unfit(chosen.given_name, NAME_LENGTH):
        return None, "name-unfit"
    if _unfit(chosen.street, STREET_LENGTH) or _unfit(chosen.city, CITY_LENGTH):
        return None, "address-unfit"
    return Identity(
        number, chosen.family_name, chosen.given_name, chosen.street, chosen.city, chosen.postal_code
    ), None


def _unfit(text: str, length: int) -> bool:
    """Whether a text is too long for its box, or holds a character that XML cannot carry."""
    return len(text) > length or any(unicodedata.category(character) in ("Cc", "Cs") for character in text)


@dataclass(frozen=True, slots=True)
class Issued:
    """The last slip of a payer as Revenu Québec has it."""

    number: str
    code: Code
    slip: Slip


@dataclass(frozen=True, slots=True)
class Change:
    """A slip to issue. `number` None: a new one is taken. `replaces`: the previous number, on an A."""

    code: Code
    slip: Slip
    number: str | None = None
    replaces: str | None = None


def changes(last: Issued | None, slip: Slip | None) -> tuple[Change, ...]:
    """What to issue so that Revenu Québec holds `slip` (None: no slip is due) after `last`.

    A wrong amount, day, child or address makes an A with its own number; a wrong name or SIN of the
    payer a D and a new R; a slip no longer due a D, which uses the last number again.
    """
    if last is None or last.code == "D":
        return (Change("R", slip),) if slip else ()
    cancelled = Change("D", last.slip, number=last.number)
    if slip is None or slip.c <= 0:
        return (cancelled,)
    if slip == last.slip:
        return ()
    if not slip.identity.same_person(last.slip.identity):
        return cancelled, Change("R", slip)
    return (Change("A", slip, replaces=last.number),)
