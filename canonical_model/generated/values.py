"""One invented value for one shape, in JSON types. A type that it does not know is refused by name."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from inspect import getclosurevars
from random import Random
from types import MappingProxyType
from typing import Any

from pydantic import AwareDatetime

from canonical_model import codings
from canonical_model.generated.shapes import Shape
from canonical_model.identifiers import CHECKS, releve_24_check_digit, tvq

_FIRST_DAY = date(2024, 7, 1)  # of the oldest code lists
_DAYS = 700
_FAMILY = ("Côté", "Saint-Onge", "O'Bomsawin", "Nguyễn", "Désilets", "L'Écuyer", "Papatie", "Lafrenière-Roy")
_GIVEN = ("Zoé", "Émile", "Noëlla", "Wapikoni", "Jean-Félix", "Maïka", "Loïc", "Anh")
_WORDS = ("Atelier", "Marée", "Érable", "Passerelle", "Boréal", "Tamarack", "Été", "Cœur-Volant")
_BOARDS = ("762000", "711000", "889000")
_TEXTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "family": _FAMILY,
        "family_name": _FAMILY,
        "given": _GIVEN,
        "given_name": _GIVEN,
        "city": ("Val-Inventé", "Sainte-Fiction", "L'Anse-au-Conte"),
        "street": ("12, rue de l'Invention", "345, chemin du Conte, app. 6"),
        "organization": _BOARDS,
        "school": _BOARDS,
        "system": ("gpi@762000", "avant_garde@711000"),
        "mapping": ("gpi/student@1", "avant_garde/payment@1"),
        "agent": ("gpi@762000", "operator:12", "hub"),
        "kind": ("intake.landed", "release.refused"),
        "email": ("zoe@exemple.invalid", "emile@exemple.invalid"),
    }
)


def digits(random: Random, count: int) -> str:
    """`count` digits; zeros may lead."""
    return "".join(random.choice("0123456789") for _ in range(count))


def _code_permanent(random: Random) -> str:
    letters = "".join(random.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(4))
    day, month = random.randint(1, 28) + 62, random.randint(1, 12) + 50 * random.randint(0, 1)
    return f"{letters}{day:02}{month:02}{random.randint(5, 20):02}{digits(random, 2)}"


def _nas(random: Random) -> str:
    """First digit 0: fictitious, given to nobody (facts/billing-rl24.md §16)."""
    body = f"0{random.randint(1, 9_999_999):07}"
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(body)]
    return body + str(-sum(n - 9 if n > 9 else n for n in doubled) % 10)


def _qst(random: Random) -> str:
    body = f"{digits(random, 9)}"
    return next(text for last in "0123456789" if not tvq(text := f"{body}{last}TQ0001").faults)


def _slip(random: Random) -> str:
    series = random.randint(1, 99_999_999)
    return f"{series:08}{releve_24_check_digit(series)}"


_IDENTIFIERS: Mapping[str, Callable[[Random], str]] = MappingProxyType(
    {
        "code-permanent": _code_permanent,
        "nas": _nas,
        "tvq": _qst,
        "releve-24": _slip,
        "code-postal": lambda random: random.choice(("G1R2B5", "H2X1Y4", "J8X3X7")),
        "organisme": lambda random: random.choice(("762000", "711000", "889000", "001500")),
        "code-cours": lambda random: random.choice(("132506", "065426", "MAT500", "581-116-AH")),
    }
)


def day(random: Random) -> date:
    """A day on which every shipped code list is in force."""
    return _FIRST_DAY + timedelta(days=random.randrange(_DAYS))


def scalar(shape: Shape, name: str, random: Random) -> Any:
    """One value that is no model and no tuple. Raises LookupError for a type or an identifier nobody told it of."""
    if shape.choices:
        return random.choice(shape.choices)
    if shape.identifier is not None:
        return _identifier(shape.identifier, name, random)
    if shape.kind is str:
        return _text(shape, name, random)
    if shape.kind not in _PLAIN:
        raise LookupError(f"{name}: type {shape.kind}. Teach generated/values.py how to make one.")
    return _PLAIN[shape.kind](shape, random)


def _identifier(kind: str, name: str, random: Random) -> str:
    """By its own maker, or from the shape that is all that is checked of it."""
    if kind in _IDENTIFIERS:
        return _IDENTIFIERS[kind](random)
    shape = getclosurevars(CHECKS[kind]).nonlocals.get("compiled")
    if shape is None:
        raise LookupError(f"{name}: identifier {kind}. Add its maker to canonical_model/generated/values.py.")
    return matching(shape.pattern, random)


def coding(system: str, random: Random) -> dict[str, str]:
    """A code of the newest version of a list."""
    newest = codings.versions(system)[-1]
    return {"system": system, "version": newest.version, "code": random.choice(tuple(newest.codes))}


def _whole(shape: Shape, random: Random) -> int:
    least, most = _bounds(shape, 1)
    return random.randint(int(least), min(int(most), int(least) + 1000))


def _moment(_: Shape, random: Random) -> str:
    midnight = datetime.combine(day(random), datetime.min.time(), UTC)
    return (midnight + timedelta(seconds=random.randrange(86_400))).isoformat().replace("+00:00", "Z")


def _bounds(shape: Shape, step: int | Decimal) -> tuple[Any, Any]:
    limits = shape.limits
    least = limits["ge"] if "ge" in limits else limits["gt"] + step if "gt" in limits else 0
    most = limits["le"] if "le" in limits else limits["lt"] - step if "lt" in limits else least + 1000
    return least, most


def _decimal(shape: Shape, random: Random) -> str:
    places = shape.limits.get("decimal_places", 2)
    step = Decimal(1).scaleb(-places)
    least, most = (int(Decimal(limit) / step) for limit in _bounds(shape, step))
    return f"{random.randint(least, most) * step:.{places}f}"


def _text(shape: Shape, name: str, random: Random) -> str:
    if pattern := shape.limits.get("pattern"):
        written = getattr(pattern, "pattern", pattern)
        known = [text for text in _TEXTS.get(name, ()) if re.search(written, text)]
        return random.choice(known) if known else matching(written, random)
    least, most = shape.limits.get("min_length", 1), shape.limits.get("max_length", 60)
    made = random.choice(_TEXTS.get(name, _WORDS))
    while len(made) < least:
        made += " " + random.choice(_WORDS)
    return made[:most].rstrip() or made[:most]


_PLAIN: Mapping[Any, Callable[[Shape, Random], Any]] = MappingProxyType(
    {
        bool: lambda _, random: random.random() < 0.5,
        int: _whole,
        Decimal: _decimal,
        date: lambda _, random: day(random).isoformat(),
        datetime: _moment,
        AwareDatetime: _moment,
        time: lambda _, random: time(random.randint(6, 17), random.randint(0, 59)).isoformat(),
    }
)


def matching(pattern: str, random: Random) -> str:
    """A text that the pattern takes: literals, classes, groups, alternatives and counts; nothing more is needed."""
    from re import _parser  # type: ignore[attr-defined]  # noqa: PLC0415 - there is no public way in

    made = _sequence(_parser.parse(pattern), random)
    if not re.search(pattern, made):
        raise LookupError(f"{pattern}: this kind of pattern is not known to generated/values.py. Add it.")
    return made


def _sequence(nodes: Any, random: Random) -> str:
    return "".join(_node(str(kind), argument, random) for kind, argument in nodes)


def _node(kind: str, argument: Any, random: Random) -> str:
    if kind == "LITERAL":
        return chr(argument)
    if kind == "IN":
        return _class(argument, random)
    if kind in ("MAX_REPEAT", "MIN_REPEAT"):
        least, most, inner = argument
        count = random.randint(least, min(int(most), max(least, 12)))
        return "".join(_sequence(inner, random) for _ in range(count))
    if kind == "SUBPATTERN":
        return _sequence(argument[-1], random)
    if kind == "BRANCH":
        return _sequence(random.choice(argument[1]), random)
    return random.choice("abcXYZ019") if kind in ("ANY", "NOT_LITERAL") else ""  # AT: a place, no letter


def _class(members: Any, random: Random) -> str:
    kind, argument = random.choice(members)
    if str(kind) == "RANGE":
        return chr(random.randint(*argument))
    if str(kind) == "LITERAL":
        return chr(argument)
    if str(kind) == "CATEGORY" and str(argument) == "CATEGORY_DIGIT":
        return random.choice("0123456789")
    return random.choice("abcXYZ019")
